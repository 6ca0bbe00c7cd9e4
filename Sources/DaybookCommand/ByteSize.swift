#if CLI
import ArgumentParser

/// A number of bytes as a person writes it: `200MB`, `64KiB`, `1000`; at most 1 GiB.
struct ByteSize: ExpressibleByArgument {
    let bytes: Int
    /// As it was written.
    let text: String

    private static let units = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("KB", 1_000), ("MB", 1_000_000),
        ("GB", 1_000_000_000), ("B", 1),
    ]

    init?(argument: String) {
        let unit = Self.units.first { argument.hasSuffix($0.0) }
        let digits = argument.dropLast(unit?.0.count ?? 0)
        guard digits.allSatisfy({ ("0"..."9").contains($0) }), let number = Int(digits) else {
            return nil
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
        guard !overflow, bytes <= 1 << 30 else { return nil }
        self.bytes = bytes
        text = argument
    }
}
#endif
