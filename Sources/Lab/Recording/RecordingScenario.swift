import HTTPModel
package import PayloadCodecs

/// A scenario made of recordings: their answers, in order, in place of the services' own.
package struct RecordingScenario {
  package private(set) var rules: [JSON] = []
  /// Entries that no rule could be made of, each with the reason.
  package private(set) var leftOut: [Recording.Unusable] = []

  /// - Parameter recordings: in the order in which they were made.
  package init(_ recordings: [Recording]) {
    let entries = recordings.flatMap(\.entries)
    for recording in recordings { leftOut += recording.unusable }
    let kept = entries.filter { entry in
      guard entry.responseContent == nil else { return true }
      leftOut.append(
        Recording.Unusable(
          number: entry.number, title: entry.title, reason: entry.contentLack ?? ""))
      return false
    }
    let questions = kept.map(Self.question)
    var lasts: [String: Int] = [:]
    for (index, question) in questions.enumerated() { lasts[question] = index }
    for (index, entry) in kept.enumerated() {
      let isLast = lasts[questions[index]] == index
      var rule: JSONObject = [
        "name": .string("\(index + 1): \(entry.method) \(entry.path.prefix(120))"),
        "match": Self.match(entry),
      ]
      // The last answer stays, as the world that it speaks of does.
      if !isLast { rule["times"] = 1 }
      rule["respond"] = Self.respond(entry, entry.responseContent ?? [])
      rules.append(.object(rule))
    }
  }

  package static func scenario(_ name: String, _ description: String, _ rules: [JSON]) -> JSON {
    [
      "wavetank": 1, "name": .string(name), "description": .string(description),
      "rules": .array(rules),
    ]
  }

  /// What tells a rule's requests from those of others.
  private static func question(_ entry: Recording.Entry) -> String {
    "\(entry.method) \(match(entry).text)"
  }

  private static func match(_ entry: Recording.Entry) -> JSON {
    var match: JSONObject = [
      "method": .string(entry.method), "path": .string(RulePath.literal(entry.path)),
    ]
    var query = JSONObject()
    // What was masked is known to nobody.
    for (name, value) in RequestTarget(entry.target).queryItems
    where !Correspondence.isMasked(value) && query[name] == nil && !name.isEmpty {
      query[name] = ["equal": .string(value)]
    }
    if !query.isEmpty { match["query"] = .object(query) }
    return .object(match)
  }

  /// Fields of a message's framing, and of a server that is not the one that answers.
  private static let ownFields: Set<String> = [
    "content-length", "transfer-encoding", "connection", "keep-alive", "content-encoding", "date",
    "server", "trailer", "upgrade", "proxy-connection", "alt-svc", "strict-transport-security",
  ]

  static func respond(_ entry: Recording.Entry, _ content: [UInt8]) -> JSON {
    var respond: JSONObject = ["status": .integer(entry.status)]
    var header = JSONObject()
    for (name, value) in entry.responseFields {
      let key = name.asciiLowercased
      guard !ownFields.contains(key), !key.hasPrefix("x-wavetank-"), isName(name) else { continue }
      let shown = JSON.string(RulePath.template(value))
      let known = header.members.firstIndex { $0.key.asciiLowercased == key }
      if let known {
        let before = header.members[known].value
        header.members[known].value = .array((before.arrayValue ?? [before]) + [shown])
      } else {
        header[name] = shown
      }
    }
    let isWithContent =
      !content.isEmpty && entry.method != "HEAD" && entry.status != 204 && entry.status != 304
    // Of itself a rule's content has a type. An archive without any fields says nothing of it.
    let saysType = entry.responseFields.contains { $0.name.asciiLowercased == "content-type" }
    if isWithContent, !saysType, !entry.responseFields.isEmpty { header["Content-Type"] = .null }
    if !header.isEmpty { respond["header"] = .object(header) }
    guard isWithContent else { return .object(respond) }
    if let json = try? JSON(parsing: content), json.serialized().elementsEqual(content) {
      respond["json"] = RulePath.template(json)
    } else if let text = String(validating: content, as: UTF8.self) {
      respond["text"] = .string(RulePath.template(text))
    } else {
      respond["base64"] = .string(Base64.encode(content))
    }
    return .object(respond)
  }

  /// Source: RFC 9110 §5.6.2.
  private static func isName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0)
      }
  }
}

/// Texts as a rule has them.
enum RulePath {
  /// A path that stands for itself alone.
  static func literal(_ path: String) -> String {
    var result = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "*", "?", "\\": result += "\\\(scalar)"
      // Braces would make a template of it.
      case "{", "}": result += "?"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A path in which any id may stand at some places.
  static func pattern(_ path: String, any places: Set<Int>) -> String {
    guard !places.isEmpty else { return literal(path) }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard !parts.dropFirst().contains(where: { $0.isEmpty }), !path.contains("{") else {
      // A template knows no empty parts.
      return parts.enumerated().map { places.contains($0.offset) ? "*" : literal($0.element) }
        .joined(separator: "/")
    }
    return parts.enumerated().map {
      places.contains($0.offset) ? "{id\($0.offset)}" : PercentCoding.decode($0.element)
    }.joined(separator: "/")
  }

  /// Two braces stand for a hole in a rule's text, four for two.
  static func template(_ text: String) -> String {
    text.contains("{{") ? text.replacing("{{", with: "{{{{") : text
  }

  static func template(_ json: JSON) -> JSON {
    switch json {
    case .string(let text): .string(template(text))
    case .array(let elements): .array(elements.map { template($0) })
    case .object(let object):
      .object(JSONObject(object.members.map { ($0.key, template($0.value)) }))
    default: json
    }
  }
}
