/// What happens to a process while it works.
public struct Disturbance: Sendable, Hashable {
    enum Kind: String, CaseIterable {
        case crashBefore = "crash-before"
        case crashAfter = "crash-after"
        case shutdownAfter = "shutdown-after"
    }

    let kind: Kind
    /// The number of the entry at which it happens, as `daybook log` shows it. In a ``Schedule`` entries are
    /// counted over all engines of a test, in the order in which they are written.
    public let entry: Int

    /// The process dies before an entry is on the disk: what had been done for it is done, and of its
    /// batch nothing is written.
    public static func crash(before entry: Int) -> Disturbance {
        Disturbance(kind: .crashBefore, entry: entry)
    }

    /// The process dies as soon as an entry is on the disk, with all of its batch, and before anybody
    /// learns of that.
    public static func crash(after entry: Int) -> Disturbance {
        Disturbance(kind: .crashAfter, entry: entry)
    }

    /// The process is shut down, without grace, as soon as an entry is on the disk: handlers unwind
    /// with a `CancellationError`, and bodies that run are told.
    public static func shutdown(after entry: Int) -> Disturbance {
        Disturbance(kind: .shutdownAfter, entry: entry)
    }
}

/// In which order everything happens in a run of a test, and what is done to its process.
///
/// As text, for example `crash-before=7 order=3:1,9:2`, it can be given to
/// ``crashEverywhere(schedules:only:_:)`` again.
public struct Schedule: Sendable, Hashable {
    /// What is done to the process; nil: nothing.
    public var disturbance: Disturbance?
    /// Where the order differs from the plain one, in which whatever became ready first comes first:
    /// by the number of the moment at which several things could go on, which of them does.
    public var order: [Int: Int] = [:]
    /// All of the order follows from it; nil: the order is the plain one but for ``order``.
    public var seed: UInt64?

    /// Nothing is done to the process.
    public init(
        _ disturbance: Disturbance? = nil,
        order: [Int: Int] = [:],
        seed: UInt64? = nil
    ) {
        self.disturbance = disturbance
        self.order = order
        self.seed = seed
    }
}

extension Schedule: LosslessStringConvertible {
    /// The text that it can be read from again; `plain` for the one without a difference.
    public var description: String {
        var words: [String] = []
        if let disturbance {
            words.append("\(disturbance.kind.rawValue)=\(disturbance.entry)")
        }
        if let seed { words.append("seed=\(seed)") }
        if !order.isEmpty {
            let moments = order.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
            words.append("order=\(moments.joined(separator: ","))")
        }
        return words.isEmpty ? "plain" : words.joined(separator: " ")
    }

    /// Reads what ``description`` says.
    /// - Returns: nil for anything else.
    public init?(_ text: String) {
        self.init()
        if text == "plain" { return }
        if text.isEmpty { return nil }
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let (name, value) = (parts[0], parts[1])
            if let kind = Disturbance.Kind(rawValue: String(name)) {
                guard let entry = Int(value), entry >= 0 else { return nil }
                disturbance = Disturbance(kind: kind, entry: entry)
                continue
            }
            switch name {
            case "seed":
                guard let number = UInt64(value) else { return nil }
                seed = number
            case "order":
                for moment in value.split(separator: ",") {
                    let pair = moment.split(separator: ":", omittingEmptySubsequences: false)
                    guard pair.count == 2, let number = Int(pair[0]), let turn = Int(pair[1]),
                        number > 0, turn >= 0
                    else { return nil }
                    order[number] = turn
                }
            default: return nil
            }
        }
    }
}

/// Says at each moment at which several things could go on which of them does, and remembers it.
struct Turns {
    private let order: [Int: Int]
    private var random: SplitMix?
    /// One moment in so many is not left to the plain order.
    private let rarity: Int
    private var moment = 0
    /// Where it has differed from the plain order.
    private(set) var taken: [Int: Int] = [:]

    init(_ schedule: Schedule) {
        order = schedule.order
        random = schedule.seed.map { SplitMix(seed: $0) }
        // Some seeds differ everywhere, others at few moments: there are mistakes that only one of
        // both finds.
        rarity = [1, 4, 16][Int((schedule.seed ?? 0) % 3)]
    }

    /// - Parameter count: how many things could go on, at least 2.
    mutating func next(among count: Int) -> Int {
        moment += 1
        var turn = 0
        if random != nil {
            if Int.random(in: 0..<rarity, using: &random!) == 0 {
                turn = Int.random(in: 0..<count, using: &random!)
            }
        }
        // Whoever makes a schedule may give any number.
        if let given = order[moment] { turn = Int(given.magnitude % UInt(count)) }
        if turn != 0 { taken[moment] = turn }
        return turn
    }
}
