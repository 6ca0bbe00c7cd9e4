import Foundation

/// What is asked of the benchmarks.
struct Settings {
    /// A part of the benchmarks.
    enum Part: String, CaseIterable {
        case append, workflow, checkpoint, growth, rebuild, verify, recovery, replay, waiting,
            awaiting, listing, schedules, backup
    }

    /// Smaller sizes, and fewer of them.
    var isShort = false
    /// The parts that are run, in order.
    var parts = Part.allCases
    /// Only batches of this size are appended.
    var batch: Int?
    /// Only so many workflows are in flight.
    var inFlight: Int?
    /// A folder on the disk that is measured.
    var disk = ""
    /// A folder in memory; nil: nothing is measured there.
    var memory: String?
    /// Where the figures go.
    var json: String?
    /// A file with the counts that must not be exceeded.
    var thresholds: String?
    /// How DBOS is started: an interpreter and a program; empty: it is left out.
    var peer: [String] = []

    init(_ arguments: [String]) throws {
        var chosen: [Part] = []
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--short": isShort = true
            case "--batch": batch = Int(try Self.value(of: word, &rest))
            case "--in-flight": inFlight = Int(try Self.value(of: word, &rest))
            case "--disk": disk = try Self.value(of: word, &rest)
            case "--memory": memory = try Self.value(of: word, &rest)
            case "--json": json = try Self.value(of: word, &rest)
            case "--thresholds": thresholds = try Self.value(of: word, &rest)
            case "--peer": peer.append(try Self.value(of: word, &rest))
            default:
                guard let part = Part(rawValue: word) else {
                    let names = Part.allCases.map(\.rawValue).joined(separator: ", ")
                    throw BenchmarkFailed(
                        what: "\"\(word)\" is neither an option nor one of \(names)"
                    )
                }
                chosen.append(part)
            }
        }
        if !chosen.isEmpty { parts = Part.allCases.filter(chosen.contains) }
        guard !disk.isEmpty else {
            throw BenchmarkFailed(what: "no folder was given; name one with --disk")
        }
    }

    private static func value(
        of option: String,
        _ rest: inout ArraySlice<String>
    ) throws -> String {
        guard let value = rest.popFirst() else {
            throw BenchmarkFailed(what: "the option \(option) wants a value behind it")
        }
        return value
    }

    /// The media that journals are measured on, by name; the one in memory comes first.
    var media: [(name: String, folder: String)] {
        (memory.map { [("memory", $0)] } ?? []) + [("disk", disk)]
    }

    /// Where noise of the disk is not wanted.
    var quietFolder: String { memory ?? disk }
}
