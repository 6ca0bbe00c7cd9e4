/// The 512 bytes before each member of a tar archive: the ustar format of POSIX.1-2017 (pax, "ustar
/// Interchange Format"), with pax records for names that do not fit.
struct TarHeader: Equatable {
    /// What a member is.
    enum Kind: UInt8 {
        case file = 0x30
        case link = 0x32
        case folder = 0x35
        /// Records that concern the next member.
        case records = 0x78
    }

    /// Bytes of a block.
    static let blockSize = 512

    var kind: Kind
    /// The path, without a slash at its end.
    var path: [UInt8]
    /// The permission bits.
    var mode: UInt32
    /// Bytes of content.
    var size: Int
    /// Seconds since 1970; never before.
    var time: Int64
    /// What a link points to.
    var target: [UInt8] = []

    /// Bytes that a name takes at most without records.
    private static let nameSize = 100
    /// The largest numbers of 7 and of 11 octal digits.
    private static let mostMode: UInt32 = 0o7777777
    private static let mostTime: Int64 = 0o77777777777

    /// Appends the header, and the records before it that it needs.
    func write(to archive: inout [UInt8]) {
        var records: [(key: String, value: [UInt8])] = []
        if stored.count > Self.nameSize { records.append(("path", stored)) }
        if target.count > Self.nameSize { records.append(("linkpath", target)) }
        if !records.isEmpty {
            // What a name is written in is not known: it is bytes.
            if records.contains(where: { String(validating: $0.value, as: UTF8.self) == nil }) {
                records.insert(("hdrcharset", Array("BINARY".utf8)), at: 0)
            }
            let content = records.flatMap { Self.record($0.key, $0.value) }
            let header = TarHeader(
                kind: .records,
                path: Array("records".utf8),
                mode: 0o600,
                size: content.count,
                time: 0
            )
            header.writeBlock(to: &archive)
            archive += content
            Self.pad(&archive)
        }
        writeBlock(to: &archive)
    }

    /// As it stands in an archive: a folder's ends with a slash.
    private var stored: [UInt8] { kind == .folder ? path + [UInt8(ascii: "/")] : path }

    /// `LENGTH KEY=VALUE\n`, whose length counts its own digits.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = [UInt8(ascii: " ")] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [0x0A]
        var length = rest.count
        while "\(length)".utf8.count + rest.count > length {
            length = "\(length)".utf8.count + rest.count
        }
        return Array("\(length)".utf8) + rest
    }

    private func writeBlock(to archive: inout [UInt8]) {
        var block = [UInt8](repeating: 0, count: Self.blockSize)
        func put(_ bytes: some Collection<UInt8>, _ offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        func put(octal number: UInt64, _ offset: Int, digits: Int) {
            let text = String(number, radix: 8)
            put((String(repeating: "0", count: digits - text.count) + text).utf8, offset)
        }
        put(stored.prefix(Self.nameSize), 0)
        put(octal: UInt64(min(mode, Self.mostMode)), 100, digits: 7)
        put(octal: 0, 108, digits: 7)
        put(octal: 0, 116, digits: 7)
        put(octal: UInt64(size), 124, digits: 11)
        put(octal: UInt64(min(max(time, 0), Self.mostTime)), 136, digits: 11)
        put([UInt8](repeating: UInt8(ascii: " "), count: 8), 148)
        block[156] = kind.rawValue
        put(target.prefix(Self.nameSize), 157)
        put(Array("ustar".utf8) + [0] + Array("00".utf8), 257)
        put(octal: 0, 329, digits: 7)
        put(octal: 0, 337, digits: 7)
        put(octal: block.reduce(0) { $0 + UInt64($1) }, 148, digits: 6)
        block[154] = 0
        archive += block
    }

    /// Fills a block up with zeros.
    static func pad(_ archive: inout [UInt8]) {
        let rest = archive.count % blockSize
        if rest > 0 { archive.append(contentsOf: repeatElement(0, count: blockSize - rest)) }
    }
}

/// Reads a tar archive as ``TarHeader`` writes them, member by member.
struct TarReader {
    private let archive: UnsafeRawBufferPointer
    private var place = 0

    init(_ archive: UnsafeRawBufferPointer) { self.archive = archive }

    /// The next member, and its content.
    /// - Returns: nil at the end.
    /// - Throws: ``ArchiveError/damaged(_:)``.
    mutating func next() throws(ArchiveError) -> (TarHeader, UnsafeRawBufferPointer)? {
        guard var header = try block() else { return nil }
        var content = try content(of: header)
        guard header.kind == .records else { return (header, content) }
        let records = try Self.records(content)
        guard let member = try block(), member.kind != .records else {
            throw .damaged("its records concern no member")
        }
        header = member
        content = try self.content(of: header)
        if let path = records["path"] { header.path = Self.withoutSlash(path) }
        if let target = records["linkpath"] { header.target = target }
        return (header, content)
    }

    private mutating func block() throws(ArchiveError) -> TarHeader? {
        let block = try bytes(TarHeader.blockSize)
        if block.allSatisfy({ $0 == 0 }) { return nil }
        guard block[257..<265].elementsEqual(Array("ustar".utf8) + [0] + Array("00".utf8)) else {
            throw .damaged("a member has no ustar header")
        }
        let sum = block.indices.reduce(0 as UInt64) { sum, index in
            sum + UInt64((148..<156).contains(index) ? UInt8(ascii: " ") : block[index])
        }
        guard try Self.number(block[148..<154]) == sum else {
            throw .damaged("the sum of a header is wrong")
        }
        guard let kind = TarHeader.Kind(rawValue: block[156]) else {
            throw .damaged("a member is of the kind \(block[156])")
        }
        return TarHeader(
            kind: kind,
            path: Self.withoutSlash(Self.text(block[0..<100])),
            mode: UInt32(truncatingIfNeeded: try Self.number(block[100..<107])),
            size: Int(truncatingIfNeeded: try Self.number(block[124..<135])),
            time: Int64(truncatingIfNeeded: try Self.number(block[136..<147])),
            target: Self.text(block[157..<257])
        )
    }

    private mutating func content(
        of header: TarHeader
    ) throws(ArchiveError) -> UnsafeRawBufferPointer {
        let content = try bytes(header.size)
        let rest = header.size % TarHeader.blockSize
        if rest > 0 { _ = try bytes(TarHeader.blockSize - rest) }
        return content
    }

    private mutating func bytes(_ count: Int) throws(ArchiveError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= archive.count - place else {
            throw .damaged("it ends in the middle of a member")
        }
        defer { place += count }
        return UnsafeRawBufferPointer(rebasing: archive[place..<place + count])
    }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) throws(ArchiveError)
        -> UInt64
    {
        var number: UInt64 = 0
        for digit in digits {
            guard (0x30...0x37).contains(digit) else { throw .damaged("a number is not octal") }
            number = number << 3 | UInt64(digit - 0x30)
        }
        return number
    }

    private static func text(_ field: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        Array(field.prefix { $0 != 0 })
    }

    private static func withoutSlash(_ path: [UInt8]) -> [UInt8] {
        path.last == UInt8(ascii: "/") ? path.dropLast() : path
    }

    private static func records(
        _ content: UnsafeRawBufferPointer
    ) throws(ArchiveError) -> [String: [UInt8]] {
        var records: [String: [UInt8]] = [:]
        var rest = content[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != UInt8(ascii: " ") }
            guard let length = Int(String(decoding: digits, as: UTF8.self)),
                length > digits.count + 1,
                length <= rest.count, rest[rest.startIndex + length - 1] == 0x0A
            else { throw .damaged("a record has no length") }
            let record = rest.prefix(length - 1).dropFirst(digits.count + 1)
            guard let sign = record.firstIndex(of: UInt8(ascii: "=")) else {
                throw .damaged("a record has no value")
            }
            let key = String(decoding: record[..<sign], as: UTF8.self)
            records[key] = Array(record[(sign + 1)...])
            rest = rest.dropFirst(length)
        }
        return records
    }
}
