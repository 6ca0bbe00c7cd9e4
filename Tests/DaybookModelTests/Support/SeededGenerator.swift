import FoundationEssentials

/// Random numbers that a seed determines: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// True once in so many times.
    mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &self) == 0 }

    /// The seeds of randomized tests: that of the environment variable `DAYBOOK_SEED` if it is
    /// set, so that a failure can be repeated or other seeds tried, else fixed ones.
    static var seeds: [UInt64] { chosenSeed.map { [$0] } ?? [1, 2, 3] }

    /// The seed of the environment variable, if it is set.
    static var chosenSeed: UInt64? {
        ProcessInfo.processInfo.environment["DAYBOOK_SEED"].flatMap { UInt64($0) }
    }
}
