/// A file has one subject and a function fits on a screen (STYLE §4).
enum SizeRule {
  static let fileLinesMax = 400
  static let functionLinesMax = 60

  /// What may be longer, with the reason.
  static let exceptions: [String: String] = [:]

  static func offences(in file: TextFile) -> [Offence] {
    guard exceptions[file.path] == nil else { return [] }
    // The line feed at the end begins no line.
    let count = file.text.count - 1
    var found: [Offence] = []
    if count > fileLinesMax {
      found.append(Offence(file.path, count, "\(count) lines: look for the second subject"))
    }
    for (number, length) in functions(in: file.code) where length > functionLinesMax {
      found.append(Offence(file.path, number, "a function of \(length) lines"))
    }
    return found
  }

  /// Where functions with a body begin, and how many lines they have, by the formatter's indents.
  static func functions(in code: LinedText) -> [(number: Int, length: Int)] {
    code.lines(containing: ["func ", "init(", "init?(", "init<"]).compactMap { number, line in
      let indent = line.prefix { $0 == " " }
      let isDeclaration = line.firstMatch(of: #/^ *(?:@?[\w()]+ +)*(?:func |init\??[(<])/#) != nil
      guard isDeclaration else { return nil }
      for next in number..<max(number, code.count) {
        let line = code[next]
        if line.hasPrefix(indent + "}") { return (number, next - number + 2) }
        // A requirement of a protocol, or a body on one line, ends where the next thing begins.
        let isDeeper = line.hasPrefix(indent + " ") || line.hasPrefix(indent + ")")
        if !isDeeper, line.contains(where: { $0 != " " }) { return nil }
      }
      return nil
    }
  }
}

/// The modules' graph, as the manifest has it, only points down: what is depended on stands above.
enum ManifestRule {
  static func offences(in manifest: TextFile) -> [Offence] {
    let text = String(decoding: manifest.text.bytes, as: UTF8.self)
    var above: Set<String> = []
    var found: [Offence] = []
    for declaration in text.matches(
      of: #/(?:module\(|name: )\s*"(\w+)",\s*(?:dependencies: )?(services \+ )?\[([^\]]*)\]/#)
    {
      let name = String(declaration.output.1)
      for needed in declaration.output.3.matches(of: #/"(\w+)"/#).map({ String($0.output.1) })
      where !above.contains(needed) && !needed.hasPrefix("C") {
        found.append(Offence(manifest.path, 1, "\(name) stands above \(needed), which it needs"))
      }
      above.insert(name)
    }
    if above.count < 10 { found.append(Offence(manifest.path, 1, "no modules are found")) }
    return found
  }
}
