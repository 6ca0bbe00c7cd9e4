import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The command without the trait that brings its packages. It is one file then, which the compiler takes alone.
@Suite struct WithoutTraitTests {
    @Test func itSaysHowItIsBuiltAndDoesNothing() async throws {
        try await withFolder { folder in
            let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            let source = "/\(root)/Sources/DaybookCommand/DaybookCommand.swift"
            let compiled = try await RunningCommand(
                [
                    "sh", "-c",
                    #"command -v swiftc > /dev/null || exit 69; exec swiftc -swift-version 6 -warnings-as-errors -parse-as-library "$0" -o daybook"#,
                    source,
                ],
                environment: ["CLANG_MODULE_CACHE_PATH": folder + "/modules"],
                folder: folder
            ).finish()
            if compiled.status == 69 { try Test.cancel("swiftc is not in the path") }
            try #require(compiled.status == 0, "\(compiled)")
            for arguments in [[], ["list"], ["--help"]] {
                let result = try await RunningCommand(
                    [folder + "/daybook"] + arguments,
                    folder: folder
                ).finish()
                expect(result, exits: 64, saying: "--traits CLI", "without its commands")
            }
        }
    }
}
