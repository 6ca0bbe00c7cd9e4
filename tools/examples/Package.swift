// swift-tools-version: 6.3
import PackageDescription

// Programs that embed Daybook, as anybody would write them: the settings are SwiftPM's defaults.
// `tools/examples/check` builds and runs all of them.
let package = Package(
    name: "daybook-examples",
    dependencies: [.package(name: "daybook", path: "../..")],
    targets: [
        .target(name: "Orders", dependencies: [.product(name: "Daybook", package: "daybook")]),
        .executableTarget(
            name: "order-service",
            dependencies: ["Orders", .product(name: "Daybook", package: "daybook")]
        ),
        // The tutorial's program, word for word.
        .executableTarget(
            name: "getting-started",
            dependencies: [.product(name: "Daybook", package: "daybook")]
        ),
        .executableTarget(
            name: "audit-reader",
            dependencies: [.product(name: "Daybook", package: "daybook")]
        ),
        .testTarget(
            name: "ReplayTests",
            dependencies: [
                "Orders", .product(name: "Daybook", package: "daybook"),
                .product(name: "DaybookTesting", package: "daybook"),
            ],
            resources: [.copy("Histories")]
        ),
    ]
)
