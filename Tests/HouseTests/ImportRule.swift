/// Who may import whom: data goes one way, and only `Wavetank` knows everybody.
enum ImportRule {
  /// Part of the toolchain and free of Foundation: open to every module.
  static let everywhere: Set<String> = ["Swift", "Synchronization", "RegexBuilder"]

  private static let kernelAndBelow: Set<String> = [
    "EmulatorKernel", "Scenarios", "Determinism", "HTTPModel", "PayloadCodecs",
    "FoundationEssentials", "Foundation",
  ]

  /// Foundation is for cold paths; the layers that touch every byte do without.
  static let allowed: [String: Set<String>] = [
    "Resources": ["CResources"],
    "HTTPModel": [],
    "HTTPWire": ["HTTPModel"],
    "TLSLayer": ["COpenSSL"],
    "HTTPTransport": ["HTTPModel", "HTTPWire", "TLSLayer", "CLinux", "Glibc", "Dispatch"],
    "PayloadCodecs": ["CZlib", "HTTPModel"],
    "Determinism": ["HTTPModel", "PayloadCodecs"],
    "Scenarios": [
      "Determinism", "HTTPModel", "PayloadCodecs", "Resources", "FoundationEssentials",
      "Foundation",
    ],
    "EmulatorKernel": [
      "Determinism", "Scenarios", "HTTPModel", "PayloadCodecs", "Resources", "Dispatch",
      "FoundationEssentials", "Foundation",
    ],
    "CodeRuntime": [
      "CLinux", "CProcess", "PayloadCodecs", "Resources", "Dispatch", "Glibc",
      "FoundationEssentials",
    ],
    "SteamshipEmulator": kernelAndBelow.union(["CodeRuntime"]),
    "ScramjetEmulator": kernelAndBelow.union(["CodeRuntime", "Dispatch"]),
    "ShipyardEmulator": kernelAndBelow,
    "ControlPlane": kernelAndBelow.union(["Dispatch", "Resources"]),
    "Wavetank": kernelAndBelow.union([
      "HTTPTransport", "HTTPWire", "TLSLayer", "SteamshipEmulator", "ScramjetEmulator",
      "ShipyardEmulator", "CodeRuntime", "ControlPlane", "Dispatch", "Glibc",
    ]),
    "WavetankTestKit": [
      "Wavetank", "HTTPModel", "HTTPWire", "HTTPTransport", "PayloadCodecs", "TLSLayer", "Dispatch",
      "Glibc", "FoundationEssentials", "Foundation", "Testing",
    ],
    "Lab": ["Determinism", "HTTPModel", "PayloadCodecs", "Scenarios"],
    "WavetankCLI": [
      "Wavetank", "CProcess", "HTTPModel", "HTTPTransport", "Lab", "PayloadCodecs", "Resources",
      "Scenarios", "Dispatch", "Glibc", "FoundationEssentials", "Foundation",
    ],
  ]

  /// Single files that need more than their module: durable files, what is wrong with files, and the
  /// clock of durations are the only system calls below the transport, whose home they have otherwise.
  static let exceptions: [String: Set<String>] = [
    "Sources/EmulatorKernel/Clock/Moment.swift": ["Glibc"],
    "Sources/EmulatorKernel/Persistence/DurableFile.swift": ["Glibc"],
    "Sources/EmulatorKernel/Persistence/FileIdentity.swift": ["Glibc"],
    "Sources/Scenarios/Loading/FileError.swift": ["Glibc"],
    "Sources/Scenarios/Loading/ScenarioFiles.swift": ["Glibc"],
  ]

  static func offences(in file: TextFile) -> [Offence] {
    let folders = file.path.split(separator: "/")
    guard folders.count > 2, folders[0] == "Sources" else { return [] }
    guard let allowed = allowed[String(folders[1])] else {
      return [Offence(file.path, 1, "the module \(folders[1]) is not in the table of imports")]
    }
    return file.code.lines(containing: ["import"]).flatMap { number, line -> [Offence] in
      guard let module = importedModule(line) else { return [] }
      var found: [Offence] = []
      let isException = exceptions[file.path]?.contains(module) ?? false
      if !allowed.contains(module), !everywhere.contains(module), !isException {
        found.append(Offence(file.path, number, "\(folders[1]) may not import \(module)"))
      }
      // All of Foundation brings the internationalisation data: 35 MB and milliseconds at the start.
      if module == "Foundation", !isFallback(file.code, before: number) {
        found.append(
          Offence(
            file.path, number, "import FoundationEssentials; Foundation only where it is missing"))
      }
      return found
    }
  }

  /// `package import struct A.B` → `A`.
  static func importedModule(_ line: String) -> String? {
    var words = line.split(whereSeparator: { $0 == " " || $0 == ";" })[...]
    let modifiers: Set<Substring> = ["public", "package", "internal", "private", "fileprivate"]
    while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) {
      words.removeFirst()
    }
    guard words.popFirst() == "import" else { return nil }
    let kinds: Set<Substring> = [
      "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]
    if let first = words.first, kinds.contains(first) { words.removeFirst() }
    return words.first.flatMap { $0.split(separator: ".").first }.map(String.init)
  }

  private static func isFallback(_ code: LinedText, before number: Int) -> Bool {
    let directives = code.lines(containing: ["#"]).filter { $0.number < number }.suffix(2)
    return directives.first?.text.contains("#if canImport(FoundationEssentials)") == true
      && directives.last?.text.contains("#else") == true
  }
}
