import CCounters
import Foundation

/// A benchmark that cannot be taken: what it measures did something else than it should.
struct BenchmarkFailed: Error, CustomStringConvertible {
    let what: String

    var description: String { what }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    var inMicroseconds: Double { inSeconds * 1e6 }
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body).inSeconds
}

func seconds(since start: ContinuousClock.Instant) -> Double {
    start.duration(to: .now).inSeconds
}

func median(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.sorted()[values.count / 2]
}

func text(_ value: Double, _ digits: Int = 2) -> String {
    String(format: "%.\(digits)f", value)
}

func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

/// Processor time and context switches of this process.
struct Usage {
    /// Nanoseconds of processor time.
    var processor: Double
    /// A thread had to wait.
    var waits: Double
    /// A thread was taken off its processor.
    var preemptions: Double

    static var now: Usage {
        var (time, voluntary, involuntary) = (UInt64(0), UInt64(0), UInt64(0))
        counters_usage(&time, &voluntary, &involuntary)
        return Usage(
            processor: Double(time),
            waits: Double(voluntary),
            preemptions: Double(involuntary)
        )
    }

    static func - (end: Usage, start: Usage) -> Usage {
        Usage(
            processor: end.processor - start.processor,
            waits: end.waits - start.waits,
            preemptions: end.preemptions - start.preemptions
        )
    }
}

/// What a stretch of work has called.
struct Calls {
    /// Calls of the allocator.
    let allocations: Double
    /// Calls of futex; nil: this machine does not count them.
    let futex: Double?

    static func counting(_ body: () async throws -> Void) async throws -> Calls {
        counters_begin()
        var allocations: UInt64 = 0
        var futex: Int64 = 0
        do {
            try await body()
        } catch {
            counters_end(&allocations, &futex)
            throw error
        }
        counters_end(&allocations, &futex)
        return Calls(
            allocations: Double(allocations),
            futex: futex < 0 ? nil : Double(futex)
        )
    }
}

/// The number of the last commit to a journal: LMDB's transaction id.
func lastCommit(_ path: String) throws -> UInt64 {
    var number: UInt64 = 0
    let code = counters_last_transaction(path + "/journal.mdb", &number)
    guard code == 0 else {
        throw BenchmarkFailed(what: "the meta pages of \(path) cannot be read: errno \(code)")
    }
    return number
}
