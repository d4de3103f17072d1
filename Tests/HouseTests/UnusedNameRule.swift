/// What nobody reads: settings that promise what the program does not do, and names that only their
/// own declaration knows.
enum UnusedNameRule {
  /// Names that stand once in `Sources` and are needed all the same.
  static let exceptions: [String: String] = [
    "WavetankCLI": "the main type",
    "descriptorLimit": "tests ask for it",
    "isRefused": "tests ask for it",
    "timerCount": "tests ask for it",
  ]

  /// Names that are declared in one of the files and stand nowhere else in any. What is public is for
  /// users, what overrides for the one above.
  static func unusedNames(in files: [TextFile]) -> [Offence] {
    var counts: [UInt64: Int] = [:]
    for file in files { count(file.code.bytes, into: &counts) }
    let kinds = [
      "actor ", "class ", "enum ", "func ", "let ", "protocol ", "struct ", "typealias ", "var ",
    ]
    let declaration =
      #/^ *(?:@\w+(?:\(\w+\))? )*(?:(?!public|override)\w+(?:\(\w+\))? )*?(?:actor|class|enum|func|let|protocol|struct|typealias|var) (\w+)/#
      .wordBoundaryKind(.simple).matchingSemantics(.unicodeScalar)
    return files.flatMap { file in
      file.code.lines(containing: kinds).compactMap { number, line -> Offence? in
        guard let match = line.firstMatch(of: declaration), match.output.1 != "_",
          counts[hash(match.output.1.utf8)] == 1
        else { return nil }
        return Offence(file.path, number, "\(match.output.1) is declared and nowhere used")
      }
    }
  }

  /// By the hash of a word: a debug build makes no half a million strings.
  private static func count(_ bytes: [UInt8], into counts: inout [UInt64: Int]) {
    var start: Int?
    for index in 0...bytes.count {
      let byte = index < bytes.count ? bytes[index] : 0
      let isWord =
        byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == 0x5F
        || byte >= 0x80
      if isWord {
        if start == nil { start = index }
      } else if let first = start {
        counts[hash(bytes[first..<index]), default: 0] += 1
        start = nil
      }
    }
  }

  private static func hash(_ word: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in word { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  // MARK: Settings

  /// Stored properties of types whose name says that they are settings, and that no code reads.
  ///
  /// **How**: one is read where `holder.name` stands and is not set, and the holder is what a value
  /// of the type is called anywhere; or where the bare name stands in the type's own code.
  static func unreadSettings(in files: [TextFile]) -> [Offence] {
    let types = files.flatMap(SettingsType.all)
    guard !types.isEmpty else { return [] }
    let all = LinedText(files.reduce(into: []) { $0 += $1.code.bytes + [0x0A] })
    var holders: [String: Set<String>] = [:]
    let holder = #/\b(\w+)(?:: *| *= *)(?:\w+\.)?(\w+)/#.wordBoundaryKind(.simple)
    for (_, line) in all.lines(containing: Array(Set(types.map(\.name)))) {
      for match in line.matches(of: holder) {
        holders[String(match.output.2), default: []].insert(String(match.output.1))
      }
    }
    var reads: Set<String> = []
    let path = #/(\w*)(?:\(\))?[?!]?((?:\.\w+)+)(?: *([-+*\/]?=)(?!=))?/#
    for (_, line) in all.lines(
      containing: Array(Set(types.flatMap { $0.settings.map { ".\($0.name)" } })))
    {
      for match in line.matches(of: path) where match.output.3 == nil {
        var holder = match.output.1
        for name in match.output.2.split(separator: ".") {
          reads.insert("\(holder).\(name)")
          holder = name
        }
      }
    }
    return types.flatMap { type in
      type.settings.filter { setting in
        var known = (holders[type.name] ?? []).union([type.name, "Self", "self"])
        // `.small` needs no holder.
        if setting.isStatic { known.insert("") }
        return !type.readsItself.contains(setting.name)
          && !known.contains { reads.contains("\($0).\(setting.name)") }
      }.map { Offence(type.path, $0.line, "nobody reads \(type.name).\($0.name)") }
    }
  }
}

/// A type of settings, with its stored properties.
private struct SettingsType {
  let name: String
  let path: String
  var settings: [(name: String, line: Int, isStatic: Bool)] = []
  /// Names that its own code mentions without declaring or setting them.
  var readsItself: Set<String> = []

  static func all(in file: TextFile) -> [SettingsType] {
    let heads = file.code.lines(containing: ["Configuration", "Limits", "Options", "Settings"])
    let head =
      #/^( *)(?:\w+ )*(struct|enum|class|extension) (\w*(?:Configuration|Limits|Options|Settings))\b.*\{$/#
    var found: [SettingsType] = []
    for (number, line) in heads {
      guard let match = line.firstMatch(of: head) else { continue }
      let (indent, name) = (String(match.output.1), String(match.output.3))
      if !found.contains(where: { $0.name == name }) {
        found.append(SettingsType(name: name, path: file.path))
      }
      guard let type = found.firstIndex(where: { $0.name == name }) else { continue }
      var index = number
      while index < file.code.count, file.code[index] != indent + "}" {
        found[type].read(file.code[index], index + 1, indent + "  ")
        index += 1
      }
    }
    return found
  }

  private mutating func read(_ line: String, _ number: Int, _ indent: String) {
    // `self.name = name` of an initializer sets it.
    if line.wholeMatch(of: #/ *self\.\w+ = \w+/#) != nil { return }
    var code = Substring(line)
    let property = #/^(?:\w+(?:\(set\))? )*(?:var|let) (\w+)/#
    if line.hasPrefix(indent), let match = line.dropFirst(indent.count).firstMatch(of: property) {
      let declaration = line.prefix { $0 != "=" }
      if declaration.contains("{") {
        code = line.drop { $0 != "{" }
      } else {
        settings.append((String(match.output.1), number, declaration.contains("static ")))
        code = line.dropFirst(declaration.count)
      }
    }
    for match in code.matches(of: #/(?:^|[^.\w])(\w+)\b(?! *[:=](?!=))/#) {
      readsItself.insert(String(match.output.1))
    }
  }
}
