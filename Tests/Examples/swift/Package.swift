// swift-tools-version: 6.2
import PackageDescription

// An example of somebody else's package whose tests run against Wavetank in their own process.
let package = Package(
  name: "harbor",
  dependencies: [.package(name: "wavetank", path: "../../..")],
  targets: [
    .testTarget(
      name: "HarborTests",
      dependencies: [.product(name: "WavetankTestKit", package: "wavetank")])
  ]
)
