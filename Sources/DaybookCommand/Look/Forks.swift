#if CLI
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookModel

/// What an execution is a fork of, and its own forks.
struct Forks {
    private let origin: ForkOrigin?
    private let forks: [ExecutionRecord]
    /// The one that goes on with what the execution did.
    private let heir: ExecutionRecord?

    /// So many forks are named.
    private static let limit = 20

    init(of record: ExecutionRecord, _ inspector: Inspector) throws {
        origin = try inspector.origin(of: record)
        forks = try inspector.forks(of: record.number, limit: Self.limit)
        heir = forks.isEmpty ? nil : try inspector.heir(of: record)
    }

    /// The id of what an execution is a fork of; nil: it is none, or that is damaged.
    static func originID(of record: ExecutionRecord, _ inspector: Inspector) throws -> String? {
        guard let number = record.forkedFrom else { return nil }
        do {
            return try inspector.record(ofRun: number)?.id
        } catch let error as JournalError where error.code == .integrity {
            return nil
        }
    }

    /// The ids of the forks of an execution, the first twenty, in the order of their submission.
    static func ids(of record: ExecutionRecord, _ inspector: Inspector) throws -> [String] {
        try inspector.forks(of: record.number, limit: limit).map(\.id)
    }

    /// What became of what the execution had to undo, and handed on to a fork; nil: that is not closed, or
    /// there is none.
    func settled(
        _ inspector: Inspector
    ) throws -> [OperationPath: OperationRecord.Compensation]? {
        guard let heir, heir.isClosed else { return nil }
        return Dictionary(
            try inspector.operations(of: heir.number).compactMap { operation in
                operation.compensation.map { (OperationPath(operation.operation), $0) }
            },
            uniquingKeysWith: { $1 }
        )
    }

    func write(to json: inout JSONWriter) {
        if let origin {
            json.key("fork")
            json.object { json in
                json.member("origin", origin.id)
                json.member("number", origin.number)
                json.member("before", origin.before)
                json.member("operation", origin.operation.map { OperationPath($0).description })
                json.member("name", origin.operation?.name.text)
            }
        }
        Self.write(forks.map(\.id), to: &json)
    }

    /// Writes the ids of forks, if there are any.
    static func write(_ ids: [String], to json: inout JSONWriter) {
        if ids.isEmpty { return }
        json.key("forks")
        json.array { json in for id in ids { json.string(id) } }
    }

    func print(to output: Terminal) {
        if let origin {
            let place = origin.operation.map { "\($0.name) (\(OperationPath($0)))" }
            output.line(
                "  fork of    \(id: origin.id), at \(place ?? "its entry \(origin.before)")"
            )
        }
        for fork in forks {
            let verb = fork.isClosed ? "went on" : "goes on"
            let goesOn = fork.number == heir?.number ? ", \(verb) with what it did" : ""
            output.line("  forked as  \(id: fork.id), \(fork.statusText)\(goesOn)")
        }
    }
}
#endif
