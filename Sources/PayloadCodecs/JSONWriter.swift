/// Writes JSON into a byte buffer, member by member: commas and colons come by themselves.
///
/// ```swift
/// var json = JSONWriter()
/// json.object { json in
///   json.member("id", id)
///   json.array("tags") { json in for tag in tags { json.value(tag) } }
/// }
/// ```
public struct JSONWriter: Sendable {
  public private(set) var bytes: [UInt8] = []
  private var needsComma = false

  public init(reserving capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  /// What was written since the last time, for texts that are sent piece by piece; the writer goes
  /// on behind it.
  public mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  // MARK: Containers

  public mutating func object(_ body: (inout JSONWriter) -> Void) {
    beginObject()
    body(&self)
    endObject()
  }

  public mutating func array(_ body: (inout JSONWriter) -> Void) {
    beginArray()
    body(&self)
    endArray()
  }

  /// An object as the member of one.
  public mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
    key(name)
    object(body)
  }

  /// An array as the member of an object.
  public mutating func array(_ name: String, _ body: (inout JSONWriter) -> Void) {
    key(name)
    array(body)
  }

  public mutating func beginObject() { open(UInt8(ascii: "{")) }
  public mutating func endObject() { close(UInt8(ascii: "}")) }
  public mutating func beginArray() { open(UInt8(ascii: "[")) }
  public mutating func endArray() { close(UInt8(ascii: "]")) }

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }

  /// A line feed: for texts with a value on each line.
  package mutating func endLine() {
    bytes.append(UInt8(ascii: "\n"))
    needsComma = false
  }

  // MARK: Members

  /// The name of the next value.
  public mutating func key(_ name: String) {
    quote(name, isName: true)
    needsComma = false
  }

  public mutating func member(_ name: String, _ value: String) {
    key(name)
    self.value(value)
  }
  public mutating func member(_ name: String, _ value: Int) {
    key(name)
    self.value(value)
  }
  public mutating func member(_ name: String, _ value: Bool) {
    key(name)
    self.value(value)
  }
  public mutating func member(_ name: String, _ value: JSON) {
    key(name)
    self.value(value)
  }
  /// Writes nothing at all when the value is nil.
  public mutating func member(ifPresent name: String, _ value: String?) {
    if let value { member(name, value) }
  }

  // MARK: Values

  public mutating func null() { raw("null") }
  public mutating func value(_ value: Bool) { raw(value ? "true" : "false") }

  public mutating func value(_ value: Int) {
    separate()
    appendDecimal(value)
    needsComma = true
  }

  public mutating func value(_ text: String) {
    quote(text, isName: false)
    needsComma = true
  }

  public mutating func value(_ json: JSON) {
    switch json {
    case .null: null()
    case .bool(let flag): value(flag)
    case .integer(let number): value(number)
    case .decimal(let text): raw(text)
    case .string(let text): value(text)
    case .array(let elements):
      beginArray()
      for element in elements { value(element) }
      endArray()
    case .object(let object):
      beginObject()
      for (name, member) in object.members { self.member(name, member) }
      endObject()
    }
  }

  /// Text that is JSON already, such as a stored rendering.
  public mutating func raw(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8.span)
    needsComma = true
  }

  private mutating func appendDecimal(_ value: Int) {
    let magnitude = value.magnitude
    bytes.append(addingCapacity: 20) { output in
      if value < 0 { output.append(UInt8(ascii: "-")) }
      var divisor: UInt = 1
      while magnitude / divisor >= 10 { divisor *= 10 }
      while divisor > 0 {
        output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude / divisor % 10))
        divisor /= 10
      }
    }
  }

  /// A text with what stands around it: the comma before it, the colon behind a name. Nearly all of an
  /// answer is such texts, so each makes room once and is copied as a run.
  private mutating func quote(_ text: String, isName: Bool) {
    let utf8 = text.utf8.span
    guard utf8.plainCount == utf8.count else { return quoteEscaped(utf8, isName: isName) }
    let comma = needsComma ? 1 : 0
    let size = comma + utf8.count + (isName ? 3 : 2)
    bytes.append(addingCapacity: size) { output in
      // SAFETY: the room has `size` bytes, all of which are written: the comma, the quotes, the text
      // whose bytes live for the length of the call, and the colon.
      unsafe output.withUnsafeMutableBufferPointer { room, count in
        if comma == 1 { unsafe room[0] = UInt8(ascii: ",") }
        unsafe room[comma] = UInt8(ascii: "\"")
        unsafe utf8.withUnsafeBytes { text in
          let place = unsafe UnsafeMutableRawBufferPointer(room)[(comma + 1)..<size]
          unsafe UnsafeMutableRawBufferPointer(rebasing: place).copyMemory(from: text)
        }
        unsafe room[comma + 1 + utf8.count] = UInt8(ascii: "\"")
        if isName { unsafe room[size - 1] = UInt8(ascii: ":") }
        count = size
      }
    }
  }

  /// The rare case: a text in which something needs an escape (RFC 8259 §7).
  private mutating func quoteEscaped(_ text: Span<UInt8>, isName: Bool) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    var start = 0
    while true {
      let rest = text.extracting(start..<text.count)
      let count = rest.plainCount
      bytes.append(contentsOf: rest.extracting(0..<count))
      guard count < rest.count else { break }
      escape(rest[count])
      start += count + 1
    }
    bytes.append(UInt8(ascii: "\""))
    if isName { bytes.append(UInt8(ascii: ":")) }
  }

  private mutating func escape(_ byte: UInt8) {
    bytes.append(UInt8(ascii: "\\"))
    guard byte < 0x20 else { return bytes.append(byte) }
    let letter = Self.escapes[Int(byte)]
    bytes.append(letter)
    guard letter == UInt8(ascii: "u") else { return }
    bytes.append(UInt8(ascii: "0"))
    bytes.append(UInt8(ascii: "0"))
    bytes.append(UInt8(ascii: "0") + (byte >> 4))
    bytes.append((byte & 15) < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15))
  }

  /// What stands behind the backslash for each control character; `u`: its number.
  private static let escapes = Array("uuuuuuuubtnufruuuuuuuuuuuuuuuuuu".utf8)
}

extension Span<UInt8> {
  /// How many bytes stand before the first that JSON escapes: a control character, a quote, a backslash.
  fileprivate var plainCount: Int {
    // SAFETY: read as bytes, during the call alone.
    let raw = unsafe bytes
    var index = 0
    // Eight at a time: a byte of `x - 0x01… & ~x & 0x80…` has its high bit where that of `x` is zero.
    while index + 8 <= count {
      // SAFETY: the eight bytes lie within the span; a UInt64 may have any bits.
      let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
      let quotes = word ^ 0x2222_2222_2222_2222
      let backslashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
      let found =
        (word &- 0x2020_2020_2020_2020) & ~word
        | (quotes &- 0x0101_0101_0101_0101) & ~quotes
        | (backslashes &- 0x0101_0101_0101_0101) & ~backslashes
      if found & 0x8080_8080_8080_8080 != 0 { break }
      index += 8
    }
    while index < count {
      let byte = self[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      index += 1
    }
    return index
  }
}
