import Foundation

/// Counts that must not be exceeded. Times are in no such file: they depend on the machine.
enum Thresholds {
    /// - Returns: a sentence for each figure that is above what is allowed, or missing.
    static func exceeded(_ report: Report, _ path: String) throws -> [String] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let limits = try JSONDecoder().decode([String: Double].self, from: data)
        return limits.sorted { $0.key < $1.key }.compactMap { name, limit in
            guard let figure = report.figures[name] else {
                // Not every kernel counts them for everybody.
                if name.contains("futex") { return nil }
                return "\(name) was not measured, and \(path) allows at most \(limit) of it."
            }
            guard figure > limit else { return nil }
            return "\(name) is \(text(figure, 3)), and \(path) allows at most \(limit)."
        }
    }
}
