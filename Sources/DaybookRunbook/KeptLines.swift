#if CLI
import DaybookSystem

/// Lines of which the first and the last are kept, up to a size: what a job prints is in memory until it
/// ends, and in the journal from then on.
struct KeptLines {
    typealias Line = LineCollector.Line

    /// Bytes of the first lines that are kept, with ``overhead`` for each.
    static let firstRoom = 32 << 20
    /// The same of the last ones.
    static let lastRoom = 1 << 20
    /// What a line takes besides its text, in memory and in the journal.
    static let overhead = 64

    private let firstRoom: Int
    private let lastRoom: Int
    private var first: [Line] = []
    private var firstSize = 0
    /// Those after them; what lies before `start` is left out.
    private var last: [Line] = []
    private var start = 0
    private var lastSize = 0
    private var omittedBytes = 0
    private var omittedLines = 0
    /// The newest of those that are left out that is an error's, and not empty: a failure says it.
    private var omittedError: Line?

    init(first: Int = firstRoom, last: Int = lastRoom) {
        firstRoom = first
        lastRoom = last
    }

    private static func size(_ line: Line) -> Int { line.text.utf8.count + overhead }

    mutating func append(_ line: Line) {
        let size = Self.size(line)
        if last.isEmpty, firstSize + size <= firstRoom {
            firstSize += size
            return first.append(line)
        }
        last.append(line)
        lastSize += size
        while lastSize > lastRoom, start < last.count - 1 {
            lastSize -= Self.size(last[start])
            omittedLines += 1
            omittedBytes += last[start].text.utf8.count
            if last[start].source == .standardError, !last[start].text.isEmpty {
                omittedError = last[start]
            }
            last[start].text = ""
            start += 1
        }
        guard start > 1_024, start > last.count / 2 else { return }
        last.removeFirst(start)
        start = 0
    }

    /// All that is kept, with a line in the place of those that are not, and the last line of the error
    /// output among these.
    var all: [Line] {
        guard omittedLines > 0 else { return first + last }
        let text =
            "[\(omittedLines) lines of \(omittedBytes) bytes are left out here: of what a job prints the first \(firstRoom >> 20) MiB and the last \(lastRoom >> 20) MiB are kept, a line counting \(Self.overhead) bytes more than it has; write what is larger to a file]"
        return first + [(text, .standardOutput)] + (omittedError.map { [$0] } ?? [])
            + last[start...]
    }
}
#endif
