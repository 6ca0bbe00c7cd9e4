/// The forms in which a secret is looked for in what is written.
enum SecretForms {
    /// A form of fewer bytes is not looked for: it would be found everywhere.
    static let minimum = 4

    /// A line of fewer bytes is not looked for in Base64: a value of many lines would have too many forms.
    private static let encodedLine = 16

    /// All of them: the value, without a line break at its end too; each of its lines; Base64, as it
    /// comes out wherever in a text the value or one of its lines begins; escaped for JSON, once and twice;
    /// with a plus sign for a space. Other escapes for URLs are taken back where they are looked for.
    static func all(of secret: [UInt8]) -> Set<[UInt8]> {
        var forms: Set<[UInt8]> = []
        for value in [secret, withoutLineBreak(secret)] where value.count >= minimum {
            forms.insert(value)
            forms.formUnion(base64(value))
            forms.insert(value.map { $0 == 0x20 ? 0x2B : $0 })
            forms.formUnion(escapedForJSON(value))
        }
        for line in secret.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            forms.insert(Array(line))
            if line.count >= encodedLine { forms.formUnion(base64(Array(line))) }
        }
        return forms.filter { $0.count >= minimum }
    }

    private static func withoutLineBreak(_ value: [UInt8]) -> [UInt8] {
        var value = value[...]
        while let last = value.last, last == 0x0A || last == 0x0D { value.removeLast() }
        return Array(value)
    }

    // MARK: Base64

    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    /// The digits that the value alone decides, for each of the three places in which it may begin,
    /// and the whole encoding with what it is filled up with; in both alphabets.
    private static func base64(_ value: [UInt8]) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for shift in 0..<3 {
            let encoded = encode([UInt8](repeating: 0, count: shift) + value)
            // A digit has six bits: the first ones have bits of what stands before.
            let start = shift == 0 ? 0 : shift + 1
            let end = (shift + value.count) * 8 / 6
            forms.append(Array(encoded[start..<end]))
            if shift == 0 {
                forms.append(encoded)
                let padding = [UInt8](repeating: 0x3D, count: (3 - value.count % 3) % 3)
                forms.append(encoded + padding)
            }
        }
        return forms
            + forms.map { form in
                form.map { $0 == 0x2B ? 0x2D : $0 == 0x2F ? 0x5F : $0 }
            }
    }

    /// Without what it is filled up with.
    private static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        var (bits, count) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | Int(byte)
            count += 8
            while count >= 6 {
                count -= 6
                encoded.append(digits[bits >> count & 63])
            }
            bits &= 1 << count - 1
        }
        if count > 0 { encoded.append(digits[bits << (6 - count) & 63]) }
        return encoded
    }

    // MARK: Escapes

    private static func hexadecimal(_ value: Int, _ count: Int, upper: Bool) -> [UInt8] {
        let text = String(value, radix: 16, uppercase: upper)
        return [UInt8](repeating: 0x30, count: count - text.utf8.count) + Array(text.utf8)
    }

    private static func escapedForJSON(_ value: [UInt8]) -> [[UInt8]] {
        let text = String(decoding: value, as: UTF8.self)
        var forms: [[UInt8]] = []
        for escapesSlash in [false, true] {
            for isASCII in [false, true] {
                for upper in [false, true] {
                    let form = json(text, escapesSlash, isASCII, upper)
                    forms.append(form)
                    // As a text in a text.
                    let twice = String(decoding: form, as: UTF8.self)
                    forms.append(json(twice, escapesSlash, isASCII, upper))
                }
            }
        }
        return forms
    }

    private static let short: [UInt16: UInt8] = [
        0x08: 0x62, 0x09: 0x74, 0x0A: 0x6E, 0x0C: 0x66, 0x0D: 0x72, 0x22: 0x22, 0x5C: 0x5C,
    ]

    private static func json(
        _ text: String,
        _ escapesSlash: Bool,
        _ isASCII: Bool,
        _ upper: Bool
    ) -> [UInt8] {
        var form: [UInt8] = []
        for scalar in text.unicodeScalars {
            if scalar.value < 0x80, let letter = short[UInt16(scalar.value)] {
                form += [0x5C, letter]
            } else if scalar == "/", escapesSlash {
                form += [0x5C, 0x2F]
            } else if scalar.value < 0x20 || isASCII && scalar.value > 0x7E {
                for unit in String(scalar).utf16 {
                    form += [0x5C, 0x75] + hexadecimal(Int(unit), 4, upper: upper)
                }
            } else {
                form += Array(String(scalar).utf8)
            }
        }
        return form
    }
}
