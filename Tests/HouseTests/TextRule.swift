/// A rule about the text of any file, comments and documents included.
struct TextRule: Sendable {
  let name: String
  let find: @Sendable (TextFile) -> [Offence]
  let catches: [TextFile]
  let spares: [TextFile]

  /// What many of these rules are: a pattern that no line may hold.
  init(
    name: String, triggers: [String], pattern: @escaping @Sendable () -> Regex<Substring>,
    catches: [String], spares: [String]
  ) {
    self.name = name
    find = { file in
      let pattern = pattern().wordBoundaryKind(.simple).matchingSemantics(.unicodeScalar)
      return file.text.lines(containing: triggers).compactMap { number, line in
        line.firstMatch(of: pattern).map { Offence(file.path, number, "\(name): “\($0.output)”") }
      }
    }
    self.catches = catches.map { TextFile(path: "Sources/X/Y.swift", text: $0) }
    self.spares = spares.map { TextFile(path: "Sources/X/Y.swift", text: $0) }
  }

  init(
    name: String, catches: [TextFile], spares: [TextFile],
    find: @escaping @Sendable (TextFile) -> [Offence]
  ) {
    self.name = name
    self.find = find
    self.catches = catches
    self.spares = spares
  }
}

extension TextRule {
  static let all: [TextRule] = [
    unfinished, machinePaths, registries, length, tabs, unproved, vendors,
  ]

  // The words are built from pieces, so that this file does not offend.
  private static let unfinished = TextRule(
    name: "left for later; finish it or file an issue",
    triggers: ["TO", "FIX", "XX", "HAC"],
    pattern: { #/\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/# },
    catches: ["// TO" + "DO: later", "# FIX" + "ME"],
    spares: ["// todo lists are data", "let XXXL = 1"])

  /// `/home/shipyard` is what the vendor calls the home of a vessel.
  private static let machinePaths = TextRule(
    name: "a path of one machine",
    triggers: ["/"],
    pattern: {
      #/(?:^|[^\w.:\/\-}$>])\/(?!home\/shipyard)(?:work|opt|root|home|Users|mnt|workspace)\/\w[\w.\/\-]*/#
    },
    catches: ["see /wo" + "rk/notes.md", "cd \"/ro" + "ot/x\"", "(/ho" + "me/ada/x)"],
    spares: [
      "https://example.org/work/x", "a/work/b", "GET /orgs/home/x", "./opt/x",
      "HOME=/home/shipyard",
    ])

  /// A client finds its registry by its own configuration.
  private static let registries = TextRule(
    name: "the host of a package registry",
    triggers: [".org", ".com", ".io", ".ORG"],
    pattern: {
      #/(?i)\bpypi\.o[r]g|pythonhosted\.o[r]g|npmjs\.(?:o[r]g|c[o]m)|\bcrates\.i[o]\b|rubygems\.o[r]g|proxy\.golang\.o[r]g|deb\.debian\.o[r]g|archive\.ubuntu\.c[o]m|hub\.docker\.c[o]m|\bghcr\.i[o]\b/#
    },
    catches: ["pip install -i https://py" + "pi.org/simple", "registry.npm" + "js.org"],
    spares: ["pip install steamship", "swiftlang.example.org"])

  /// Past 400 lines a file has a second subject; past 800 nobody reads it.
  private static let length = TextRule(
    name: "length",
    catches: [TextFile(path: "Sources/X/Y.swift", text: String(repeating: "a\n", count: 801))],
    spares: [
      TextFile(path: "Sources/X/Y.swift", text: String(repeating: "a\n", count: 799)),
      TextFile(path: "Tests/X/Fixtures/y.json", text: String(repeating: "a\n", count: 900)),
    ]
  ) { file in
    let ends = [".swift", ".py", ".c", ".h", ".go", ".sh", ".mjs", ".js", ".md", ".html"]
    // A page that is made by the program is looked up, not read.
    guard ends.contains(where: file.path.hasSuffix), file.path != "Scenarios/REFERENCE.md",
      file.text.count > 801
    else { return [] }
    return [Offence(file.path, 800, "longer than 800 lines: find the second subject")]
  }

  private static let tabs = TextRule(
    name: "a tab or trailing space in Swift",
    catches: [
      TextFile(path: "Sources/X/Y.swift", text: "\tlet a = 1"),
      TextFile(path: "Sources/X/Y.swift", text: "let a = 1 \n"),
    ],
    spares: [
      TextFile(path: "Makefile", text: "\ta"), TextFile(path: "Sources/X/Y.swift", text: "let a"),
    ]
  ) { file in
    guard file.isSwift else { return [] }
    return file.text.lines(containing: ["\t", " \n"]).map { number, _ in
      Offence(file.path, number, "a tab or a trailing space; run `swift format`")
    }
  }

  /// Services say for themselves what others must know of them; a comment may give an example.
  private static let vendors = TextRule(
    name: "a vendor in shared code",
    catches: [
      TextFile(
        path: "Sources/EmulatorKernel/Y.swift", text: "let a = 1\nlet b = \"X-Shipyard-Key\""),
      TextFile(path: "Sources/ControlPlane/y.js", text: "steamshipView()"),
    ],
    spares: [
      TextFile(
        path: "Sources/EmulatorKernel/Y.swift", text: "  /// such as `scramjet.topic.publish`"),
      TextFile(path: "Sources/ShipyardEmulator/Y.swift", text: "let a = \"shipyard\""),
    ]
  ) { file in
    let shared = [
      "ControlPlane", "Determinism", "EmulatorKernel", "HTTPModel", "HTTPTransport", "HTTPWire",
      "Scenarios",
    ]
    guard shared.contains(where: { file.path.hasPrefix("Sources/\($0)/") }),
      !file.path.contains(".docc/")
    else { return [] }
    let vendors = ["steamship", "scramjet", "shipyard"]
    return file.text.lines(containing: ["team", "cram", "hipy", "TEAM", "CRAM", "HIPY"]).compactMap
    {
      number, line in
      guard !line.drop(while: { $0 == " " }).hasPrefix("//"),
        let vendor = vendors.first(where: line.lowercased().contains)
      else { return nil }
      return Offence(file.path, number, "\(vendor) says this for itself (`EmulatedService`)")
    }
  }

  /// What the compiler is told to believe needs its proof beside it.
  private static let unproved = TextRule(
    name: "unchecked without a proof",
    catches: [
      TextFile(path: "Sources/X/Y.swift", text: "struct A: @unchecked Sendable {}"),
      TextFile(path: "Sources/X/Y.swift", text: "let a = 1\nnonisolated(unsafe) var b = 1"),
    ],
    spares: [
      TextFile(
        path: "Sources/X/Y.swift",
        text: "// SAFETY: immutable after init.\nstruct A: @unchecked Sendable {}"),
      TextFile(path: "Tests/X/Y.swift", text: "struct A: @unchecked Sendable {}"),
    ]
  ) { file in
    guard file.isSwift, file.path.hasPrefix("Sources/") else { return [] }
    return file.code.lines(containing: ["@unchecked Sendable", "nonisolated(unsafe)"]).compactMap {
      number, _ in
      let around = (max(0, number - 7)..<number).map { file.text[$0] }
      guard !around.contains(where: { $0.contains("//") }) else { return nil }
      return Offence(file.path, number, "the sentence that proves it is missing")
    }
  }
}
