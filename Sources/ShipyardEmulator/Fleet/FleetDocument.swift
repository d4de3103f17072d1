import PayloadCodecs

/// A fleet as somebody wrote it, in YAML or in a scenario's JSON, before its meaning is known.
///
/// Scalars keep their text, because the schema decides what they are: `version: 3.9` is a text and
/// `retry_count: "3"` a number.
indirect enum FleetNode: Sendable, Equatable {
  case null
  /// The text as it was written, and what it is by itself: a plain `true` is a boolean, a quoted one
  /// a string.
  case scalar(String, value: JSON)
  case list([FleetNode])
  case map([(key: String, value: FleetNode)])

  static func == (left: FleetNode, right: FleetNode) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.scalar(let left, let leftValue), .scalar(let right, let rightValue)):
      left == right && leftValue == rightValue
    case (.list(let left), .list(let right)): left == right
    case (.map(let left), .map(let right)):
      left.elementsEqual(right) { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }

  init(_ json: JSON) {
    switch json {
    case .null: self = .null
    case .string(let text): self = .scalar(text, value: json)
    case .bool, .integer, .decimal: self = .scalar(json.text, value: json)
    case .array(let elements): self = .list(elements.map(FleetNode.init))
    case .object(let object):
      self = .map(object.members.map { ($0.key, FleetNode($0.value)) })
    }
  }

  var kindName: String {
    switch self {
    case .null: "nothing"
    case .scalar: "a text"
    case .list: "a list"
    case .map: "a map"
    }
  }
}

/// What is wrong with a fleet document, and where.
struct FleetDocumentError: Error, Sendable, Equatable {
  /// Keys and positions from the root: `["vessels", "Load", "source"]`.
  var path: [String]
  var message: String
  /// The keys that are valid beside it, when the place is a key that is none of them.
  var known: [String]?

  var pointer: String {
    path.map { key in
      "/"
        + key.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
        .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }.joined()
  }
  var sentence: String { path.isEmpty ? message : "\(path.joined(separator: ".")): \(message)" }
}

/// What a document holds that the vendor's own samples hold too, and that means nothing or cannot be
/// meant: accepted, told, and refused in strict mode.
final class FleetRemarks {
  private(set) var sentences: [String] = []
  /// One for each of thousands of vessels would tell no more than the first few.
  private static let countMax = 8

  func add(_ message: String, at path: [String]) {
    guard sentences.count < Self.countMax else { return }
    sentences.append("\(path.joined(separator: ".")): \(message)")
  }
}

/// One node and the place where it stands.
struct FleetNodeReader {
  let node: FleetNode
  let path: [String]
  var remarks = FleetRemarks()

  func failure(_ message: String) -> FleetDocumentError {
    FleetDocumentError(path: path, message: message)
  }

  func remark(_ message: String) { remarks.add(message, at: path) }

  private func inner(_ node: FleetNode, at key: String) -> FleetNodeReader {
    FleetNodeReader(node: node, path: path + [key], remarks: remarks)
  }

  var isNull: Bool { node == .null }

  func text() throws(FleetDocumentError) -> String {
    guard case .scalar(let text, _) = node else {
      throw failure("expected a text, found \(node.kindName)")
    }
    return text
  }

  func nonEmptyText() throws(FleetDocumentError) -> String {
    let text = try text()
    guard !text.isEmpty else { throw failure("must not be empty") }
    return text
  }

  /// Null gives nil.
  func optionalText() throws(FleetDocumentError) -> String? { isNull ? nil : try text() }

  /// Also YAML 1.1's words, which hand-written files hold.
  func bool() throws(FleetDocumentError) -> Bool {
    switch try text().asciiLowercased {
    case "true", "yes", "on": true
    case "false", "no", "off": false
    default: throw failure("expected true or false")
    }
  }

  func int(in range: ClosedRange<Int>) throws(FleetDocumentError) -> Int {
    guard let number = Int(try text()), range.contains(number) else {
      throw failure("expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func id() throws(FleetDocumentError) -> ResourceID {
    guard let id = ResourceID(try text()) else { throw failure("expected a UUID") }
    return id
  }

  func word<Word: RawRepresentable<String> & CaseIterable>(
    _ type: Word.Type = Word.self
  ) throws(FleetDocumentError) -> Word {
    if let word = Word(rawValue: try text()) { return word }
    let valid = Word.allCases.map(\.rawValue).joined(separator: ", ")
    throw failure("expected one of \(valid)")
  }

  /// Null is an empty list.
  func list<Element>(
    _ body: (FleetNodeReader) throws(FleetDocumentError) -> Element
  ) throws(FleetDocumentError) -> [Element] {
    if isNull { return [] }
    guard case .list(let nodes) = node else {
      throw failure("expected a list, found \(node.kindName)")
    }
    var elements: [Element] = []
    for (index, node) in nodes.enumerated() {
      elements.append(try body(inner(node, at: "\(index)")))
    }
    return elements
  }

  /// The members in order; null is an empty map. A key that stands twice is refused.
  func members() throws(FleetDocumentError) -> [(key: String, value: FleetNodeReader)] {
    if isNull { return [] }
    guard case .map(let members) = node else {
      throw failure("expected a map, found \(node.kindName)")
    }
    var seen: TextSet = []
    var readers: [(key: String, value: FleetNodeReader)] = []
    for (key, value) in members {
      let reader = inner(value, at: key)
      guard seen.insert(key).inserted else { throw reader.failure("stands here twice") }
      readers.append((key, reader))
    }
    return readers
  }

  /// The members of a map with known keys only.
  func object(_ known: [String]) throws(FleetDocumentError) -> FleetObjectReader {
    let members = try members()
    for (key, value) in members where !known.contains(key) {
      var error = value.failure("unknown key; known: \(known.joined(separator: ", "))")
      error.known = known
      throw error
    }
    return FleetObjectReader(members: members, reader: self)
  }
}

/// A map whose keys are known to be valid.
struct FleetObjectReader {
  let members: [(key: String, value: FleetNodeReader)]
  let reader: FleetNodeReader

  /// Nil when the key is absent. A key without a value gives a null node.
  func any(_ key: String) -> FleetNodeReader? { members.first { $0.key == key }?.value }

  /// Nil when the key is absent or has no value.
  subscript(_ key: String) -> FleetNodeReader? {
    any(key).flatMap { $0.isNull ? nil : $0 }
  }

  func required(_ key: String) throws(FleetDocumentError) -> FleetNodeReader {
    if let value = self[key] { return value }
    throw reader.failure("'\(key)' is missing")
  }
}
