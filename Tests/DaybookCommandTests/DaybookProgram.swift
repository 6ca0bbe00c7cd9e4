import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// The program that the tests run.
enum DaybookProgram {
    /// The executable beside the test bundle.
    static let path: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let test = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        let runner = String(test[..<(test.lastIndex(of: "/") ?? test.startIndex)])
        // The bundle is run by its own executable, or by a runner of the toolchain that is given it.
        for argument in [runner] + CommandLine.arguments.map({ folder(of: $0) }) {
            let candidate = argument + "/daybook"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        return runner + "/daybook"
    }()

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
