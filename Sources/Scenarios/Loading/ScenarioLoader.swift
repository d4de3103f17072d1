package import PayloadCodecs

/// Makes one scenario of several files, or says everything that is wrong with any of them.
package struct ScenarioLoader: Sendable {
  package let catalog: ScenarioCatalog
  package var isStrict = false
  /// Reads a file whole. Nil leaves `file` in a scenario, and names of files, without effect:
  /// documents from the network must not read what lies on this machine.
  package var readFile: (@Sendable (String) throws(FileError) -> [UInt8])?
  /// The shipped scenarios, by name.
  package var library: TextMap<String>

  package init(
    catalog: ScenarioCatalog, isStrict: Bool = false, library: TextMap<String> = [:],
    readFile: (@Sendable (String) throws(FileError) -> [UInt8])? = nil
  ) {
    self.catalog = catalog
    self.isStrict = isStrict
    self.library = library
    self.readFile = readFile
  }

  /// - Parameter names: paths of files, or names of shipped scenarios; merged in order.
  package func load(_ names: [String]) throws(ScenarioLoadError) -> Scenario {
    var documents: [ScenarioDocument] = []
    var problems: [ScenarioLoadProblem] = []
    for name in names {
      do {
        documents.append(try document(name))
      } catch {
        problems += error.problems
      }
    }
    let scenario: Scenario
    do {
      scenario = try load(documents)
    } catch {
      throw ScenarioLoadError(problems + error.problems)
    }
    guard problems.isEmpty else { throw ScenarioLoadError(problems) }
    return scenario
  }

  /// - Parameter name: a path, or the name of a shipped scenario when there is no such file.
  private func document(_ name: String) throws(ScenarioLoadError) -> ScenarioDocument {
    if let text = library[name] {
      return try ScenarioDocument(Array(text.utf8), name: name + ".json")
    }
    guard let readFile else { throw ScenarioLoadError(name, unknownName(name)) }
    let bytes: [UInt8]
    do {
      bytes = try readFile(name)
    } catch {
      let isName = !name.utf8.contains(UInt8(ascii: "/")) && !name.utf8.contains(UInt8(ascii: "."))
      if error.isMissing, isName { throw ScenarioLoadError(name, unknownName(name)) }
      throw ScenarioLoadError(name, Self.words(error))
    }
    return try ScenarioDocument(bytes, name: name)
  }

  private static func words(_ error: FileError) -> String {
    error.isMissing ? "there is no such file" : "it cannot be read: \(error.reason)"
  }

  private func unknownName(_ name: String) -> String {
    "neither a file nor a shipped scenario\(Nearest.hint(for: name, among: library.keys.sorted()))"
  }

  /// Documents that are parsed already.
  package func load(_ documents: [ScenarioDocument]) throws(ScenarioLoadError) -> Scenario {
    var scenarios: [Scenario] = []
    var problems: [ScenarioLoadProblem] = []
    var unreadable: [ScenarioLoadProblem] = []
    var documents = documents
    for index in documents.indices {
      unreadable += inlineFiles(in: &documents[index])
      let document = documents[index]
      do {
        var scenario = try Scenario.read(document.value, catalog: catalog)
        for rule in scenario.rules.indices {
          scenario.rules[rule].origin = .init(document: index, position: rule)
        }
        scenarios.append(scenario)
      } catch {
        problems += error.problems.map(document.located)
      }
    }
    guard problems.isEmpty, unreadable.isEmpty else {
      // What the services find is told along with it, not only once the rest is right.
      let sections = Scenario.merged(documents.map { Scenario.sections(of: $0.value) })
      let more = sections.sectionProblems(catalog: catalog, isStrict: isStrict)
      let found = problems + located(more, sections, documents)
      // Of a file that cannot be read, that is all there is to say.
      let others = found.filter { other in
        !unreadable.contains { $0.file == other.file && $0.pointer == other.pointer }
      }
      throw ScenarioLoadError(unreadable + others)
    }
    let merged = Scenario.merged(scenarios)
    let whole = merged.problems(catalog: catalog, isStrict: isStrict)
    guard whole.isEmpty else {
      throw ScenarioLoadError(located(whole, merged, documents))
    }
    return merged
  }

  // MARK: Places

  /// Problems of the merged scenario, put back into the documents they come from. Lists of several
  /// documents stand one behind the other in the merged one: what a document alone has wrong too is
  /// told with its place there.
  private func located(
    _ problems: [ScenarioProblem], _ merged: Scenario, _ documents: [ScenarioDocument]
  ) -> [ScenarioLoadProblem] {
    func isOfSection(_ problem: ScenarioProblem) -> Bool {
      problem.pointer.hasPrefix("/given/") || problem.pointer.hasPrefix("/behaviors/")
    }
    guard documents.count > 1, problems.contains(where: isOfSection) else {
      return problems.map { located($0, merged, documents) }
    }
    var own = documents.map { document in
      Scenario.sections(of: document.value).sectionProblems(catalog: catalog, isStrict: isStrict)
    }
    return problems.map { problem in
      let parts = JSONPointer(problem.pointer).map { Array($0.tokens.prefix(2)) }
      for (index, document) in documents.enumerated() where isOfSection(problem) {
        let position = own[index].firstIndex { candidate in
          candidate.message == problem.message
            && JSONPointer(candidate.pointer).map { Array($0.tokens.prefix(2)) } == parts
        }
        if let position { return document.located(own[index].remove(at: position)) }
      }
      return located(problem, merged, documents)
    }
  }

  /// A problem of the merged scenario, put back into the document it comes from.
  private func located(
    _ problem: ScenarioProblem, _ merged: Scenario, _ documents: [ScenarioDocument]
  ) -> ScenarioLoadProblem {
    let tokens = JSONPointer(problem.pointer)?.tokens ?? []
    if tokens.count >= 2, tokens[0] == "rules", let position = Int(tokens[1]),
      merged.rules.indices.contains(position), let origin = merged.rules[position].origin
    {
      let rest = tokens.dropFirst(2).map { "/" + $0.asPointerToken }.joined()
      return documents[origin.document].located(
        ScenarioProblem("/rules/\(origin.position)\(rest)", problem.message))
    }
    let holder = documents.last { document in
      tokens.first.map { document.value[$0] != nil } ?? true
    }
    guard let holder else {
      return ScenarioLoadProblem(file: "", pointer: problem.pointer, message: problem.message)
    }
    return holder.located(problem)
  }

  // MARK: Files named in a scenario

  /// Puts the bytes of `respond.file`, and of `code` of what a world holds, in their places, as base64.
  private func inlineFiles(in document: inout ScenarioDocument) -> [ScenarioLoadProblem] {
    guard readFile != nil else { return [] }
    var problems: [ScenarioProblem] = []
    // What a shell hands in lies nowhere: files are meant from the folder that one is in.
    let slash =
      ScenarioFiles.isStream(document.name)
      ? nil : document.name.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory = slash.map { String(document.name[...$0]) } ?? ""
    inlineCode(in: &document, directory, &problems)
    inlineRules(in: &document, directory, &problems)
    return problems.map(document.located)
  }

  private func inlineRules(
    in document: inout ScenarioDocument, _ directory: String, _ problems: inout [ScenarioProblem]
  ) {
    guard let rules = document.value["rules"]?.arrayValue else { return }
    var inlined: [JSON] = []
    for (index, rule) in rules.enumerated() {
      var rule = inline(rule, at: "/rules/\(index)", directory, &problems)
      if let steps = rule["sequence"]?.arrayValue, case .object(var object) = rule {
        object["sequence"] = .array(
          steps.enumerated().map { position, step in
            inline(step, at: "/rules/\(index)/sequence/\(position)", directory, &problems)
          })
        rule = .object(object)
      }
      inlined.append(rule)
    }
    if case .object(var object) = document.value {
      object["rules"] = .array(inlined)
      document.value = .object(object)
    }
  }

  /// `given.SERVICE.LIST[…].code`.
  private func inlineCode(
    in document: inout ScenarioDocument, _ directory: String, _ problems: inout [ScenarioProblem]
  ) {
    guard case .object(var root) = document.value, case .object(var given) = root["given"] else {
      return
    }
    for (service, section) in given.members {
      guard case .object(var lists) = section else { continue }
      for (list, content) in lists.members {
        guard let holders = content.arrayValue, holders.contains(where: { $0["code"] != nil })
        else { continue }
        lists[list] = .array(
          holders.enumerated().map { index, holder in
            guard case .object(var fields) = holder, let name = fields["code"]?.stringValue else {
              return holder
            }
            let place = "/given/\(service)/\(list)/\(index)/code"
            fields.members = fields.members.map { member in
              member.key == "code"
                ? ("codeBase64", bytes(of: name, at: place, directory, &problems)) : member
            }
            return .object(fields)
          })
      }
      given[service] = .object(lists)
    }
    root["given"] = .object(given)
    document.value = .object(root)
  }

  /// A file's bytes as base64; none where it cannot be read.
  private func bytes(
    of name: String, at pointer: String, _ directory: String, _ problems: inout [ScenarioProblem]
  ) -> JSON {
    let path = name.hasPrefix("/") ? name : directory + name
    do {
      return .string(Base64.encode(try readFile?(path) ?? []))
    } catch {
      problems.append(ScenarioProblem(pointer, "\(path): \(Self.words(error))"))
      return ""
    }
  }

  private func inline(
    _ holder: JSON, at pointer: String, _ directory: String, _ problems: inout [ScenarioProblem]
  ) -> JSON {
    guard case .object(var object) = holder, case .object(var respond) = object["respond"],
      let name = respond["file"]?.stringValue
    else { return holder }
    let content = bytes(of: name, at: "\(pointer)/respond/file", directory, &problems)
    respond.members = respond.members.map { member in
      member.key == "file" ? ("base64", content) : member
    }
    object["respond"] = .object(respond)
    return .object(object)
  }
}
