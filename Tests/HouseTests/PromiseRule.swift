/// The page that says which tests hold which promise names what there is.
enum PromiseRule {
  static let behaviour = "Sources/Wavetank/Wavetank.docc/Behaviour.md"
  static let promises = "Sources/Wavetank/Wavetank.docc/Promises.md"

  /// The numbered sections of a page, as their headings stand.
  static func sections(_ page: TextFile) -> [String] {
    (0..<page.text.count).map { String(page.text[$0]) }.filter {
      $0.firstMatch(of: #/^## [0-9]+\. /#) != nil
    }
  }

  /// - Parameters:
  ///   - tests: every file of `Tests`.
  static func offences(in page: TextFile, behaviour: TextFile, tests: [TextFile]) -> [Offence] {
    let suites = tests.filter(\.isSwift).map { String(decoding: $0.text.bytes, as: UTF8.self) }
    let paths = Set(tests.map(\.path))
    var found: [Offence] = []
    for section in sections(behaviour) where !sections(page).contains(section) {
      found.append(Offence(page.path, 1, "the section \"\(section.dropFirst(3))\" is missing"))
    }
    for number in 0..<page.text.count {
      let line = String(page.text[number])
      func expect(_ holds: Bool, _ what: String) {
        if !holds { found.append(Offence(page.path, number + 1, "\(what) does not exist")) }
      }
      for name in line.matches(of: #/`(\w+Tests)`/#).map({ String($0.output.1) }) {
        expect(
          suites.contains { $0.contains("struct \(name) {") || $0.contains("class \(name) {") },
          "the suite \(name)")
      }
      for check in line.matches(of: #/`(\w+\/check_\w+)`/#).map({ String($0.output.1) }) {
        expect(paths.contains("Tests/Conformance/\(check).py"), "the check \(check)")
      }
      guard line.hasPrefix("|"), let cell = line.split(separator: "|").last else { continue }
      for sentence in cell.matches(of: #/"([^"]+)"/#).map({ String($0.output.1) })
      where !cell.contains("`\"\(sentence)\"") {
        expect(suites.contains { $0.contains("\"\(sentence)\"") }, "the test \"\(sentence)\"")
      }
    }
    return found
  }
}
