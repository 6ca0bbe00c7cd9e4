// swift-tools-version: 6.2
import PackageDescription

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
                .product(name: "DaybookJournal", package: "daybook"),
            ],
            path: "Benchmarks/JournalBenchmark"
        ),
    ],
    swiftLanguageModes: [.v6]
)
