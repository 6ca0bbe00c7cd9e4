#if CLI
import DaybookRunbook
import Testing

/// Changes a good runbook at random places: whatever comes out, it is read or refused with a place
/// that is in the text.
@Suite("Runbook: changed at random")
struct RunbookMutationTests {
    /// SplitMix64: the same changes in every run.
    struct Randomness: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    static let tokens = [
        "[", "]", "{", "}", "? ", ": ", "- ", "&a ", "*a ", "!!str ", "!x ", "\"", "'", "|\n",
        ">\n", "#", "%", "---\n", "...\n", "\t", "\n", "\r", "${{", "}}", "$", "\\", "\\u0000",
        "\0", "é", "\u{FEFF}", "\u{85}", "\u{2028}", "😀", ",", "|2-\n", "<<: ", "~", "5", "   ",
    ].map { Array($0.unicodeScalars) }

    @Test("nothing traps", arguments: 1...8 as ClosedRange<UInt64>)
    func mutations(seed: UInt64) {
        let original = Array(RunbookParsingTests.full.unicodeScalars)
        var randomness = Randomness(state: seed)
        for _ in 0..<300 {
            var scalars = original
            for _ in 0..<Int.random(in: 1...4, using: &randomness) {
                Self.change(&scalars, &randomness)
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            check(String(view))
        }
    }

    private func check(_ text: String) {
        do {
            let runbook = try Runbook(parsing: text, file: "f")
            #expect(!runbook.jobs.isEmpty)
        } catch {
            let lines = text.unicodeScalars.count {
                "\n\r\u{85}\u{2028}".unicodeScalars.contains($0)
            }
            #expect((1...lines + 2).contains(error.line) && error.column >= 1, "\(error)")
            #expect(!error.message.isEmpty)
        }
    }

    private static func change(_ scalars: inout [Unicode.Scalar], _ randomness: inout Randomness) {
        let place = Int.random(in: 0..<scalars.count, using: &randomness)
        let length = Int.random(in: 1...8, using: &randomness)
        let range = place..<min(scalars.count, place + length)
        let token = tokens[Int.random(in: 0..<tokens.count, using: &randomness)]
        switch Int.random(in: 0..<4, using: &randomness) {
        case 0: scalars.insert(contentsOf: token, at: place)
        case 1: scalars.removeSubrange(range)
        case 2: scalars.insert(contentsOf: Array(scalars[range]), at: length)
        default: scalars.replaceSubrange(range, with: token)
        }
    }
}
#endif
