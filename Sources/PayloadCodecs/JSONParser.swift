import HTTPModel

/// Why a text is no JSON, and where.
public struct JSONParseError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Reason: String, Sendable {
    case unexpectedEnd = "the text ends too early"
    case unexpectedByte = "unexpected character"
    case invalidNumber = "a malformed number"
    case invalidEscape = "a malformed escape in a string"
    case controlCharacter = "an unescaped control character in a string"
    case invalidUTF8 = "bytes that are no UTF-8"
    case tooDeep = "too many nested arrays and objects"
    case trailingText = "text after the value"
    case tooLarge = "more values than are taken in one text,"
  }
  public let reason: Reason
  /// Byte offset, from 0.
  public let offset: Int

  public var description: String { "\(reason.rawValue) at byte \(offset)" }
}

extension JSON {
  /// Nesting beyond this is refused; RFC 8259 §9 allows such a limit (Python's reader stops near
  /// 1,000, Go's at 10,000).
  public static let depthLimit = 256

  /// The same of texts of our own making: what was sent lies deeper in what is told of it.
  package static let ownDepthLimit = 2 * depthLimit

  /// What the values of one text may take in memory, in bytes: half a million values, or texts of 64
  /// MiB. A text of the most bytes that an operation takes (16 MiB) could else make ten times as much
  /// of itself (`{"":0},…`), and hold its reader for a second.
  public static let weightLimit = 64 << 20

  /// Parses one strict JSON text (RFC 8259): UTF-8, nothing before or after but white space. A byte
  /// order mark at the start is skipped (§8.1).
  ///
  /// - Parameters:
  ///   - weightLimit: what its values may take in memory; more for a text of our own making.
  ///   - depthLimit: how deep they may lie; likewise.
  public init(
    parsing bytes: [UInt8], weightLimit: Int = JSON.weightLimit, depthLimit: Int = JSON.depthLimit
  ) throws(JSONParseError) {
    var parser = JSONParser(weightLimit: weightLimit, depthLimit: depthLimit)
    self = try parser.document(bytes.span)
  }

  public init(parsing text: String) throws(JSONParseError) {
    try self.init(parsing: Array(text.utf8))
  }
}

/// Recursive descent over borrowed bytes. Strings without escapes are made in one step.
///
/// The bytes are passed from function to function, for a stored `Span` would need lifetime
/// annotations that are not final yet; an array costs a retain and release at every string.
struct JSONParser {
  private var index = 0
  private var depth = 0
  /// About what the values so far take in memory.
  private var weight = 0
  private let weightLimit: Int
  private let depthLimit: Int

  init(weightLimit: Int, depthLimit: Int) {
    self.weightLimit = weightLimit
    self.depthLimit = depthLimit
  }

  // An element of an array, a member of an object, what an array or object is allocated with, and a
  // text that does not fit into its value; grown arrays have room to spare.
  private static let elementWeight = 40
  private static let memberWeight = 64
  private static let containerWeight = 48
  private static let textWeight = 32
  /// Up to here objects get room for what most have at once.
  private static let generousWeightMax = 64 << 10

  @inline(__always)
  private mutating func charge(_ bytes: Span<UInt8>, _ amount: Int) throws(JSONParseError) {
    weight &+= amount
    guard weight <= weightLimit else { throw failure(bytes, .tooLarge) }
  }

  mutating func document(_ bytes: Span<UInt8>) throws(JSONParseError) -> JSON {
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { index = 3 }
    skipSpace(bytes)
    let value = try value(bytes)
    skipSpace(bytes)
    guard index == bytes.count else { throw failure(bytes, .trailingText) }
    return value
  }

  private func failure(_ bytes: Span<UInt8>, _ reason: JSONParseError.Reason) -> JSONParseError {
    JSONParseError(reason: reason, offset: min(index, bytes.count))
  }

  @inline(__always)
  private mutating func skipSpace(_ bytes: Span<UInt8>) {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x0A, 0x0D, 0x09: index += 1
      default: return
      }
    }
  }

  private mutating func value(_ bytes: Span<UInt8>) throws(JSONParseError) -> JSON {
    guard index < bytes.count else { throw failure(bytes, .unexpectedEnd) }
    switch bytes[index] {
    case UInt8(ascii: "\""): return .string(try string(bytes))
    case UInt8(ascii: "{"): return try object(bytes)
    case UInt8(ascii: "["): return try array(bytes)
    case UInt8(ascii: "t"): return try word(bytes, Self.trueLetters, .bool(true))
    case UInt8(ascii: "f"): return try word(bytes, Self.falseLetters, .bool(false))
    case UInt8(ascii: "n"): return try word(bytes, Self.nullLetters, .null)
    case UInt8(ascii: "-"), 0x30...0x39: return try number(bytes)
    default: throw failure(bytes, .unexpectedByte)
    }
  }

  // The words' letters, filled up with zeros.
  private static let trueLetters: InlineArray<5, UInt8> = [0x74, 0x72, 0x75, 0x65, 0]
  private static let falseLetters: InlineArray<5, UInt8> = [0x66, 0x61, 0x6C, 0x73, 0x65]
  private static let nullLetters: InlineArray<5, UInt8> = [0x6E, 0x75, 0x6C, 0x6C, 0]

  private mutating func word(
    _ bytes: Span<UInt8>, _ letters: InlineArray<5, UInt8>, _ value: JSON
  ) throws(JSONParseError) -> JSON {
    for position in 0..<5 where letters[position] != 0 {
      guard index < bytes.count else { throw failure(bytes, .unexpectedEnd) }
      guard bytes[index] == letters[position] else { throw failure(bytes, .unexpectedByte) }
      index += 1
    }
    return value
  }

  private mutating func enter(_ bytes: Span<UInt8>) throws(JSONParseError) {
    depth += 1
    guard depth <= depthLimit else { throw failure(bytes, .tooDeep) }
    try charge(bytes, Self.containerWeight)
    index += 1
    skipSpace(bytes)
  }

  private mutating func object(_ bytes: Span<UInt8>) throws(JSONParseError) -> JSON {
    try enter(bytes)
    var members: [(key: String, value: JSON)] = []
    if try skip(bytes, UInt8(ascii: "}")) {
      depth -= 1
      return .object(JSONObject())
    }
    // Most objects have a handful of members: one allocation instead of four.
    if weight < Self.generousWeightMax { members.reserveCapacity(8) }
    while true {
      guard index < bytes.count else { throw failure(bytes, .unexpectedEnd) }
      guard bytes[index] == UInt8(ascii: "\"") else { throw failure(bytes, .unexpectedByte) }
      try charge(bytes, Self.memberWeight)
      let key = try string(bytes)
      skipSpace(bytes)
      guard try skip(bytes, UInt8(ascii: ":")) else { throw failure(bytes, .unexpectedByte) }
      skipSpace(bytes)
      members.append((key, try value(bytes)))
      skipSpace(bytes)
      if try skip(bytes, UInt8(ascii: ",")) {
        skipSpace(bytes)
        continue
      }
      guard try skip(bytes, UInt8(ascii: "}")) else { throw failure(bytes, .unexpectedByte) }
      depth -= 1
      return .object(JSONObject(members))
    }
  }

  private mutating func array(_ bytes: Span<UInt8>) throws(JSONParseError) -> JSON {
    try enter(bytes)
    var elements: [JSON] = []
    if try skip(bytes, UInt8(ascii: "]")) {
      depth -= 1
      return .array([])
    }
    while true {
      try charge(bytes, Self.elementWeight)
      elements.append(try value(bytes))
      skipSpace(bytes)
      if try skip(bytes, UInt8(ascii: ",")) {
        skipSpace(bytes)
        continue
      }
      guard try skip(bytes, UInt8(ascii: "]")) else { throw failure(bytes, .unexpectedByte) }
      depth -= 1
      return .array(elements)
    }
  }

  /// Whether `byte` stands here, taken if so.
  @inline(__always)
  private mutating func skip(_ bytes: Span<UInt8>, _ byte: UInt8) throws(JSONParseError) -> Bool {
    guard index < bytes.count else { throw failure(bytes, .unexpectedEnd) }
    guard bytes[index] == byte else { return false }
    index += 1
    return true
  }

  // MARK: Numbers

  private mutating func number(_ bytes: Span<UInt8>) throws(JSONParseError) -> JSON {
    let start = index
    let isNegative = bytes[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    let firstDigit = index
    let magnitude = try digits(bytes)
    if bytes[firstDigit] == UInt8(ascii: "0"), index > firstDigit + 1 {
      index = firstDigit + 1
      throw failure(bytes, .invalidNumber)
    }
    var isWhole = true
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      isWhole = false
      index += 1
      _ = try digits(bytes)
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      index += 1
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")
      {
        index += 1
      }
      _ = try digits(bytes)
    }
    // Up to 18 digits the sum cannot have wrapped; "-0" is no integer, for its sign would be lost.
    if isWhole, index - firstDigit <= 18, !(isNegative && magnitude == 0) {
      return .integer(isNegative ? 0 &- magnitude : magnitude)
    }
    let text = try decode(bytes, start..<index)
    if isWhole, text != "-0", let whole = Int(text) { return .integer(whole) }
    return .decimal(text)
  }

  /// Answers the number that the digits make, modulo 2^64.
  private mutating func digits(_ bytes: Span<UInt8>) throws(JSONParseError) -> Int {
    let start = index
    var value = 0
    while index < bytes.count {
      let digit = bytes[index] &- 0x30
      guard digit < 10 else { break }
      value = value &* 10 &+ Int(digit)
      index += 1
    }
    guard index > start else { throw failure(bytes, .invalidNumber) }
    return value
  }

  // MARK: Strings

  private mutating func string(_ bytes: Span<UInt8>) throws(JSONParseError) -> String {
    let start = index + 1
    let rest = bytes.extracting(start..<bytes.count)
    let length = rest.plainCount
    index = start + length
    guard length < rest.count else { throw failure(bytes, .unexpectedEnd) }
    switch rest[length] {
    case UInt8(ascii: "\""):
      if length > 15 { try charge(bytes, length &+ Self.textWeight) }
      let text = try decode(bytes, start..<index)
      index += 1
      return text
    case UInt8(ascii: "\\"): return try escapedString(bytes, from: start)
    default: throw failure(bytes, .controlCharacter)
    }
  }

  private func decode(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) throws(JSONParseError) -> String {
    do throws(UTF8.ValidationError) {
      return String(copying: try UTF8Span(validating: bytes.extracting(range)))
    } catch {
      throw JSONParseError(reason: .invalidUTF8, offset: range.lowerBound)
    }
  }

  /// From the first backslash on: unescapes into a buffer.
  private mutating func escapedString(_ bytes: Span<UInt8>, from start: Int) throws(JSONParseError)
    -> String
  {
    var buffer: [UInt8] = []
    buffer.append(contentsOf: bytes.extracting(start..<index))
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        if buffer.count > 15 { try charge(bytes, buffer.count &+ Self.textWeight) }
        guard let text = String(validating: buffer, as: UTF8.self) else {
          throw JSONParseError(reason: .invalidUTF8, offset: start)
        }
        return text
      case UInt8(ascii: "\\"): try escape(bytes, into: &buffer)
      case 0..<0x20: throw failure(bytes, .controlCharacter)
      default:
        buffer.append(byte)
        index += 1
      }
    }
    throw failure(bytes, .unexpectedEnd)
  }

  private mutating func escape(_ bytes: Span<UInt8>, into buffer: inout [UInt8])
    throws(JSONParseError)
  {
    index += 1
    guard index < bytes.count else { throw failure(bytes, .unexpectedEnd) }
    let letter = bytes[index]
    index += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(letter)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0C)
    case UInt8(ascii: "n"): buffer.append(0x0A)
    case UInt8(ascii: "r"): buffer.append(0x0D)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "u"): buffer.append(contentsOf: try unicodeEscape(bytes).utf8)
    default:
      index -= 1
      throw failure(bytes, .invalidEscape)
    }
  }

  /// Four hexadecimal digits, or a surrogate pair of two escapes. A lone surrogate has no UTF-8
  /// form and becomes U+FFFD, as Python's and JavaScript's writers make it when encoding.
  private mutating func unicodeEscape(_ bytes: Span<UInt8>) throws(JSONParseError) -> Unicode.Scalar
  {
    let replacement: Unicode.Scalar = "\u{FFFD}"
    let first = try hexQuad(bytes)
    guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? replacement }
    guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
      bytes[index + 1] == UInt8(ascii: "u")
    else { return replacement }
    let rewind = index
    index += 2
    let second = try hexQuad(bytes)
    guard (0xDC00..<0xE000).contains(second) else {
      index = rewind
      return replacement
    }
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? replacement
  }

  private mutating func hexQuad(_ bytes: Span<UInt8>) throws(JSONParseError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard index < bytes.count else { throw failure(bytes, .unexpectedEnd) }
      guard let digit = bytes[index].hexDigitValue else { throw failure(bytes, .invalidEscape) }
      value = value << 4 | UInt32(digit)
      index += 1
    }
    return value
  }
}
