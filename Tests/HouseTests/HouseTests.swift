import Testing

/// The habits of this house, held by reading our own files: what may import what, which words have
/// a home, and what a text of the repository must not hold. Each rule also finds a planted offender,
/// so that none can pass by being blind.
@Suite struct HouseTests {
  @Test("The rules see the repository, not an empty folder")
  func repositoryIsSeen() {
    #expect(Repository.sources.count > 40)
    #expect(Repository.files.contains { $0.path == "Package.swift" })
    let modules = Set(
      Repository.sources.compactMap { $0.path.split(separator: "/").dropFirst().first })
    #expect(modules.isSuperset(of: ["HTTPModel", "HTTPWire", "HTTPTransport", "EmulatorKernel"]))
  }

  @Test("A module imports only what lies below it")
  func imports() {
    report(Repository.sources.flatMap(ImportRule.offences))
  }

  @Test("A word of code stands only where it has its home", arguments: WordRule.all.indices)
  func words(_ index: Int) {
    report(Repository.files.flatMap(WordRule.all[index].offences))
  }

  @Test("No text of the repository holds what it must not", arguments: TextRule.all.indices)
  func texts(_ index: Int) {
    report(Repository.files.flatMap(TextRule.all[index].find))
  }

  @Test("Nothing that a build or an editor makes is tracked")
  func tracked() throws {
    let ignored = try #require(Repository.files.first { $0.path == ".gitignore" })
    #expect(ignored.contains(".build/\n"))
    // The index holds each tracked path as plain text. A worktree or an archive has none to read.
    guard let index = Repository.data(".git/index") else { return }
    for made in [".build/", ".swiftpm/", "__pycache__/", "node_modules/", "Package.resolved"] {
      #expect(LinedText.find(Array(made.utf8), in: index, from: 0) == nil, "\(made) is tracked")
    }
  }

  @Test("The pipeline's list of steps names each function, in its file and in its order")
  func pipelineSteps() throws {
    let folder = "Sources/EmulatorKernel/Pipeline/"
    let list = try #require(Repository.files.first { $0.path == folder + "Pipeline.swift" })
    let steps = list.text.lines(containing: ["/// "]).compactMap {
      try? #/\/\/\/ (\d+)\. `([\w.]+)` \(`([\w+.]+)`\): /#.firstMatch(in: $0.text)?.output
    }
    #expect(steps.map { Int($0.1) } == Array(1...10))
    for (_, number, name, path) in steps {
      let file = try #require(Repository.files.first { $0.path == folder + path })
      #expect(file.contains("/// Step \(number). "), "\(path)")
      let function = name.split(separator: ".").last ?? name
      #expect(file.contains("\(function)(") || file.contains("\(function)?("), "\(path)")
    }
  }

  @Test("The manifest depends on no package")
  func noPackages() throws {
    let manifest = try #require(Repository.files.first { $0.path == "Package.swift" })
    #expect(manifest.code.lines(containing: [".package("]).isEmpty)
  }

  @Test("The README names the one test command, the way to run and what is not done")
  func readme() throws {
    let readme = try #require(Repository.files.first { $0.path == "README.md" })
    #expect(readme.contains("Tests/run"))
    #expect(readme.contains("swift run -c release wavetank"))
    #expect(readme.contains("does not do"))
  }

  @Test("What the README and the documents point at exists")
  func paths() throws {
    let existing = Repository.files.map(\.path)
    var seen = 0
    for page in Repository.files where page.path == "README.md" || page.path.contains(".docc/") {
      // Its models to learn from lie in other repositories.
      if page.path.hasSuffix("/Style.md") { continue }
      let paths = String(decoding: page.text.bytes, as: UTF8.self).matches(
        of: #/`((?:Sources|Tests|docker|Scenarios)\/[\w\/.+\-]+)`/#)
      for path in paths.map({ String($0.output.1) }) {
        seen += 1
        #expect(
          existing.contains { $0 == path || $0.hasPrefix(path + "/") },
          "\(page.path): \(path) does not exist")
      }
    }
    #expect(seen > 50)
  }

  @Test("The pages that the documents link to exist")
  func links() throws {
    let pages = Repository.files.filter { $0.path.contains(".docc/") }
    for page in pages {
      let text = String(decoding: page.text.bytes, as: UTF8.self)
      for link in text.matches(of: #/<doc:(\w+)>/#) {
        let name = "/\(link.output.1).md"
        #expect(
          pages.contains { $0.path.hasSuffix(name) }, "\(page.path): no page \(link.output.1)")
      }
    }
  }

  @Test("Every section that a comment cites is in the documents")
  func citations() {
    let documents = Repository.files.filter { $0.path.contains(".docc/") }
    let pages = Dictionary(
      documents.map { file in (file.path, (0..<file.text.count).map { file.text[$0] }) },
      uniquingKeysWith: { first, _ in first })
    #expect(pages.count >= 7)
    let citing = Repository.files.filter {
      !$0.path.contains(".docc/") && !$0.path.hasPrefix("Tests/HouseTests/")
    }
    report(citing.flatMap { CitationRule.offences(in: $0, pages: pages) })
  }

  @Test("Every setting is read somewhere")
  func settings() { report(UnusedNameRule.unreadSettings(in: Repository.sources)) }

  @Test("Every name that is declared is used somewhere")
  func names() {
    let unused = UnusedNameRule.unusedNames(in: Repository.sources)
    report(
      unused.filter { offence in
        !UnusedNameRule.exceptions.keys.contains { offence.reason.hasPrefix("\($0) ") }
      })
    for name in UnusedNameRule.exceptions.keys {
      #expect(
        unused.contains { $0.reason.hasPrefix("\(name) ") }, "\(name) is no exception any more")
    }
  }

  @Test(
    "Every file among the sources that is no source, and every scenario, is part of the program")
  func resources() throws {
    let list = try #require(Repository.files.first { $0.path == "Sources/CResources/CResources.c" })
    let text = String(decoding: list.text.bytes, as: UTF8.self)
    var taken: Set<String> = []
    for match in text.matches(of: #/\{"(\w+)\/([\w.\-]+)", .*\n#embed "\.\.\/(\.\.\/)?([^"]+)"/#) {
      #expect(match.output.4.hasSuffix("/\(match.output.2)"), "\(match.output.4) has another name")
      taken.insert((match.output.3 == nil ? "Sources/" : "") + match.output.4)
    }
    let code = [".swift", ".c", ".h", ".modulemap", ".md"]
    let files = Repository.files.map(\.path).filter { path in
      path.hasPrefix("Sources/")
        ? !code.contains { path.hasSuffix($0) }
        : path.hasPrefix("Scenarios/") && path.hasSuffix(".json") && !path.hasSuffix(".schema.json")
    }
    #expect(files.count >= 20)
    #expect(taken == Set(files))
  }

  @Test("No file of the sources has more than 400 lines, no function more than 60")
  func sizes() {
    report(Repository.sources.flatMap(SizeRule.offences))
    for path in SizeRule.exceptions.keys {
      #expect(Repository.sources.contains { $0.path == path }, "\(path) is no exception any more")
    }
  }

  @Test("The modules' graph in the manifest only points down")
  func manifest() throws {
    report(
      ManifestRule.offences(in: try #require(Repository.files.first { $0.path == "Package.swift" }))
    )
  }

  @Test("The table of the architecture page names every module, and the README leads there")
  func modules() throws {
    let readme = try #require(Repository.files.first { $0.path == "README.md" })
    #expect(readme.contains("Sources/Wavetank/Wavetank.docc/Architecture.md"))
    let page = try #require(Repository.files.first { $0.path.hasSuffix("/Architecture.md") })
    let modules = Set(
      Repository.sources.compactMap { $0.path.split(separator: "/").dropFirst().first })
    for module in modules.sorted() {
      #expect(page.contains("`\(module)`"), "\(module) is not in \(page.path)")
    }
  }

  @Test("Every promise of the behaviour page has its tests, and those exist")
  func promises() throws {
    let page = try #require(Repository.files.first { $0.path == PromiseRule.promises })
    let behaviour = try #require(Repository.files.first { $0.path == PromiseRule.behaviour })
    #expect(PromiseRule.sections(behaviour).count >= 15)
    report(
      PromiseRule.offences(
        in: page, behaviour: behaviour,
        tests: Repository.files.filter { $0.path.hasPrefix("Tests/") }))
  }

  private func report(_ offences: [Offence]) {
    for offence in offences { Issue.record("\(offence)") }
  }
}

/// Each rule on planted lines.
@Suite struct HouseRuleTests {
  @Test(
    "A word rule finds its planted offenders and spares the innocent",
    arguments: WordRule.all.indices)
  func words(_ index: Int) {
    let rule = WordRule.all[index]
    let folder = rule.territory[0] + "SteamshipEmulator/"
    for line in rule.catches {
      let file = TextFile(path: folder + "A.swift", text: "let a = 1\n\(line)\n")
      #expect(rule.offences(in: file).map(\.line) == [2], "\(rule.name) must find: \(line)")
      for home in rule.homes {
        let path = home.hasSuffix(".swift") ? home : home + "A.swift"
        #expect(rule.offences(in: TextFile(path: path, text: line)).isEmpty, "\(home) is a home")
      }
      #expect(rule.offences(in: TextFile(path: "README.md", text: line)).isEmpty)
    }
    for line in rule.spares {
      let file = TextFile(path: folder + "A.swift", text: line)
      #expect(rule.offences(in: file).isEmpty, "\(rule.name) must spare: \(line)")
    }
    #expect(!rule.catches.isEmpty && !rule.spares.isEmpty)
  }

  @Test(
    "A text rule finds its planted offenders and spares the innocent",
    arguments: TextRule.all.indices)
  func texts(_ index: Int) {
    let rule = TextRule.all[index]
    for file in rule.catches { #expect(!rule.find(file).isEmpty, "\(rule.name): \(file.text[0])") }
    for file in rule.spares { #expect(rule.find(file).isEmpty, "\(rule.name): \(file.text[0])") }
    #expect(!rule.catches.isEmpty && !rule.spares.isEmpty)
  }

  @Test("A citation of a section that is not there is found, one that is there is not")
  func citations() {
    let pages = [
      "Sources/Wavetank/Wavetank.docc/Behaviour.md": ["## 1. Promises", "", "1. First", "## 7. X"],
      CitationRule.contractPages(of: "Scramjet")[0]: ["## 1. Transport", "### 1.2 Rules"],
    ]
    func offences(_ text: String, _ path: String = "Sources/ScramjetEmulator/A.swift") -> Int {
      CitationRule.offences(in: TextFile(path: path, text: text), pages: pages).count
    }
    #expect(offences("// Source: DESIGN §7, contract §1.2") == 0)
    #expect(offences("// DESIGN §1.1 and DESIGN §1, §7") == 0)
    #expect(offences("// DESIGN §8") == 1)
    #expect(offences("// DESIGN §1, §9, §10") == 2)
    #expect(offences("// contract §1.3") == 1)
    #expect(offences("// contract §1.2", "Sources/EmulatorKernel/A.swift") == 1)
    #expect(offences("// the Scramjet contract §1.2", "Sources/EmulatorKernel/A.swift") == 0)
    #expect(offences("// RFC 9112 §6.1") == 0)
  }

  @Test("A file or a function that is too long is found, a protocol's requirement is not")
  func sizes() {
    func offences(_ lines: [String]) -> Int {
      let text = lines.joined(separator: "\n") + "\n"
      return SizeRule.offences(in: TextFile(path: "Sources/A/B.swift", text: text)).count
    }
    let body = Array(repeating: "    a()", count: 58)
    #expect(offences(["  func f() {"] + body + ["  }"]) == 0)
    #expect(offences(["  package init<A>(", "    _ a: A", "  ) {"] + body + ["  }"]) == 1)
    #expect(offences(["  func f() -> Int", ""] + body.map { "  " + $0.dropFirst(4) } + ["}"]) == 0)
    #expect(offences(Array(repeating: "a", count: 400)) == 0)
    #expect(offences(Array(repeating: "a", count: 401)) == 1)
  }

  @Test("A manifest whose graph points up is found")
  func manifests() {
    let modules = "ABDEFGHIJK".map { "module(\"\($0)\", [])," }.joined(separator: "\n")
    func offences(_ more: String) -> Int {
      ManifestRule.offences(in: TextFile(path: "Package.swift", text: modules + more)).count
    }
    #expect(offences("module(\"L\", [\"A\", \"CZlib\"]),") == 0)
    #expect(offences("module(\"L\", [\"M\"]), module(\"M\", []),") == 1)
  }

  @Test("A promise without its section, its suite, its check or its sentence is found")
  func promises() {
    let behaviour = TextFile(path: "B.md", text: "## 1. One\n\n## 2. Two\n")
    let tests = [
      TextFile(path: "Tests/T/ATests.swift", text: "@Test(\"It holds\")\nstruct ATests {"),
      TextFile(path: "Tests/Conformance/cli/check_a.py", text: ""),
    ]
    func offences(_ text: String) -> Int {
      PromiseRule.offences(
        in: TextFile(path: "P.md", text: text), behaviour: behaviour, tests: tests
      ).count
    }
    let sections = "## 1. One\n## 2. Two\n"
    #expect(offences(sections + "| a | `ATests` \"It holds\", `cli/check_a` |") == 0)
    #expect(offences("## 1. One\n") == 1)
    #expect(offences(sections + "| a | `BTests`, `ATests` |") == 1)
    #expect(offences(sections + "| a | `cli/check_b` |") == 1)
    #expect(offences(sections + "| a | \"It does not\" |") == 1)
  }

  static let importLines: [(module: String, line: String, isAllowed: Bool)] = [
    ("HTTPWire", "import HTTPModel", true),
    ("HTTPWire", "package import HTTPModel", true),
    ("HTTPModel", "import HTTPWire", false),
    ("HTTPWire", "import HTTPTransport", false),
    ("HTTPModel", "import FoundationEssentials", false),
    ("HTTPModel", "import Synchronization", true),
    ("PayloadCodecs", "import struct HTTPModel.Fields", true),
    ("PayloadCodecs", "import HTTPWire", false),
    ("SteamshipEmulator", "package import EmulatorKernel", true),
    ("SteamshipEmulator", "@preconcurrency import ShipyardEmulator", false),
    ("ShipyardEmulator", "internal import HTTPTransport", false),
    ("EmulatorKernel", "import Glibc", false),
    ("Wavetank", "import ControlPlane", true),
    ("WavetankCLI", "import SteamshipEmulator", false),
    ("WavetankCLI", "import Foundation", false),
    ("WavetankCLI", "// import SteamshipEmulator", true),
    ("Newcomer", "import HTTPModel", false),
  ]

  @Test("The import rule knows who may import whom", arguments: importLines.indices)
  func imports(_ index: Int) {
    let (module, line, isAllowed) = Self.importLines[index]
    let file = TextFile(path: "Sources/\(module)/A.swift", text: line)
    #expect(ImportRule.offences(in: file).isEmpty == isAllowed, "\(module): \(line)")
  }

  @Test("A setting that is only set is found, and one that is read is not")
  func unreadSettings() {
    let files = [
      TextFile(
        path: "Sources/A/Limits.swift",
        text: """
          package struct WaveLimits {
            package var heightMax = 3
            package var lengthMax: Int
            package var depthMax = 4
            package static let calm = WaveLimits(lengthMax: 1)
            package var areaMax = 0
            var volumeMax: Int { areaMax * depthMax }
          }
          """),
      TextFile(
        path: "Sources/B/Use.swift",
        text: """
          struct Tank {
            var limits = WaveLimits.calm
            mutating func set() {
              limits.lengthMax = other.lengthMax
              limits.heightMax += 1
              if limits.volumeMax == 3 { return }
            }
          }
          """),
    ]
    let found = UnusedNameRule.unreadSettings(in: files)
    #expect(found.map(\.line) == [2, 3])
  }

  @Test("A name that stands alone is found, whatever stands before it")
  func unusedNames() {
    let file = TextFile(
      path: "Sources/A/B.swift",
      text: """
        package struct Wave {
          @inline(__always) package static func rise() { fall() }
          private mutating func fall() { /* rise */ let _ = Wave.self }
          static let text = "rise text"
        }
        """)
    #expect(UnusedNameRule.unusedNames(in: [file]).map(\.line) == [2, 4])
  }

  @Test("Foundation may stand in for FoundationEssentials, and only so")
  func fallback() {
    let lines = ["#if canImport(FoundationEssentials)", "  import FoundationEssentials", "#else"]
    let text = (lines + ["  import Foundation", "#endif"]).joined(separator: "\n")
    #expect(ImportRule.offences(in: TextFile(path: "Sources/Wavetank/A.swift", text: text)).isEmpty)
    let alone = TextFile(path: "Sources/Wavetank/A.swift", text: "import Foundation")
    #expect(ImportRule.offences(in: alone).count == 1)
  }

  static let code: [(source: String, code: String)] = [
    ("let a = \"b\" // c", "let a = \" \"     "),
    ("a /* b /* c */ d */ e", "a                   e"),
    ("\"\\(f(x)) y\"", "\" (f(x))  \""),
    ("\"\\\"b\" c", "\"   \" c"),
    ("#\"a \\ \" b\"# c", "#\"       \"# c"),
    ("\"\"\"\n b\n\"\"\" c", "\"\"\"\n  \n\"\"\" c"),
    ("\"\\(g(\"in\")) out\" d", "\" (g(\"  \"))    \" d"),
    ("\"\" + x", "\"\" + x"),
  ]

  @Test(
    "Comments and the insides of literals are blanked, interpolations are not",
    arguments: code.indices)
  func blanking(_ index: Int) {
    let (source, code) = Self.code[index]
    #expect(String(decoding: SwiftCode.blanked(Array(source.utf8)), as: UTF8.self) == code)
  }
}
