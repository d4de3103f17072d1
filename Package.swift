// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// Types are named by accessors instead of by texts that the runtime reads when one is first used: for each
/// dictionary it would search all conformances of the program, a fifth of the start. Not every SwiftPM takes
/// such a flag from a dependency; whoever uses a library product builds without it.
let isDependency = Context.packageDirectory.contains("/checkouts/")
let quickStart = SwiftSetting.unsafeFlags(
  ["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"],
  .when(configuration: .release))

/// The settings of every Swift target of this package.
let house: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + (isDependency ? [] : [quickStart])

func module(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: house)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
  -> Target
{
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: house)
}

/// The release binary is one file without libraries: the Swift runtime, the part of Foundation that
/// it uses, zlib and glibc are linked in. It starts as fast as a dynamic one, is resident with 2 MiB
/// less, and runs in an empty container. It needs glibc's static library (Debian: libc6-dev, which
/// the toolchain wants anyway); `WAVETANK_DYNAMIC=1` builds without, and lets tools preload a
/// library. lld, which every Swift toolchain has, drops what is not used.
///
/// Two of the wraps leave the C runtime without a place to register the unwinding tables of a static
/// executable: the first thread that ends (the main one does, when it becomes Dispatch's) would sort
/// all of them, 7 ms of the start. The unwinder finds the linker's sorted index by itself. The others are
/// explained in `Sources/CProcess/Start.c`.
let isDynamic = Context.environment["WAVETANK_DYNAMIC"] == "1"
let staticRuntime = LinkerSetting.unsafeFlags(
  [
    isDynamic ? "-static-stdlib" : "-static-executable", "-use-ld=lld",
    "-Xlinker", "--gc-sections", "-Xlinker", "--no-export-dynamic", "-Xlinker", "--icf=all",
    "-Xlinker", "--wrap=__register_frame_info", "-Xlinker", "--wrap=__deregister_frame_info",
    "-Xlinker", "--defsym=__wrap___register_frame_info=0",
    "-Xlinker", "--defsym=__wrap___deregister_frame_info=0",
    "-Xlinker", "--wrap=swift_copyAuxiliaryExecutablePath", "-Xlinker", "--wrap=open",
    "-Xlinker", "-s",
    "-l_FoundationCShims", "-l_FoundationCollections",
  ], .when(platforms: [.linux], configuration: .release))

/// Without zlib's headers the build would end in a compiler's words, far from what is missing: a product
/// that there is not makes it end at once, in a sentence. Who has them elsewhere says so by a variable.
let searched = ["CPATH", "C_INCLUDE_PATH", "PKG_CONFIG_PATH", "SDKROOT"]
let hasHeaders =
  searched.contains { Context.environment[$0] != nil }
  || ["/usr/include", "/usr/local/include"].contains {
    FileManager.default.fileExists(atPath: $0 + "/zlib.h")
  }
let missing: [Target.Dependency] =
  hasHeaders ? [] : ["the headers of zlib, which “apt-get install zlib1g-dev” brings,"]

let services: [Target.Dependency] = ["SteamshipEmulator", "ScramjetEmulator", "ShipyardEmulator"]

let package = Package(
  name: "wavetank",
  products: [
    .executable(name: "wavetank", targets: ["WavetankCLI"]),
    .library(name: "Wavetank", targets: ["Wavetank"]),
    .library(name: "WavetankTestKit", targets: ["WavetankTestKit"]),
  ],
  targets: [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),

    .target(name: "CResources", dependencies: missing),
    .target(name: "CProcess"),

    module("Resources", ["CResources"]),
    module("HTTPModel", []),
    module("HTTPWire", ["HTTPModel"]),
    module("TLSLayer", ["COpenSSL"], exclude: ["Absent"]),
    module("HTTPTransport", ["HTTPModel", "HTTPWire", "TLSLayer", "CLinux"]),
    module("PayloadCodecs", ["HTTPModel", "CZlib"]),
    module("Determinism", ["HTTPModel", "PayloadCodecs"]),
    module("Scenarios", ["Determinism", "HTTPModel", "PayloadCodecs", "Resources"]),
    module(
      "EmulatorKernel",
      ["Determinism", "HTTPModel", "PayloadCodecs", "Resources", "Scenarios"]),
    module(
      "CodeRuntime", ["CLinux", "CProcess", "PayloadCodecs", "Resources"],
      exclude: ["Runners"]),
    module(
      "SteamshipEmulator", ["CodeRuntime", "EmulatorKernel", "HTTPModel", "PayloadCodecs"],
      exclude: ["Console"]),
    module(
      "ScramjetEmulator", ["CodeRuntime", "EmulatorKernel", "HTTPModel", "PayloadCodecs"],
      exclude: ["Console"]),
    module(
      "ShipyardEmulator", ["EmulatorKernel", "HTTPModel", "PayloadCodecs"],
      exclude: ["Console"]),
    // `CResources` takes these in.
    module(
      "ControlPlane", ["EmulatorKernel", "HTTPModel", "PayloadCodecs", "Resources"],
      exclude: ["Console/Page"]),
    module(
      "Wavetank",
      services + [
        "CodeRuntime", "ControlPlane", "EmulatorKernel", "HTTPModel", "HTTPTransport", "HTTPWire",
        "PayloadCodecs", "TLSLayer",
      ]),
    module(
      "WavetankTestKit",
      ["Wavetank", "HTTPModel", "HTTPWire", "HTTPTransport", "PayloadCodecs", "TLSLayer"]),
    // What the commands `sweep`, `report`, `parity` and `import` think with.
    module("Lab", ["Determinism", "HTTPModel", "PayloadCodecs", "Scenarios"]),
    .executableTarget(
      name: "WavetankCLI",
      dependencies: [
        "Wavetank", "CProcess", "HTTPModel", "HTTPTransport", "Lab", "PayloadCodecs", "Resources",
        "Scenarios",
      ],
      exclude: ["Texts"],
      swiftSettings: house,
      linkerSettings: [staticRuntime]),

    .target(
      name: "TestSupport", dependencies: ["HTTPModel", "PayloadCodecs"], path: "Tests/TestSupport",
      swiftSettings: house),
    tests("TLSLayerTests", ["TLSLayer", "TestSupport"]),
    tests("HTTPModelTests", ["HTTPModel", "TestSupport"]),
    tests(
      "HTTPWireTests", ["HTTPWire", "HTTPModel", "TestSupport"], resources: [.copy("Fixtures")]),
    tests(
      "HTTPTransportTests",
      ["HTTPTransport", "HTTPWire", "HTTPModel", "TLSLayer", "TestSupport", "WavetankTestKit"]),
    tests(
      "PayloadCodecsTests", ["PayloadCodecs", "TestSupport"],
      resources: [.copy("Fixtures"), .copy("yaml_oracle.py")]),
    .target(
      name: "KernelTestKit",
      dependencies: ["EmulatorKernel", "HTTPModel", "PayloadCodecs", "TestSupport"],
      path: "Tests/KernelTestKit", swiftSettings: house),
    // A made-up fourth vendor: what the guide "Add a service" builds.
    .target(
      name: "ParcelsEmulator", dependencies: ["EmulatorKernel", "HTTPModel", "PayloadCodecs"],
      path: "Tests/ParcelsEmulator", swiftSettings: house),
    tests(
      "EmulatorKernelTests",
      [
        "EmulatorKernel", "HTTPModel", "KernelTestKit", "PayloadCodecs", "Scenarios", "TestSupport",
      ]),
    tests(
      "SteamshipEmulatorTests",
      [
        "SteamshipEmulator", "EmulatorKernel", "HTTPModel", "KernelTestKit", "PayloadCodecs",
        "TestSupport",
      ]),
    tests(
      "ScramjetEmulatorTests",
      [
        "ScramjetEmulator", "CodeRuntime", "EmulatorKernel", "HTTPModel", "KernelTestKit",
        "PayloadCodecs", "TestSupport",
      ]),
    tests(
      "ShipyardEmulatorTests",
      [
        "ShipyardEmulator", "EmulatorKernel", "HTTPModel", "KernelTestKit", "PayloadCodecs",
        "TestSupport",
      ]),
    tests(
      "ControlPlaneTests",
      [
        "ControlPlane", "EmulatorKernel", "HTTPModel", "KernelTestKit", "PayloadCodecs",
        "Resources",
        "TestSupport",
      ]),
    tests(
      "WavetankTests",
      [
        "Wavetank", "WavetankTestKit", "EmulatorKernel", "KernelTestKit", "HTTPModel",
        "HTTPTransport", "HTTPWire", "ParcelsEmulator", "PayloadCodecs", "TestSupport",
        "TLSLayer",
      ]),
    tests("CodeRuntimeTests", ["CodeRuntime", "PayloadCodecs", "TestSupport"]),
    tests("LabTests", ["Lab", "PayloadCodecs"]),
    tests("HouseTests", []),
  ],
  // C23, for `#embed`.
  cLanguageStandard: .gnu2x
)

// TLS is in where OpenSSL's headers are (Debian: libssl-dev), unless `WAVETANK_TLS=0`; without it the
// module is what stands in `Absent`: the same names, which say what is missing. SwiftPM keeps what was
// found: after installing, `swift package purge-cache` makes it look again.
let hasOpenSSL = ["/usr/include", "/usr/local/include"].contains {
  FileManager.default.fileExists(atPath: $0 + "/openssl/ssl.h")
}
if !hasOpenSSL || Context.environment["WAVETANK_TLS"] == "0" {
  package.targets.removeAll { ["COpenSSL", "TLSLayerTests"].contains($0.name) }
  for target in package.targets where target.name == "TLSLayer" {
    (target.path, target.exclude, target.dependencies) = ("Sources/TLSLayer/Absent", [], [])
  }
}

// The libFuzzer target exists only when it is asked for: `Tests/sanitize fuzz`, or
// `FUZZ=1 swift build --scratch-path .build/fuzz --product WireFuzz`.
if Context.environment["FUZZ"] != nil {
  let fuzzed: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer"])]
  for target in package.targets where ["HTTPModel", "HTTPWire"].contains(target.name) {
    target.swiftSettings = (target.swiftSettings ?? []) + fuzzed
  }
  package.targets.append(
    .executableTarget(
      name: "WireFuzz", dependencies: ["HTTPModel", "HTTPWire"], path: "Tests/Fuzz/WireFuzz",
      swiftSettings: house + fuzzed + [.unsafeFlags(["-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}
