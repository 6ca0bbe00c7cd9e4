// swift-tools-version: 6.3
import PackageDescription

// Heavy dependencies belong to traits, so that a program which embeds the core resolves only the
// core's packages. The project's own tools and CI set DAYBOOK_ALL_TRAITS to turn every trait on, and
// DAYBOOK_STRICT to make warnings errors.
let isStrict = Context.environment["DAYBOOK_STRICT"] != nil
let allTraits = Context.environment["DAYBOOK_ALL_TRAITS"] != nil

// What products promise is `public`, and all else that modules share is `package`. Where that is small
// and hot it is `@usableFromInline`, or the optimizer would leave it behind calls: see Decisions.md.
let package = Package(
    name: "daybook",
    products: [
        .library(name: "Daybook", targets: ["Daybook"]),
        .library(name: "DaybookTesting", targets: ["DaybookTesting"]),
        .library(name: "DaybookIntegration", targets: ["DaybookIntegration"]),
        .library(name: "DaybookInspector", targets: ["DaybookInspector"]),
        .executable(name: "daybook", targets: ["DaybookCommand"]),
    ],
    traits: [
        .trait(name: "CLI", description: "The `daybook` command and its runbooks."),
        .trait(
            name: "Integration",
            description: "Metrics, traces, and a service for swift-service-lifecycle."
        ),
        .default(enabledTraits: allTraits ? ["CLI", "Integration"] : []),
    ],
    dependencies: [
        .package(
            url: "https://github.com/apple/swift-protobuf.git",
            from: "1.39.0",
            traits: []
        ),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle.git",
            from: "2.13.0"
        ),
    ],
    targets: [
        .systemLibrary(
            name: "CLMDB",
            pkgConfig: "lmdb",
            providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]
        ),
        .systemLibrary(name: "CSystem"),
        .target(name: "CMapGuard"),
        .target(name: "DaybookSystem", dependencies: ["CSystem"]),
        .target(
            name: "LMDB",
            dependencies: ["CLMDB", "CMapGuard", "DaybookSystem"],
            swiftSettings: [.enableExperimentalFeature("Lifetimes")]
        ),
        .target(
            name: "DaybookFormat",
            dependencies: [
                "DaybookSystem",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["daybook.proto"]
        ),
        .target(
            name: "DaybookJournal",
            dependencies: [
                "LMDB", "DaybookFormat", "DaybookSystem",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .target(
            name: "DaybookModel",
            dependencies: [
                "DaybookFormat",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        .target(
            name: "DaybookView",
            dependencies: [
                "DaybookFormat", "DaybookJournal", "DaybookModel", "DaybookSystem", "LMDB",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        .target(
            name: "Daybook",
            dependencies: [
                "DaybookFormat", "DaybookJournal", "DaybookModel", "DaybookSystem", "DaybookView",
                "LMDB",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        .target(
            name: "DaybookInspector",
            dependencies: [
                "DaybookFormat", "DaybookJournal", "DaybookModel", "DaybookSystem", "DaybookView",
                "LMDB",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        // For the tests of programs. Only who asks for the product builds it.
        .target(
            name: "DaybookTesting",
            dependencies: [
                "Daybook", "DaybookFormat", "DaybookJournal", "DaybookModel", "DaybookSystem",
                "DaybookView",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .target(
            name: "DaybookRunbook",
            dependencies: [
                "Daybook", "DaybookSystem",
                .product(name: "Yams", package: "Yams", condition: .when(traits: ["CLI"])),
            ]
        ),
        .executableTarget(
            name: "DaybookCommand",
            dependencies: [
                "Daybook", "DaybookFormat", "DaybookInspector", "DaybookJournal", "DaybookModel",
                "DaybookRunbook", "DaybookSystem", "LMDB",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(
                    name: "ArgumentParser",
                    package: "swift-argument-parser",
                    condition: .when(traits: ["CLI"])
                ),
            ]
        ),
        .target(
            name: "DaybookIntegration",
            dependencies: [
                "Daybook", "DaybookModel", "DaybookSystem",
                .product(
                    name: "Metrics",
                    package: "swift-metrics",
                    condition: .when(traits: ["Integration"])
                ),
                .product(
                    name: "Tracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Integration"])
                ),
                .product(
                    name: "ServiceLifecycle",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["Integration"])
                ),
            ]
        ),
        .testTarget(name: "DaybookSystemTests", dependencies: ["DaybookSystem"]),
        .testTarget(name: "LMDBTests", dependencies: ["LMDB", "DaybookSystem"]),
        // Random numbers that a seed determines.
        .target(name: "SeededRandom", path: "Tests/SeededRandom"),
        .testTarget(
            name: "DaybookFormatTests",
            dependencies: [
                "DaybookFormat", "SeededRandom",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        .testTarget(
            name: "DaybookJournalTests",
            dependencies: [
                "DaybookJournal", "DaybookFormat", "DaybookSystem", "DaybookTestKit", "LMDB",
                "SeededRandom",
            ]
        ),
        .testTarget(
            name: "DaybookModelTests",
            dependencies: [
                "DaybookModel", "DaybookFormat", "DaybookTestKit", "SeededRandom",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        // What suites have in common: a journal, a clock, a workflow made of a closure.
        .target(
            name: "DaybookTestKit",
            dependencies: [
                "Daybook", "DaybookFormat", "DaybookJournal", "DaybookModel", "DaybookSystem",
                "DaybookTesting", "DaybookView",
            ],
            path: "Tests/DaybookTestKit"
        ),
        .testTarget(
            name: "DaybookInspectorTests",
            dependencies: [
                "Daybook", "DaybookFormat", "DaybookInspector", "DaybookJournal", "DaybookModel",
                "DaybookSystem", "DaybookTestKit", "DaybookView", "LMDB",
            ]
        ),
        .testTarget(
            name: "DaybookTests",
            dependencies: [
                "Daybook", "DaybookFormat", "DaybookInspector", "DaybookJournal", "DaybookModel",
                "DaybookSystem", "DaybookTestKit", "DaybookTesting", "DaybookView", "LMDB",
                "SeededRandom",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        .testTarget(
            name: "DaybookTestingTests",
            dependencies: ["Daybook", "DaybookSystem", "DaybookTesting"]
        ),
        .testTarget(
            name: "DaybookIntegrationTests",
            dependencies: [
                "Daybook", "DaybookIntegration", "DaybookModel",
                .product(
                    name: "MetricsTestKit",
                    package: "swift-metrics",
                    condition: .when(traits: ["Integration"])
                ),
                .product(
                    name: "InMemoryTracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Integration"])
                ),
                .product(
                    name: "ServiceLifecycleTestKit",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["Integration"])
                ),
            ]
        ),
        .testTarget(
            name: "DaybookRunbookTests",
            dependencies: [
                "DaybookRunbook", "DaybookSystem", "DaybookTestKit",
                .product(name: "Yams", package: "Yams", condition: .when(traits: ["CLI"])),
            ]
        ),
        .testTarget(
            name: "DaybookCommandTests",
            dependencies: [
                "Daybook", "DaybookCommand", "DaybookFormat", "DaybookInspector", "DaybookJournal",
                "DaybookModel", "DaybookRunbook", "DaybookSystem", "DaybookTestKit", "DaybookView",
                "SeededRandom",
            ]
        ),
        // Compiled as an embedding program would be: without this package's upcoming features.
        .testTarget(
            name: "EmbeddingTests",
            dependencies: ["Daybook", "DaybookTestKit", "DaybookTesting"]
        ),
    ],
    swiftLanguageModes: [.v6]
)

// Every target of ours is compiled under the same rules:
// - ExistentialAny (SE-0335): the cost of an existential is visible where it is paid.
// - MemberImportVisibility (SE-0444): a file sees only what it imports.
// - InternalImportsByDefault (SE-0409): a dependency is public only where it is said to be. Not in the
//   modules below the view, where next to nothing is public: a single `package import` of a module
//   there would keep the optimizer from carrying what touches that one into other modules.
// - NonisolatedNonsendingByDefault (SE-0461): an async function runs where its caller runs, so a
//   context that is not Sendable can be used without crossing an isolation.
let inner: Set = ["DaybookSystem", "LMDB", "DaybookFormat", "DaybookJournal", "DaybookModel"]
for target in package.targets where target.type != .system && target.name != "EmbeddingTests" {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        ]
        + (inner.contains(target.name) ? [] : [.enableUpcomingFeature("InternalImportsByDefault")])
        + (isStrict ? [.treatAllWarnings(as: .error)] : [])
}
