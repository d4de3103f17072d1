import Determinism
import HTTPModel
package import PayloadCodecs
import Scenarios

/// One thing in which an answer differs from the recorded one.
package struct ParityDifference: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case noAnswer, status, header, missing, surplus, type, value, content
  }
  package var kind: Kind
  /// A JSON Pointer into the content; `status`, `header/NAME` or `content` for the rest.
  package var place: String
  package var recorded: String
  package var found: String

  init(_ kind: Kind, _ place: String, _ recorded: String, _ found: String) {
    self.kind = kind
    self.place = place
    self.recorded = Self.short(recorded)
    self.found = Self.short(found)
  }

  private static func short(_ text: String) -> String {
    text.utf8.count > 300 ? text.prefix(200) + "…" : text
  }
}

/// Compares an answer with the recorded one, by shape and value.
///
/// Ids and points in time may be others; what stood for one thing must go on standing for it.
package struct AnswerComparison {
  package private(set) var correspondence: Correspondence
  package private(set) var differences: [ParityDifference] = []
  /// The answer tells of work that is further, or less far: what comes with it says nothing.
  private var isOfOtherState = false
  private var statePlace: String?

  package init(_ correspondence: Correspondence) { self.correspondence = correspondence }

  /// What came in place of a recorded answer.
  package struct Answer: Sendable {
    package var status: Int
    package var fields: [(name: String, value: String)]
    package var content: [UInt8]

    package init(status: Int, fields: [(name: String, value: String)], content: [UInt8]) {
      (self.status, self.fields, self.content) = (status, fields, content)
    }

    package func field(_ name: String) -> String? {
      fields.last { $0.name.asciiLowercased == name }?.value
    }

    package var json: JSON? { content.isEmpty ? nil : try? JSON(parsing: content) }
  }

  package mutating func compare(_ entry: Recording.Entry, with answer: Answer) {
    if entry.status != answer.status {
      let words = [entry.status, answer.status].map(String.init)
      differences.append(ParityDifference(.status, "status", words[0], words[1]))
    }
    compareFields(entry, answer)
    guard let content = entry.responseContent else { return }
    if let recorded = entry.responseJSON {
      guard let found = answer.json else {
        let shown = String(decoding: answer.content.prefix(300), as: UTF8.self)
        differences.append(ParityDifference(.type, "", recorded.kindName, "no JSON: \(shown)"))
        return
      }
      let (old, new) = (WorkState(recorded), WorkState(found))
      if let old, let new, !old.isFinal, old.word != new.word {
        isOfOtherState = true
        statePlace = old.place
      }
      compare(recorded, found, at: "", name: "")
    } else if let recorded = Self.lines(content), let found = Self.lines(answer.content) {
      compare(.array(recorded), .array(found), at: "", name: "")
    } else {
      compareTexts(content, answer)
    }
  }

  // MARK: Fields

  /// Those that clients read, whose lack or surplus changes what they do.
  private static let readFields = [
    "content-type", "location", "retry-after", "www-authenticate", "allow", "link",
    "content-disposition", "content-range",
  ]

  private mutating func compareFields(_ entry: Recording.Entry, _ answer: Answer) {
    let hasContent = entry.responseContent.map { !$0.isEmpty } ?? true
    for name in Self.readFields {
      // The kind of nothing is nobody's concern.
      if name == "content-type", !hasContent, answer.content.isEmpty { continue }
      let (old, new) = (entry.responseField(name), answer.field(name))
      let place = "header/\(name)"
      switch (old, new) {
      case (let old?, nil):
        differences.append(ParityDifference(.header, place, old, "absent"))
      case (nil, let new?):
        differences.append(ParityDifference(.header, place, "absent", new))
      case (let old?, let new?) where !isSameField(name, old, new):
        differences.append(ParityDifference(.header, place, old, new))
      default: break
      }
    }
  }

  private mutating func isSameField(_ name: String, _ old: String, _ new: String) -> Bool {
    switch name {
    case "content-type":
      let (old, new) = (FieldParameters(old), FieldParameters(new))
      guard old.head.asciiLowercased == new.head.asciiLowercased else { return false }
      guard let first = old["charset"], let second = new["charset"] else { return true }
      return first.asciiLowercased == second.asciiLowercased
    case "allow":
      func methods(_ text: String) -> Set<String> {
        Set(text.split { $0 == "," || $0 == " " }.map { String($0).asciiUppercased })
      }
      return methods(old) == methods(new)
    case "retry-after", "link", "content-range": return true
    case "www-authenticate":
      func scheme(_ text: String) -> String { String(text.prefix { $0 != " " }).asciiLowercased }
      return scheme(old) == scheme(new)
    case "location":
      let (old, new) = (RequestTarget(old), RequestTarget(new))
      return isSameText(
        old.path + (old.query ?? ""), new.path + (new.query ?? ""), name: name)
    default: return isSameText(old, new, name: name)
    }
  }

  // MARK: JSON

  private mutating func compare(
    _ old: JSON, _ new: JSON, at place: String, name: String
  ) {
    switch (old, new) {
    case (.object(let old), .object(let new)): compareMembers(old, new, at: place)
    case (.array(let old), .array(let new)): compareElements(old, new, at: place, name: name)
    case (.string(let first), .string(let second)):
      if !isSameText(first, second, name: name), place != statePlace {
        add(.value, place, old.text, new.text)
      }
    case (.integer, .integer), (.integer, .decimal), (.decimal, .integer), (.decimal, .decimal):
      if !isSameNumber(old, new, name: name) { add(.value, place, old.text, new.text) }
    case (.bool(let first), .bool(let second)):
      if first != second { add(.value, place, old.text, new.text) }
    case (.null, .null): break
    default: add(.type, place, Self.described(old), Self.described(new))
    }
  }

  private static func described(_ json: JSON) -> String {
    switch json {
    case .array, .object: json.kindName
    case .null: "null"
    default: "\(json.kindName) \(json.text)"
    }
  }

  private mutating func compareMembers(_ old: JSONObject, _ new: JSONObject, at place: String) {
    for (key, value) in old.members {
      let inner = place + "/" + key.asPointerToken
      if let other = new[key] {
        compare(value, other, at: inner, name: key)
      } else {
        add(.missing, inner, value.text, "absent")
      }
    }
    for (key, value) in new.members where old[key] == nil {
      add(.surplus, place + "/" + key.asPointerToken, "absent", value.text)
    }
  }

  /// Elements that are known by their ids stand for each other; all others do in their order.
  private mutating func compareElements(
    _ old: [JSON], _ new: [JSON], at place: String, name: String
  ) {
    var partners: [Int?] = Array(repeating: nil, count: old.count)
    var taken: Set<Int> = []
    for (index, element) in old.enumerated() {
      guard let id = Self.identity(element), correspondence.translated(id) != id else { continue }
      let wanted = correspondence.translated(id)
      partners[index] = new.indices.first {
        !taken.contains($0) && Self.identity(new[$0]) == wanted
      }
      partners[index].map { _ = taken.insert($0) }
    }
    var rest = new.indices.filter { !taken.contains($0) }[...]
    for (index, element) in old.enumerated() {
      let inner = "\(place)/\(index)"
      guard let partner = partners[index] ?? rest.popFirst() else {
        add(.missing, inner, element.text, "absent")
        continue
      }
      compare(element, new[partner], at: inner, name: name)
    }
    for index in rest { add(.surplus, "\(place)/\(index)", "absent", new[index].text) }
  }

  private static func identity(_ element: JSON) -> String? {
    for key in ["id", "uuid", "handle"] {
      if let id = element[key] { return id.stringValue ?? id.text }
    }
    return nil
  }

  private mutating func add(
    _ kind: ParityDifference.Kind, _ place: String, _ old: String, _ new: String
  ) {
    if isOfOtherState { return }
    differences.append(ParityDifference(kind, place, old, new))
  }

  // MARK: Values

  private mutating func isSameText(_ old: String, _ new: String, name: String) -> Bool {
    if old == new || correspondence.translated(old) == new { return true }
    if correspondence.learn(old, new, name: name) { return true }
    // Instants, of whatever form, are never the same.
    if VirtualInstant(iso8601: old) != nil, VirtualInstant(iso8601: new) != nil { return true }
    let (plain, other) = (PlainText.of(correspondence.translated(old)), PlainText.of(new))
    return plain.contains("@") && !plain.contains("#") && plain == other
  }

  /// What is measured, or a point in time.
  private static let measured: Set<String> = [
    "duration", "elapsed", "took", "latency", "uptime", "pid", "processid", "load", "avgload",
    "memory", "memfree", "memused", "memoryused", "memorymax", "cpu", "cpuusage", "currentload",
    "time",
    "timestamp", "networkrx", "networktx",
  ]

  private mutating func isSameNumber(_ old: JSON, _ new: JSON, name: String) -> Bool {
    if old.isSameValue(as: new) { return true }
    let plain = name.asciiLowercased.filter { $0.isLetter }
    let isMeasured =
      Self.measured.contains(plain) || plain.hasSuffix("duration") || plain.hasSuffix("seconds")
      || plain.hasSuffix("time")
    if isMeasured { return true }
    // Milliseconds or seconds since 1970.
    if let first = old.doubleValue, let second = new.doubleValue, first > 1e9, second > 1e9 {
      return true
    }
    return correspondence.learn(number: old.text, new.text, name: name)
  }

  // MARK: Other contents

  /// JSON texts, a line each; nil: it is none of that.
  private static func lines(_ content: [UInt8]) -> [JSON]? {
    let lines = content.split(separator: UInt8(ascii: "\n"))
    guard lines.count > 1 else { return nil }
    var all: [JSON] = []
    for line in lines {
      guard let json = try? JSON(parsing: Array(line)), json.objectValue != nil else { return nil }
      all.append(json)
    }
    return all
  }

  private mutating func compareTexts(_ old: [UInt8], _ answer: Answer) {
    let new = answer.content
    if old.elementsEqual(new) { return }
    guard let first = String(validating: old, as: UTF8.self),
      let second = String(validating: new, as: UTF8.self)
    else {
      add(.content, "content", "\(old.count) bytes", "\(new.count) bytes, others")
      return
    }
    if isSameText(first, second, name: "") { return }
    let plain = PlainText.ofOutput(correspondence.translated(first))
    let other = PlainText.ofOutput(second)
    guard plain != other else { return }
    func lines(_ text: String) -> [Substring] {
      text.split(separator: "\n", omittingEmptySubsequences: false)
    }
    let (lines, others) = (lines(plain), lines(other))
    let index = zip(lines, others).enumerated().first { $1.0 != $1.1 }?.offset
    let line = index ?? min(lines.count, others.count)
    add(
      .content, "content/\(line + 1)",
      lines.indices.contains(line) ? String(lines[line]) : "nothing more",
      others.indices.contains(line) ? String(others[line]) : "nothing more")
  }
}
