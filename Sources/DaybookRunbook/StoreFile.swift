#if CLI
import Daybook
import DaybookSystem

/// The file in which a job sees the execution's store, and by which it changes it: lines of `key=value`.
struct StoreFile {
    let path: String
    let job: String
    /// What was in it when the job began.
    private let before: [String: String]

    /// Bytes that a key may have: it is the name of an operation.
    private static let keyLimit = 255

    /// - Parameter store: the values, encoded, by key. What is no text of one line is not shown.
    init(_ path: String, of job: String, _ store: [String: [UInt8]]) throws {
        self.path = path
        self.job = job
        var before: [String: String] = [:]
        for (key, data) in store {
            let text = try JSONValue(parsing: data).text
            guard !key.contains("="), !(key + text).utf8.contains(UInt8(ascii: "\n")) else {
                continue
            }
            before[key] = text
        }
        self.before = before
        try OutputFile.clear(path, of: job)
        let lines = before.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
        try File.open(path, .readWrite, followsLink: false).append(Array(lines.utf8))
    }

    /// What the job has changed; the file is removed.
    /// - Throws: `OperationError` with the code `invalid-output`; `SystemError` when the machine fails.
    func changes() throws -> (stored: [String: String], removed: [String]) {
        let after = try OutputFile.parse(
            OutputFile.read(path, of: job, as: "$DAYBOOK_STORE"),
            as: "$DAYBOOK_STORE"
        )
        if let key = after.keys.filter({ $0.utf8.count > Self.keyLimit }).min() {
            throw OperationError(
                code: "invalid-output",
                message:
                    "the job \(job) wrote a key of \(key.utf8.count) bytes to $DAYBOOK_STORE; it may have \(Self.keyLimit)"
            )
        }
        let stored = after.filter { before[$0.key] != $0.value }
        let removed = before.keys.filter { after[$0] == nil }.sorted()
        return (stored, removed)
    }
}
#endif
