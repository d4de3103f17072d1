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
  public internal(set) var bytes: [UInt8] = []
  var needsComma = false

  public init(reserving capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  /// Makes room for about so much more: for lists whose length is known.
  package mutating func reserve(_ byteCount: Int) {
    bytes.reserveCapacity(bytes.count + byteCount)
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
  public mutating func object(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
    key(name)
    object(body)
  }

  /// An array as the member of an object.
  public mutating func array(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
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

  /// Takes back the end of the object and of the line that were written last: for a second line that has more
  /// members than the first.
  package mutating func reopenLine() {
    bytes.removeLast(2)
    needsComma = true
  }

  /// Text in front of a value, in a line that is not JSON alone.
  package mutating func plain(_ text: Span<UInt8>) {
    bytes.append(contentsOf: text)
    needsComma = false
  }

  // MARK: Members
  //
  // A name that stands in the source needs no look for what JSON escapes; one that is found while the
  // program runs is quoted like any other text, and says `named:`. Without that label a literal could be
  // either, and is the slow one as soon as the value is an expression.

  /// The name of the next value.
  public mutating func key(_ name: StaticString) {
    // SAFETY: there are no bytes of a value to write.
    _ = unsafe write(name, needsComma: needsComma, valueCount: 0) { _ in true }
    needsComma = false
  }

  public mutating func key(named name: String) {
    quote(name, isName: true)
    needsComma = false
  }

  /// Most of an answer is this: written in one go.
  public mutating func member(_ name: StaticString, _ value: String) {
    member(name, value.utf8.span)
  }

  /// A text that was made for nothing else, such as a time's.
  package mutating func member(_ name: StaticString, _ utf8: Span<UInt8>) {
    let size = utf8.count + 2
    // SAFETY: the place has `size` bytes: the text's, which live for the length of the call, and two
    // quotes.
    let isPlain = unsafe write(name, needsComma: needsComma, valueCount: size) { place in
      unsafe place.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
      unsafe place.storeBytes(of: UInt8(ascii: "\""), toByteOffset: size - 1, as: UInt8.self)
      return unsafe utf8.copyIfPlain(to: place + 1)
    }
    if !isPlain {
      key(name)
      quoteEscaped(utf8, isName: false)
    }
    needsComma = true
  }

  /// A text of which is known that it needs no escape.
  package mutating func member(plain name: StaticString, _ utf8: Span<UInt8>) {
    let size = utf8.count + 2
    // SAFETY: as above.
    _ = unsafe write(name, needsComma: needsComma, valueCount: size) { place in
      unsafe place.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
      unsafe utf8.withUnsafeBytes { text in
        guard let start = text.baseAddress else { return }
        unsafe (place + 1).copyShort(start, count: text.count)
      }
      unsafe place.storeBytes(of: UInt8(ascii: "\""), toByteOffset: size - 1, as: UInt8.self)
      return true
    }
    needsComma = true
  }

  /// A text that need not be put together first: `write` writes its pieces by `piece`.
  package mutating func member(_ name: StaticString, inPieces write: (inout JSONWriter) -> Void) {
    key(name)
    bytes.append(UInt8(ascii: "\""))
    write(&self)
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  package mutating func piece(_ text: String) { appendEscaped(text.utf8.span) }
  public mutating func member(_ name: StaticString, _ value: Int) {
    key(name)
    self.value(value)
  }
  public mutating func member(_ name: StaticString, _ value: Bool) {
    key(name)
    self.value(value)
  }
  public mutating func member(_ name: StaticString, _ value: JSON) {
    key(name)
    self.value(value)
  }
  /// Writes nothing at all when the value is nil.
  public mutating func member(ifPresent name: StaticString, _ value: String?) {
    if let value { member(name, value) }
  }
  /// Writes nothing at all when the value is nil.
  package mutating func member(ifPresent name: StaticString, _ value: Int?) {
    if let value { member(name, value) }
  }
  /// Writes nothing at all when the value is nil or null.
  package mutating func member(ifPresent name: StaticString, _ value: JSON?) {
    if let value, !value.isNull { member(name, value) }
  }

  /// All members of an object, behind those that there are.
  package mutating func members(of object: JSONObject) {
    let span = object.members.span
    for index in span.indices { member(named: span[index].key, span[index].value) }
  }

  /// A comma if one is due, the name in quotes, a colon, and so many bytes of a value, which `fill`
  /// writes. Nothing at all where that says that it cannot be so.
  @inline(__always)
  private mutating func write(
    _ name: StaticString, needsComma: Bool, valueCount: Int,
    _ fill: (UnsafeMutableRawPointer) -> Bool
  ) -> Bool {
    var isWritten = false
    let comma = needsComma ? 1 : 0
    let count = name.utf8CodeUnitCount
    let size = comma + count + 3 + valueCount
    bytes.append(addingCapacity: size) { output in
      // SAFETY: the room has `size` bytes, all of which are written: the comma, the quotes, the name, whose
      // bytes are a part of the program, the colon, and the rest by `fill`.
      unsafe output.withUnsafeMutableBufferPointer { room, written in
        guard let start = room.baseAddress else { return }
        let place = UnsafeMutableRawPointer(start)
        if comma == 1 { unsafe place.storeBytes(of: UInt8(ascii: ","), as: UInt8.self) }
        unsafe place.storeBytes(of: UInt8(ascii: "\""), toByteOffset: comma, as: UInt8.self)
        unsafe (place + comma + 1).copyShort(UnsafeRawPointer(name.utf8Start), count: count)
        // `":`
        unsafe (place + comma + 1 + count).storeBytes(of: 0x3A22, as: UInt16.self)
        isWritten = unsafe fill(place + comma + count + 3)
        written = isWritten ? size : 0
      }
    }
    return isWritten
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

  /// A text that was made for nothing else.
  package mutating func value(_ utf8: Span<UInt8>) {
    quote(utf8, isName: false)
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
      // By spans: what is looked at in its place is not retained.
      let span = elements.span
      for index in span.indices { value(span[index]) }
      endArray()
    case .object(let object):
      beginObject()
      members(of: object)
      endObject()
    }
  }

  /// Text that is JSON already, such as a stored rendering.
  public mutating func raw(_ text: String) { raw(text.utf8.span) }

  /// The same of its bytes.
  package mutating func raw(_ text: Span<UInt8>) {
    separate()
    bytes.append(contentsOf: text)
    needsComma = true
  }

  private mutating func appendDecimal(_ value: Int) {
    var rest = value.magnitude
    guard value < 0 || rest > 9 else {
      return bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest))
    }
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var start = 20
    repeat {
      start -= 1
      digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    bytes.append(contentsOf: digits.span.extracting(start..<20))
  }

  /// A text with what stands around it: the comma before it, the colon behind a name. Nearly all of an
  /// answer is such texts, so each makes room once and is copied as a run.
  private mutating func quote(_ text: String, isName: Bool) {
    quote(text.utf8.span, isName: isName)
  }

  private mutating func quote(_ utf8: Span<UInt8>, isName: Bool) {
    let comma = needsComma ? 1 : 0
    let size = comma + utf8.count + (isName ? 3 : 2)
    var isPlain = false
    bytes.append(addingCapacity: size) { output in
      // SAFETY: the room has `size` bytes, all of which are written: the comma, the quotes, the text
      // whose bytes live for the length of the call, and the colon.
      unsafe output.withUnsafeMutableBufferPointer { room, count in
        guard let start = room.baseAddress else { return }
        if comma == 1 { unsafe room[0] = UInt8(ascii: ",") }
        unsafe room[comma] = UInt8(ascii: "\"")
        isPlain = unsafe utf8.copyIfPlain(to: UnsafeMutableRawPointer(start) + comma + 1)
        unsafe room[comma + 1 + utf8.count] = UInt8(ascii: "\"")
        if isName { unsafe room[size - 1] = UInt8(ascii: ":") }
        count = isPlain ? size : 0
      }
    }
    if !isPlain { quoteEscaped(utf8, isName: isName) }
  }

  /// The rare case: a text in which something needs an escape (RFC 8259 §7).
  private mutating func quoteEscaped(_ text: Span<UInt8>, isName: Bool) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    appendEscaped(text)
    bytes.append(UInt8(ascii: "\""))
    if isName { bytes.append(UInt8(ascii: ":")) }
  }

  private mutating func appendEscaped(_ text: Span<UInt8>) {
    var start = 0
    while start < text.count {
      let part = text.extracting(start..<min(text.count, start + 1024))
      // Twice as long where everything needs an escape of two bytes: JSON within JSON is not far from it.
      let room = 2 * part.count + Span<UInt8>.escapingRoomMin
      bytes.append(addingCapacity: room) { output in
        // SAFETY: the place has `room` bytes, of which those that are counted are written.
        unsafe output.withUnsafeMutableBufferPointer { place, count in
          guard let place = place.baseAddress else { return }
          let done = unsafe part.escape(to: UnsafeMutableRawPointer(place), room: room)
          start += done.read
          count = done.written
        }
      }
    }
  }
}
