import HTTPModel
package import PayloadCodecs

// What a recording must not hold: credentials wherever they stand, in contents, too.
extension CredentialMask {
  /// Names of members and form fields without letter case, dashes and underscores.
  private static let secretNames: TextSet = [
    "token", "accesstoken", "refreshtoken", "idtoken", "sessiontoken", "authtoken", "apikey",
    "xapikey", "apitoken", "secretkey", "privatekey", "password", "passwd", "secret",
    "clientsecret",
    "authorization", "credential", "credentials", "signature",
  ]

  package static func isSecret(name: String) -> Bool {
    secretNames.contains(
      String(
        decoding: name.asciiLowercased.utf8.filter {
          $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_")
        }, as: UTF8.self))
  }

  /// A secret as it may be shown.
  package static func shown(_ secret: String) -> String {
    secret.isEmpty || secret.hasPrefix(mark) ? secret : masked(secret[...])
  }

  /// With what a masked secret begins.
  package static let mark = "***#"

  /// The secrets that a field's value holds, without the scheme in front.
  package func secrets(in value: String, ofField name: String) -> [String] {
    let name = name.asciiLowercased
    if name == "cookie" || name == "set-cookie" {
      return value.utf8.split(separator: UInt8(ascii: ";")).prefix(name == "cookie" ? .max : 1)
        .compactMap { pair in
          pair.firstIndex(of: UInt8(ascii: "=")).map {
            String(Substring(pair[$0...].dropFirst()))
          }
        }
    }
    guard isSecret(field: name) else { return [] }
    guard let space = value.firstIndex(of: " ") else { return [value] }
    return [String(value[value.index(after: space)...])]
  }

  /// The secrets that stand in a target's query, as they are written there and without escapes.
  package func secrets(inTarget target: String) -> [String] {
    RequestTarget(target).queryItems.filter { Self.isSecretQuery($0.name) }.map(\.value)
  }

  /// Those of JSON, by the names of members.
  package static func secrets(in json: JSON) -> [String] {
    switch json {
    case .array(let elements): elements.flatMap { secrets(in: $0) }
    case .object(let object):
      object.members.flatMap { name, value -> [String] in
        if case .string(let text) = value { return isSecret(name: name) ? [text] : [] }
        return secrets(in: value)
      }
    default: []
    }
  }

  /// JSON whose secrets are masked; nil: it has none.
  package static func masked(_ json: JSON) -> JSON? {
    switch json {
    case .array(let elements):
      let changed = elements.map { masked($0) }
      guard changed.contains(where: { $0 != nil }) else { return nil }
      return .array(zip(elements, changed).map { $1 ?? $0 })
    case .object(let object):
      var result = object
      var hasChanged = false
      for (index, (name, value)) in object.members.enumerated() {
        let new: JSON?
        if case .string(let text) = value, isSecret(name: name), !text.isEmpty {
          new = .string(shown(text))
        } else {
          new = masked(value)
        }
        guard let new else { continue }
        result.members[index].value = new
        hasChanged = true
      }
      return hasChanged ? .object(result) : nil
    default: return nil
    }
  }
}

// Of JSON that cannot be read as a whole: it was cut, it is a value a line, or too much.
extension CredentialMask {
  /// The texts behind names that say so, each with its place. One without an end goes on to that of its line,
  /// since no text of JSON holds a line break.
  package static func secrets(inText bytes: [UInt8]) -> [(place: Range<Int>, secret: String)] {
    var found: [(place: Range<Int>, secret: String)] = []
    var last: Range<Int>?
    var isAwaited = false
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        let text = index..<endOfText(in: bytes, from: index)
        index = text.upperBound + (text.upperBound < bytes.count ? 1 : 0)
        if isAwaited, !text.isEmpty { found.append((text, unescaped(bytes[text]))) }
        last = isAwaited ? nil : text
        isAwaited = false
      case UInt8(ascii: ":"):
        isAwaited = last.map { isSecret(name: unescaped(bytes[$0])) } ?? false
        last = nil
      case 0x20, 0x09, 0x0A, 0x0D: break
      default: (last, isAwaited) = (nil, false)
      }
    }
    return found
  }

  private static func endOfText(in bytes: [UInt8], from start: Int) -> Int {
    var isEscaped = false
    for index in start..<bytes.count {
      switch bytes[index] {
      case 0x0A: return index
      case _ where isEscaped: isEscaped = false
      case UInt8(ascii: "\\"): isEscaped = true
      case UInt8(ascii: "\""): return index
      default: break
      }
    }
    return bytes.count
  }

  private static func unescaped(_ text: ArraySlice<UInt8>) -> String {
    let quote = UInt8(ascii: "\"")
    let whole =
      text.contains(UInt8(ascii: "\\"))
      ? (try? JSON(parsing: [quote] + text + [quote]))?.stringValue : nil
    return whole ?? String(decoding: text, as: UTF8.self)
  }

  /// The same bytes with these texts masked.
  package static func masked(text bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    for (place, secret) in secrets(inText: bytes) {
      result += bytes[position..<place.lowerBound] + Array(shown(secret).utf8)
      position = place.upperBound
    }
    return result + bytes[position...]
  }
}
