/// A comment that cites a document, `DESIGN §7` or `contract §5.2`, must cite a section that is there.
enum CitationRule {
  /// What a citation names, and the pages in which its sections stand.
  private static let documents: [(word: String, pages: [String])] = [
    ("DESIGN", ["Sources/Wavetank/Wavetank.docc/Behaviour.md"]),
    ("STYLE", ["Sources/Wavetank/Wavetank.docc/Style.md"]),
    ("PERFORMANCE", ["Sources/Wavetank/Wavetank.docc/Performance.md"]),
  ]

  private static let services = ["Steamship", "Scramjet", "Shipyard"]

  static func contractPages(of service: String) -> [String] {
    let folder = "Sources/\(service)Emulator/\(service)Emulator.docc/"
    return ["Contract.md", "ContractInstances.md", "ContractExamples.md"].map { folder + $0 }
  }

  /// - Parameter pages: the text of a page by its path.
  static func offences(in file: TextFile, pages: [String: [String]]) -> [Offence] {
    file.text.lines(containing: ["§"]).flatMap { number, line in
      citations(in: String(line), path: file.path).filter { citation in
        !citation.pages.contains { pages[$0].map { has(citation.section, $0) } ?? false }
      }.map { Offence(file.path, number, "\($0.text) is no section of \($0.pages)") }
    }
  }

  struct Citation {
    var text: String
    var section: String
    var pages: [String]
  }

  /// Each section of `DESIGN §1, §7` or `contract §2.3 to §2.5` by itself.
  static func citations(in line: String, path: String) -> [Citation] {
    line.matches(
      of:
        #/(DESIGN|STYLE|PERFORMANCE|(?i:contract))s?,?((?:,? ?(?:to |and )?§[0-9]+(?:\.[0-9]+)?)+)/#
    )
    .flatMap { match -> [Citation] in
      let word = String(match.output.1)
      let pages =
        documents.first { $0.word == word }?.pages
        ?? service(of: line[..<match.range.lowerBound], path).map(contractPages) ?? []
      return match.output.2.matches(of: #/§([0-9]+(?:\.[0-9]+)?)/#).map { section in
        Citation(
          text: "\(word) §\(section.output.1)", section: String(section.output.1), pages: pages)
      }
    }
  }

  /// The service named before the citation, else the one in whose folder the file lies.
  private static func service(of before: Substring, _ path: String) -> String? {
    let named = services.compactMap { service in
      before.lowercased().firstRange(of: service.lowercased()).map { (service, $0.lowerBound) }
    }
    if let last = named.max(by: { $0.1 < $1.1 }) { return last.0 }
    return services.first { path.lowercased().contains($0.lowercased()) }
  }

  /// `7`: a heading. `5.2`: a heading, or the second point of section 5's list or table.
  static func has(_ section: String, _ lines: [String]) -> Bool {
    let parts = section.split(separator: ".")
    guard let start = lines.firstIndex(where: { $0.hasPrefix("## \(parts[0]). ") }) else {
      return false
    }
    guard parts.count == 2 else { return true }
    let body = lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }
    let marks = ["### \(section) ", "\(parts[1]). ", "| \(parts[1]) |"]
    return body.contains { line in marks.contains { line.hasPrefix($0) } }
  }
}
