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
        .target(
            name: "CBaseline",
            dependencies: ["COpenSSL"],
            cSettings: [.unsafeFlags(["-O2"])],
            linkerSettings: [.linkedLibrary("lmdb"), .linkedLibrary("crypto")]
        ),
        .executableTarget(
            name: "JournalBenchmark",
            dependencies: [
                "CBaseline",
                .product(name: "Daybook", package: "daybook"),
                .product(name: "DaybookJournal", package: "daybook"),
            ],
            path: "Benchmarks/JournalBenchmark"
        ),
    ],
    swiftLanguageModes: [.v6]
)
