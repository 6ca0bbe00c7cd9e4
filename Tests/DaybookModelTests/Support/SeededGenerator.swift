import FoundationEssentials
import SeededRandom

extension SeededGenerator {
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
