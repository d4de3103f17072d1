import Determinism
import HTTPModel
package import PayloadCodecs

/// Which id of the emulator stands for which one of a recording, as the answers have brought them.
package struct Correspondence: Sendable {
  private var found: [String: String] = [:]
  /// The other way: one id of the emulator's cannot stand for two.
  private var recorded: [String: String] = [:]
  /// What the client said first: that is no id of the service's, and must come back as it is.
  private var ofClient: Set<String> = []

  package init() {}

  package var isEmpty: Bool { found.isEmpty }

  /// - Parameter text: one value that the client sent.
  mutating func said(_ text: String) {
    if found[text] == nil { ofClient.insert(text) }
  }

  /// All that a request says.
  package mutating func said(_ entry: Recording.Entry) {
    let target = RequestTarget(entry.target)
    for part in target.path.split(separator: "/") { said(PercentCoding.decode(String(part))) }
    for (_, value) in target.queryItems { said(value) }
    guard let json = try? JSON(parsing: entry.requestContent) else { return }
    said(json)
  }

  private mutating func said(_ json: JSON) {
    switch json {
    case .string(let text): said(text)
    case .array(let elements): for element in elements { said(element) }
    case .object(let object): for (_, value) in object.members { said(value) }
    default: break
    }
  }

  /// Whether what an entry asks for holds an id that the answer to another one brought: so it cannot have
  /// been under way before that had come, whatever the file says of times.
  package static func depends(_ entry: Recording.Entry, on other: Recording.Entry) -> Bool {
    guard let content = other.responseContent, !content.isEmpty else { return false }
    let brought = String(decoding: content, as: UTF8.self)
    let asked =
      entry.target + " " + String(decoding: entry.requestContent.prefix(1 << 20), as: UTF8.self)
    return words(asked).contains { $0.utf8.count >= 8 && isMade($0) && brought.contains($0) }
  }

  // MARK: Learning

  /// How much a name says that its value is an id.
  static func isIdentity(_ name: String) -> Bool {
    let name = name.asciiLowercased.filter { $0 != "_" && $0 != "-" }
    return name == "id" || name == "uuid" || name == "handle" || name.hasSuffix("id")
      || name.hasSuffix("handle")
  }

  /// Credentials were taken out of the recording.
  static func isMasked(_ text: String) -> Bool { text.contains("***#") }

  private static func isMade(_ text: String) -> Bool { PlainText.of(text).contains("#") }

  /// Takes two values of one place for one thing. False: they stand for different ones, or for none.
  mutating func learn(_ recorded: String, _ actual: String, name: String) -> Bool {
    if let known = found[recorded] { return known == actual }
    if recorded == actual { return true }
    guard !recorded.isEmpty, !actual.isEmpty else { return false }
    if Self.isMasked(recorded) {
      found[recorded] = actual
      return true
    }
    guard !ofClient.contains(recorded) else { return false }
    if Self.isIdentity(name) { return take(recorded, actual) }
    // A text that holds ids: a URL, a sentence.
    guard Self.isMade(recorded), PlainText.of(recorded) == PlainText.of(actual) else {
      return false
    }
    let (old, new) = (Self.words(recorded), Self.words(actual))
    guard old.count == new.count else { return true }
    for (old, new) in zip(old, new) where old != new && (found[old] != nil || Self.isMade(old)) {
      guard take(old, new) else { return false }
    }
    return true
  }

  private mutating func take(_ old: String, _ new: String) -> Bool {
    if let known = found[old] { return known == new }
    guard recorded[new] == nil else { return false }
    found[old] = new
    recorded[new] = old
    return true
  }

  /// - Parameters: numbers that are ids, by their place's name.
  mutating func learn(number recorded: String, _ actual: String, name: String) -> Bool {
    guard Self.isIdentity(name), !ofClient.contains(recorded) else { return false }
    return take(recorded, actual)
  }

  // MARK: Translating

  private static func isOfWord(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "_")
  }

  private static func words(_ text: String) -> [String] {
    text.utf8.split { !isOfWord($0) }.map { String(Substring($0)) }
  }

  /// A text with what the emulator has in place of what was recorded.
  package func translated(_ text: String) -> String {
    if found.isEmpty { return text }
    if let whole = found[text] { return whole }
    var result = ""
    var word = ""
    func end() {
      // Short ones stand for something else as often as not.
      result += word.utf8.count >= 8 ? found[word] ?? word : word
      word = ""
    }
    for scalar in text.unicodeScalars {
      if scalar.isASCII, Self.isOfWord(UInt8(truncatingIfNeeded: scalar.value)) {
        word.unicodeScalars.append(scalar)
      } else {
        end()
        result.unicodeScalars.append(scalar)
      }
    }
    end()
    return masked(result)
  }

  /// Where masked secrets came back, they are part of longer texts: `Bearer ***#1a2b`.
  private func masked(_ text: String) -> String {
    guard Self.isMasked(text) else { return text }
    var text = text
    for (recorded, actual) in found where Self.isMasked(recorded) && recorded.count >= 8 {
      text = text.replacing(recorded, with: actual)
    }
    return text
  }

  /// - Parameter name: of the member that it is the value of.
  package func translated(_ json: JSON, name: String = "") -> JSON {
    switch json {
    case .string(let text): .string(translated(text))
    case .array(let elements): .array(elements.map { translated($0, name: name) })
    case .object(let object):
      .object(
        JSONObject(object.members.map { ($0.key, translated($0.value, name: $0.key)) }))
    case .integer, .decimal:
      Self.isIdentity(name) ? found[json.text].flatMap { try? JSON(parsing: $0) } ?? json : json
    default: json
    }
  }

  package func translated(target: String) -> String {
    if found.isEmpty { return target }
    let question = target.firstIndex(of: "?") ?? target.endIndex
    let path = target[..<question].split(separator: "/", omittingEmptySubsequences: false)
      .map { part in
        let decoded = PercentCoding.decode(String(part))
        let new = translated(decoded)
        return new == decoded
          ? String(part) : PercentCoding.encode(new, allowed: "-_.~:@!$&'()*+,;=")
      }.joined(separator: "/")
    guard question < target.endIndex else { return path }
    let pairs = target[target.index(after: question)...]
      .split(separator: "&", omittingEmptySubsequences: false)
      .map { pair -> String in
        guard let equals = pair.firstIndex(of: "=") else { return String(pair) }
        let value = PercentCoding.decode(
          String(pair[pair.index(after: equals)...]), plusIsSpace: true)
        let new = translated(value)
        guard new != value else { return String(pair) }
        return pair[...equals] + PercentCoding.encode(new, allowed: "-_.~")
      }
    return path + "?" + pairs.joined(separator: "&")
  }

  /// The places of a path that ids of the service's stand at, counted by its slashes.
  package func placesOfIdentities(in path: String) -> Set<Int> {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return Set(
      parts.indices.filter { index in
        let text = PercentCoding.decode(String(parts[index]))
        return found[text] != nil || translated(text) != text
      })
  }
}
