// swift-tools-version: 6.3
import PackageDescription

// What is measured is mostly below what programs see: so the benchmark is compiled as a part of the
// package above, whose `package` declarations it uses. SwiftPM calls that by its folder's name.
// (Only a root package may have such a flag, and nothing depends on this one.)
let folders = Context.packageDirectory.split(separator: "/")
let measured = folders.dropLast().last.map { $0.lowercased() } ?? ""
let packageName = String(measured.map { $0.isLetter || $0.isNumber ? $0 : "_" })

let package = Package(
    name: "daybook-benchmarks",
    dependencies: [
        // With a name: the identity of a path is its folder's name, whatever that is called.
        .package(name: "daybook", path: "../")
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CSQLite",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]
        ),
        .target(
            name: "CBaseline",
            dependencies: ["COpenSSL", "CSQLite"],
            cSettings: [.unsafeFlags(["-O2"])],
            linkerSettings: [.linkedLibrary("lmdb"), .linkedLibrary("crypto")]
        ),
        .target(name: "CCounters", cSettings: [.unsafeFlags(["-O2"])]),
        .executableTarget(
            name: "JournalBenchmark",
            dependencies: [
                "CBaseline", "CCounters",
                .product(name: "Daybook", package: "daybook"),
                .product(name: "DaybookInspector", package: "daybook"),
                .product(name: "DaybookTesting", package: "daybook"),
            ],
            path: "Benchmarks/JournalBenchmark",
            // Or the name of this package would come behind, and hold.
            packageAccess: false,
            swiftSettings: [.unsafeFlags(["-package-name", packageName])]
        ),
    ],
    swiftLanguageModes: [.v6]
)
