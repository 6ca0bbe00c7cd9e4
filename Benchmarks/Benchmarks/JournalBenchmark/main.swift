import Daybook
import FoundationEssentials
import Glibc

// Prints ratios: each contestant and the C baseline take turns in one run, and the median counts.
// A ratio above 1 means faster than C.

// --batch N measures appends of that batch only, --scale only executions at scale,
// --recovery only opening journals with and without a snapshot.

let isShort = CommandLine.arguments.contains("--short")
let rounds = isShort ? 3 : 9
let folder =
    CommandLine.arguments.dropFirst().first { $0.hasPrefix("/") || $0.hasPrefix(".") }
    ?? FileManager.default.temporaryDirectory.path + "/daybook-bench-\(UUID())"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func text(_ value: Double, _ digits: Int = 2) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (value * scale).rounded()
    let whole = Int(rounded / scale)
    let rest = String(Int(rounded) - whole * Int(scale))
    return "\(whole)." + String(repeating: "0", count: digits - rest.count) + rest
}

func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

// MARK: Appending

var contestants: [(name: String, contestant: any Contestant)] = [
    ("C, whole", try CContestant(folder: folder, plain: false)),
    ("C, one table", try CContestant(folder: folder, plain: true)),
    ("journal", try JournalContestant(folder: folder, sealsAhead: false)),
    ("journal, sealed ahead", try JournalContestant(folder: folder, sealsAhead: true)),
]
print("Durable appends, payloads of 100 bytes, \(Workload.executions) executions in turn.")
print("Microseconds an entry, and the ratio to C doing the whole work (above 1: faster).")
var commitOfOne = 0.0
let only = CommandLine.arguments.firstIndex(of: "--batch").flatMap {
    Int(CommandLine.arguments[$0 + 1])
}
let isRecoveryOnly = CommandLine.arguments.contains("--recovery")
let isScaleOnly = isRecoveryOnly || CommandLine.arguments.contains("--scale")
for size in isScaleOnly ? [] : only.map({ [$0] }) ?? [1, 8, 64, 512, 4_096] {
    let entries = isShort ? 512 : 4_096
    let batches = max(entries / size, 2)
    var times: [[Double]] = contestants.map { _ in [] }
    for _ in 0..<rounds {
        for index in contestants.indices {
            times[index].append(
                try contestants[index].contestant.append(size: size, batches: batches)
            )
        }
    }
    let perEntry = times.map { median($0) * 1e6 / Double(size * batches) }
    if size == 1 { commitOfOne = perEntry[0] }
    for (index, (name, _)) in contestants.enumerated() {
        let ratio = median(zip(times[0], times[index]).map { $0 / $1 })
        print(
            "batch \(pad("\(size)", 5))  \(pad(text(perEntry[index]), 9)) us  \(pad(text(ratio), 6))  \(name)"
        )
    }
}

if only != nil {
    try FileManager.default.removeItem(atPath: folder)
    exit(0)
}

// MARK: Checkpoints

print("\nOne checkpoint after the other, through the engine, and C's commit of one:")
let path = folder + "/checkpoints.daybook"
try Daybook.create(at: path)
let daybook = try await Daybook.open(at: path, workflows: [Checkpoints()])
var checkpointRatios: [Double] = []
var checkpointTimes: [Double] = []
for _ in 0..<rounds {
    let count = isShort ? 200 : 1_000
    let checkpoint = try await Checkpoints.measure(daybook, count: count)
    let commit = try contestants[0].contestant.append(size: 1, batches: count) * 1e6 / Double(count)
    checkpointTimes.append(checkpoint)
    checkpointRatios.append(checkpoint / commit)
}
try await daybook.close()
print(
    "checkpoint  \(text(median(checkpointTimes))) us, \(text(median(checkpointRatios))) x C's commit"
)

// MARK: Rebuilding

print("\nRebuilding the state from all entries, and a bare cursor in C over them:")
let rebuilt = folder + "/rebuild.daybook"
try Rebuild.fill(rebuilt, executions: Workload.executions, checkpoints: isShort ? 50 : 500)
var folds: [Double] = []
var cursors: [Double] = []
for _ in 0..<rounds {
    let (fold, cursor) = try Rebuild.measure(rebuilt)
    folds.append(fold)
    cursors.append(cursor)
}
print(
    "fold \(text(median(folds), 1)) ns an entry, cursor \(text(median(cursors), 1)) ns, ratio \(text(median(zip(cursors, folds).map { $0 / $1 })))"
)

// MARK: Scale

if !isRecoveryOnly {
    print("\nLong executions, and many that wait:")
    for count in isShort ? [1_000, 10_000] : [10_000, 100_000, 1_000_000] {
        try await Scale.long(folder, count: count)
    }
    for count in isShort ? [2_000] : [10_000, 100_000, 1_000_000] {
        try await Scale.waiting(folder, count: count)
    }
}
print("\nOpening:")
for count in isShort ? [1_000, 10_000] : [100_000, 10_000_000] {
    try await Scale.recovery(folder, count: count)
}
try FileManager.default.removeItem(atPath: folder)
