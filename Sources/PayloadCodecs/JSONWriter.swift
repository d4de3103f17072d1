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

  /// Room for so many more records that are like what stands from `start` on, a little longer; no more than a
  /// MiB at once, should they not be.
  @usableFromInline mutating func reserve(likeThoseSince start: Int, _ count: Int) {
    let length = bytes.count - start + 1
    let needed = bytes.count + min(count * (length + length / 8), 1 << 20)
    // Never by a little: of lists within a list each asks.
    if needed > bytes.capacity { bytes.reserveCapacity(max(needed, 2 * bytes.capacity)) }
  }

  /// What was written since the last time, for texts that are sent piece by piece; the writer goes
  /// on behind it.
  public mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  // MARK: Containers
  //
  // Inlined: a closure with the members of a record takes hold of each that is counted.

  @inlinable @inline(__always)
  public mutating func object(_ body: (inout JSONWriter) -> Void) {
    beginObject()
    body(&self)
    endObject()
  }

  @inlinable @inline(__always)
  public mutating func array(_ body: (inout JSONWriter) -> Void) {
    beginArray()
    body(&self)
    endArray()
  }

  /// An object as the member of one.
  @inlinable @inline(__always)
  public mutating func object(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
    beginObject(name)
    body(&self)
    endObject()
  }

  /// An array as the member of an object.
  @inlinable @inline(__always)
  public mutating func array(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
    beginArray(name)
    body(&self)
    endArray()
  }

  /// An array of records that are much like each other: the first tells how much room all of many take, so that
  /// the text grows once, not by doubling with a copy each time.
  @inlinable @inline(__always)
  package mutating func array<Record>(
    _ records: some Sequence<Record>, count: Int, _ write: (Record, inout JSONWriter) -> Void
  ) {
    beginArray()
    let start = bytes.count
    var isLong = count > 8
    for record in records {
      write(record, &self)
      if isLong { reserve(likeThoseSince: start, count - 1) }
      isLong = false
    }
    endArray()
  }

  public mutating func beginObject() { open(UInt8(ascii: "{")) }
  public mutating func beginObject(_ name: StaticString) { open(UInt8(ascii: "{"), name) }
  public mutating func endObject() { close(UInt8(ascii: "}")) }
  public mutating func beginArray() { open(UInt8(ascii: "[")) }
  public mutating func beginArray(_ name: StaticString) { open(UInt8(ascii: "["), name) }
  public mutating func endArray() { close(UInt8(ascii: "]")) }

  private mutating func open(_ bracket: UInt8) {
    if needsComma {
      unsafe put(2) { place in
        // A comma and the bracket.
        unsafe place.storeBytes(of: UInt16(bracket) << 8 | 0x2C, as: UInt16.self)
      }
    } else {
      bytes.append(bracket)
    }
    needsComma = false
  }

  private mutating func open(_ bracket: UInt8, _ name: StaticString) {
    unsafe put(name, 1) { place in unsafe place.storeBytes(of: bracket, as: UInt8.self) }
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
    unsafe put(name, 0) { _ in }
    needsComma = false
  }

  public mutating func key(named name: String) {
    quote(name, isName: true)
  }

  /// Most of an answer is this: written in one go.
  public mutating func member(_ name: StaticString, _ value: String) {
    // Read where it lies: a string's span is made by a call, and holds the string meanwhile.
    // SAFETY: during the call alone.
    let isWritten: Void? = unsafe value.utf8.withContiguousStorageIfAvailable { text in
      unsafe put(name, text)
    }
    if isWritten == nil { member(name, value.utf8.span) }
  }

  /// A text that was made for nothing else, such as a time's.
  package mutating func member(_ name: StaticString, _ utf8: Span<UInt8>) {
    // SAFETY: as above.
    unsafe utf8.withUnsafeBufferPointer { unsafe put(name, $0) }
  }

  /// A text of which is known that it needs no escape.
  package mutating func member(plain name: StaticString, _ utf8: Span<UInt8>) {
    let size = utf8.count &+ 2
    unsafe put(name, size) { place in
      // SAFETY: the place has `size` bytes: the text's, which live for the length of the call, and two
      // quotes.
      unsafe place.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
      unsafe utf8.withUnsafeBytes { text in
        guard let start = text.baseAddress else { return }
        unsafe (place + 1).copyShort(start, count: text.count)
      }
      unsafe place.storeBytes(of: UInt8(ascii: "\""), toByteOffset: size &- 1, as: UInt8.self)
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
    let digits = DecimalText(value)
    unsafe put(name, digits.count) { unsafe digits.copy(to: $0) }
    needsComma = true
  }
  public mutating func member(_ name: StaticString, _ value: Bool) {
    let word: StaticString = value ? "true" : "false"
    unsafe put(name, word.utf8CodeUnitCount) { unsafe $0.copyShort(word) }
    needsComma = true
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
    for index in span.indices {
      // Most of them are texts.
      if case .string(let text) = span[index].value {
        member(named: span[index].key, text)
      } else {
        member(named: span[index].key, span[index].value)
      }
    }
  }

  // MARK: Values

  public mutating func null() { word("null") }
  public mutating func value(_ value: Bool) { word(value ? "true" : "false") }

  private mutating func word(_ word: StaticString) {
    unsafe putValue(word.utf8CodeUnitCount) { unsafe $0.copyShort(word) }
  }

  public mutating func value(_ value: Int) {
    let digits = DecimalText(value)
    unsafe putValue(digits.count) { unsafe digits.copy(to: $0) }
  }

  public mutating func value(_ text: String) {
    quote(text, isName: false)
  }

  /// A text that was made for nothing else.
  package mutating func value(_ utf8: Span<UInt8>) {
    quote(utf8, isName: false)
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
  public mutating func raw(_ text: String) {
    // SAFETY: read during the call alone.
    let isWritten: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { text in
      unsafe putRaw(UnsafeRawBufferPointer(text))
    }
    if isWritten == nil { raw(text.utf8.span) }
  }

  /// The same of its bytes.
  package mutating func raw(_ text: Span<UInt8>) {
    // SAFETY: as above.
    unsafe text.withUnsafeBytes { unsafe putRaw($0) }
  }
}
