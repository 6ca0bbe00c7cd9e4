import CCounters
import Daybook
import Foundation

// Measures, and says how far it is on standard error. Each contestant and what it is measured
// against take turns in one run, and the median counts.

/// What the machine is: figures mean nothing without it.
func noteMachine(_ report: inout Report) throws {
    let processor = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        .split(separator: "\n").first { $0.hasPrefix("model name") }
        .flatMap { $0.split(separator: ":").last.map { String($0.dropFirst()) } }
    let kernel = try String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
    let load = try String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
    report.set("machine.processor", processor ?? "unknown")
    report.set("machine.processors", Double(ProcessInfo.processInfo.activeProcessorCount))
    report.set("machine.kernel", kernel.trimmingCharacters(in: .newlines))
    report.set("machine.load_before", load.split(separator: " ").first.flatMap { Double($0) })
    report.set("machine.version", Engine.version)
}

func run(_ settings: Settings, _ report: inout Report) async throws {
    for part in settings.parts {
        switch part {
        case .append: try await Appending.measure(settings, &report)
        case .workflow:
            try await Workflows.measure(settings, &report)
            try Peer.measure(settings, &report)
        case .checkpoint: try await Checkpoints.measure(settings, &report)
        case .growth: try await Growth.measure(settings, &report)
        case .rebuild: try Rebuild.measure(settings, &report)
        case .verify: try await Verifying.measure(settings, &report)
        case .recovery: try await Recovery.measure(settings, &report)
        case .replay: try await ReplayingOpen.measure(settings, &report)
        case .waiting: try await Waiting.measure(settings, &report)
        case .awaiting: try await Awaiting.measure(settings, &report)
        case .listing: try await Listing.measure(settings, &report)
        case .schedules: try await Schedules.measure(settings, &report)
        case .backup: try await Backups.measure(settings, &report)
        }
    }
}

// Before there is another thread: those that come later are counted too.
let futexError = counters_open_futex()

do {
    if try Other.run(Array(CommandLine.arguments.dropFirst())) { exit(0) }
    let settings = try Settings(Array(CommandLine.arguments.dropFirst()))
    if futexError != 0 {
        say("Calls of futex are not counted: \(String(cString: strerror(futexError))).")
    }
    var report = Report()
    try noteMachine(&report)
    try await run(settings, &report)
    if let json = settings.json { try report.write(to: json) }
    for (name, value) in report.figures.sorted(by: { $0.key < $1.key }) {
        print("\(name) \(text(value, 4))")
    }
    if let thresholds = settings.thresholds {
        let exceeded = try Thresholds.exceeded(report, thresholds)
        for sentence in exceeded { say("bench: \(sentence)") }
        if !exceeded.isEmpty { exit(1) }
        say("\nNo count is above its threshold.")
    }
} catch {
    say("bench: \(error)")
    exit(1)
}
