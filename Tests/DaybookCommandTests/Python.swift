import Testing

/// Python interpreters of this machine.
enum Python {
    private static let candidates = ["/usr/bin/python3", "python3"]

    /// An interpreter that has these packages. Without one the test ends: see ``ForeignTool``.
    static func withPackages(_ packages: String...) async throws -> String {
        for candidate in candidates {
            let imports = packages.map { "import \($0)" }.joined(separator: "; ")
            let result = try await RunningCommand([candidate, "-c", imports]).finish()
            if result.status == 0 { return candidate }
        }
        try ForeignTool.isMissing(
            "a Python with the packages \(packages.joined(separator: ", "))",
            "`tools/test` installs it"
        )
    }
}
