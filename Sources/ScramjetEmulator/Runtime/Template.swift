import EmulatorKernel
import PayloadCodecs

/// A text with holes that an instance's program fills for each piece of data.
///
/// **Shape**: `{}` the piece as it came; `{name}`, `{a.b}` a member of the piece read as JSON,
/// `{name+1}` a number there plus one; `{n}` how often this rule has run, from 0; `{n1}` the same from 1; `{digit}` the last digit of
/// `n`; `{length}`, `{bytes}` characters and bytes of the piece; `{json}` the piece read as JSON and
/// written again; `{message}` an event's message; `{now}` the tenant's time. `{{` and `}}` are braces. `$0`, `$1`… are the start's args and are
/// filled in when the instance starts.
struct Template: Codable, Sendable, Equatable {
  enum Part: Codable, Sendable, Equatable {
    case literal([UInt8])
    case piece
    case field([String])
    /// A member that is a whole number, and so much more.
    case fieldPlus([String], Int)
    case number(base: Int)
    case digit
    case length
    case byteCount
    case json
    case message
    case now
  }

  let parts: [Part]

  init(parts: [Part]) { self.parts = parts }
  static let piece = Template(parts: [.piece])

  init(literal text: String) { parts = text.isEmpty ? [] : [.literal(Array(text.utf8))] }

  init(_ text: String) {
    var parts: [Part] = []
    var literal: [UInt8] = []
    let bytes = Array(text.utf8)
    let (open, close) = (UInt8(ascii: "{"), UInt8(ascii: "}"))
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == open || byte == close, index + 1 < bytes.count, bytes[index + 1] == byte {
        literal.append(byte)
        index += 2
        continue
      }
      if byte == open, let end = bytes[index...].firstIndex(of: close),
        let part = Template.hole(String(decoding: bytes[index + 1..<end], as: UTF8.self))
      {
        if !literal.isEmpty { parts.append(.literal(literal)) }
        literal = []
        parts.append(part)
        index = end + 1
        continue
      }
      literal.append(byte)
      index += 1
    }
    if !literal.isEmpty { parts.append(.literal(literal)) }
    self.parts = parts
  }

  /// What a hole's name means; nil when it is no name (such as the inside of a JSON object).
  private static func hole(_ name: String) -> Part? {
    switch name {
    case "": return .piece
    case "n": return .number(base: 0)
    case "n1": return .number(base: 1)
    case "digit": return .digit
    case "length": return .length
    case "bytes": return .byteCount
    case "json": return .json
    case "message": return .message
    case "now": return .now
    default:
      if let plus = name.lastIndex(of: "+"), let amount = Int(name[name.index(after: plus)...]),
        case .field(let path)? = hole(String(name[..<plus]))
      {
        return .fieldPlus(path, amount)
      }
      let isName = name.utf8.allSatisfy {
        $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D
      }
      return isName ? .field(name.split(separator: ".").map(String.init)) : nil
    }
  }
}

/// What a template's holes are filled from.
struct Binding: Codable, Sendable, Equatable {
  var piece: [UInt8] = []
  var number = 0
  var message: Kept<JSON>?
}

extension Template {
  /// - Parameter number: the innermost loop's count.
  func render(_ binding: Binding, number: Int, now: String) -> [UInt8] {
    if parts.count == 1 {
      if case .piece = parts[0] { return binding.piece }
      if case .literal(let bytes) = parts[0] { return bytes }
    }
    var out: [UInt8] = []
    var parsed: JSON??
    for part in parts {
      switch part {
      case .literal(let bytes): out += bytes
      case .piece: out += binding.piece
      case .number(let base): out += Array(String(number.addingClamping(base)).utf8)
      case .digit: out += Array(String(number % 10).utf8)
      case .length: out += Array(String(String(decoding: binding.piece, as: UTF8.self).count).utf8)
      case .byteCount: out += Array(String(binding.piece.count).utf8)
      case .json:
        if parsed == nil { parsed = .some(try? JSON(parsing: binding.piece)) }
        out += (parsed ?? nil)?.serialized() ?? binding.piece
      case .message: out += (binding.message?.value ?? .null).asText
      case .now: out += Array(now.utf8)
      case .field(let path):
        if parsed == nil { parsed = .some(try? JSON(parsing: binding.piece)) }
        if let value = Self.member(path, of: parsed ?? nil) { out += value.asText }
      case .fieldPlus(let path, let amount):
        if parsed == nil { parsed = .some(try? JSON(parsing: binding.piece)) }
        let number = Self.member(path, of: parsed ?? nil)?.intValue ?? 0
        out += Array(String(number.addingClamping(amount)).utf8)
      }
    }
    return out
  }

  private static func member(_ path: [String], of value: JSON?) -> JSON? {
    path.reduce(value) { $0?[$1] }
  }
}

extension JSON {
  /// A string as it is, anything else as JSON: how a sequence turns a value into text.
  var asText: [UInt8] {
    if case .string(let text) = self { Array(text.utf8) } else { serialized() }
  }

  /// Whether JavaScript takes the value for false.
  var isFalsy: Bool {
    switch self {
    case .null: true
    case .bool(let value): !value
    case .integer(let value): value == 0
    case .decimal(let text): (Double(text) ?? 1) == 0
    case .string(let text): text.isEmpty
    case .array, .object: false
    }
  }
}
