/// How pieces come to the writer's bytes: each makes room once, with the comma before it, and is written into
/// its place. Nearly all of an answer is a name and a short value, so a look at the room for each half of
/// them, or a call of the library for each copy, would be most of the work.
extension JSONWriter {
  /// Room for so many bytes, all of which `fill` writes.
  @inline(__always)
  mutating func put(_ size: Int, _ fill: (UnsafeMutableRawPointer) -> Void) {
    _ = unsafe putIf(size) { place in
      unsafe fill(place)
      return true
    }
  }

  /// The same, and nothing at all where `fill` says that it cannot be so.
  @inline(__always)
  private mutating func putIf(_ size: Int, _ fill: (UnsafeMutableRawPointer) -> Bool) -> Bool {
    var isWritten = false
    bytes.append(addingCapacity: size) { output in
      // SAFETY: the room has `size` bytes, all of which are written if `fill` says so.
      unsafe output.withUnsafeMutableBufferPointer { room, written in
        guard let start = room.baseAddress else { return }
        isWritten = unsafe fill(UnsafeMutableRawPointer(start))
        written = isWritten ? size : 0
      }
    }
    return isWritten
  }

  /// A comma if one is due, the name in quotes, a colon, and so many bytes of a value, which `fill` writes.
  @inline(__always)
  mutating func put(
    _ name: StaticString, _ valueCount: Int, _ fill: (UnsafeMutableRawPointer) -> Void
  ) {
    _ = unsafe putIf(name, valueCount) { place in
      unsafe fill(place)
      return true
    }
  }

  /// The same, and nothing at all where `fill` says that it cannot be so.
  @inline(__always)
  private mutating func putIf(
    _ name: StaticString, _ valueCount: Int, _ fill: (UnsafeMutableRawPointer) -> Bool
  ) -> Bool {
    let comma = needsComma ? 1 : 0
    let count = name.utf8CodeUnitCount
    return unsafe putIf(comma &+ count &+ 3 &+ valueCount) { start in
      // SAFETY: the place has a byte for the comma if there is one, two for the quotes, those of the name and
      // one for the colon, and behind them those of the value.
      if comma == 1 { unsafe start.storeBytes(of: UInt8(ascii: ","), as: UInt8.self) }
      let place = unsafe start + comma
      unsafe place.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
      unsafe (place + 1).copyShort(name)
      let end = unsafe place + (count &+ 1)
      // `":`
      unsafe end.storeBytes(of: 0x3A22, as: UInt16.self)
      return unsafe fill(end + 2)
    }
  }

  /// A value with the comma before it if one is due.
  @inline(__always)
  mutating func putValue(_ size: Int, _ fill: (UnsafeMutableRawPointer) -> Void) {
    let comma = needsComma ? 1 : 0
    unsafe put(comma &+ size) { start in
      // SAFETY: the place has a byte for the comma if there is one, and behind it those of the value.
      if comma == 1 { unsafe start.storeBytes(of: UInt8(ascii: ","), as: UInt8.self) }
      unsafe fill(start + comma)
    }
    needsComma = true
  }

  /// A member whose value is a text.
  @inline(never)
  mutating func put(_ name: StaticString, _ text: UnsafeBufferPointer<UInt8>) {
    let size = text.count &+ 2
    let isPlain = unsafe putIf(name, size) { place in
      // SAFETY: the place has `size` bytes: the text's and two quotes.
      unsafe place.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
      unsafe place.storeBytes(of: UInt8(ascii: "\""), toByteOffset: size &- 1, as: UInt8.self)
      return unsafe text.span.copyIfPlain(to: place + 1)
    }
    if !isPlain {
      key(name)
      quoteEscaped(unsafe text.span, isName: false)
    }
    needsComma = true
  }

  /// The same where the name is found while the program runs.
  @inline(never)
  mutating func put(_ name: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>) {
    let comma = needsComma ? 1 : 0
    let isPlain = unsafe putIf(comma &+ name.count &+ text.count &+ 5) { start in
      // SAFETY: the place has a byte for the comma if there is one, four for the quotes, one for the colon, and
      // those of both texts.
      if comma == 1 { unsafe start.storeBytes(of: UInt8(ascii: ","), as: UInt8.self) }
      let place = unsafe start + comma
      unsafe place.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
      let isPlainName = unsafe name.span.copyIfPlain(to: place + 1)
      let end = unsafe place + (name.count &+ 1)
      // `":`
      unsafe end.storeBytes(of: 0x3A22, as: UInt16.self)
      unsafe end.storeBytes(of: UInt8(ascii: "\""), toByteOffset: 2, as: UInt8.self)
      let isPlainText = unsafe text.span.copyIfPlain(to: end + 3)
      unsafe end.storeBytes(
        of: UInt8(ascii: "\""), toByteOffset: 3 &+ text.count, as: UInt8.self)
      return isPlainName && isPlainText
    }
    if !isPlain {
      unsafe putQuoted(name, isName: true)
      unsafe putQuoted(text, isName: false)
    }
    needsComma = true
  }

  /// An object of a name and a value, both of them texts, in one go.
  @inline(never)
  mutating func putField(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
    let comma = needsComma ? 1 : 0
    let (opening, middle): (StaticString, StaticString) = (#"{"name":""#, #"","value":""#)
    let around = opening.utf8CodeUnitCount &+ middle.utf8CodeUnitCount &+ 2
    let isPlain = unsafe putIf(comma &+ name.count &+ value.count &+ around) { start in
      // SAFETY: the place has a byte for the comma if there is one, those that stand around both texts, two of
      // them at the end, and those of both texts.
      if comma == 1 { unsafe start.storeBytes(of: UInt8(ascii: ","), as: UInt8.self) }
      let place = unsafe start + comma
      unsafe place.copyShort(opening)
      let nameStart = unsafe place + opening.utf8CodeUnitCount
      let nameEnd = unsafe nameStart + name.count
      unsafe nameEnd.copyShort(middle)
      let valueStart = unsafe nameEnd + middle.utf8CodeUnitCount
      // `"}`
      unsafe (valueStart + value.count).storeBytes(of: 0x7D22, as: UInt16.self)
      let isPlainName = unsafe name.span.copyIfPlain(to: nameStart)
      let isPlainValue = unsafe value.span.copyIfPlain(to: valueStart)
      return isPlainName && isPlainValue
    }
    if !isPlain {
      object { json in
        unsafe json.put("name", name)
        unsafe json.put("value", value)
      }
    }
    needsComma = true
  }

  /// Text as it is, as a value.
  @inline(never)
  mutating func putRaw(_ text: UnsafeRawBufferPointer) {
    unsafe putValue(text.count) { place in
      guard let start = text.baseAddress else { return }
      // SAFETY: the place has as many bytes as the text.
      if text.count <= 64 {
        unsafe place.copyShort(start, count: text.count)
      } else {
        unsafe place.copyMemory(from: start, byteCount: text.count)
      }
    }
  }

  /// A text with what stands around it: the comma before it, the colon behind a name.
  mutating func quote(_ text: String, isName: Bool) {
    // SAFETY: read during the call alone.
    let isWritten: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { text in
      unsafe putQuoted(text, isName: isName)
    }
    if isWritten == nil { quote(text.utf8.span, isName: isName) }
  }

  mutating func quote(_ utf8: Span<UInt8>, isName: Bool) {
    // SAFETY: as above.
    unsafe utf8.withUnsafeBufferPointer { unsafe putQuoted($0, isName: isName) }
  }

  @inline(never)
  private mutating func putQuoted(_ text: UnsafeBufferPointer<UInt8>, isName: Bool) {
    let comma = needsComma ? 1 : 0
    let isPlain = unsafe putIf(comma &+ text.count &+ (isName ? 3 : 2)) { start in
      // SAFETY: the place has a byte for the comma if there is one, two for the quotes, those of the text, and
      // one for the colon behind a name.
      if comma == 1 { unsafe start.storeBytes(of: UInt8(ascii: ","), as: UInt8.self) }
      let place = unsafe start + comma
      unsafe place.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
      let end = unsafe place + (text.count &+ 1)
      unsafe end.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
      if isName { unsafe end.storeBytes(of: UInt8(ascii: ":"), toByteOffset: 1, as: UInt8.self) }
      return unsafe text.span.copyIfPlain(to: place + 1)
    }
    if !isPlain { quoteEscaped(unsafe text.span, isName: isName) }
    needsComma = !isName
  }

  /// The rare case: a text in which something needs an escape (RFC 8259 §7).
  mutating func quoteEscaped(_ text: Span<UInt8>, isName: Bool) {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\""))
    appendEscaped(text)
    bytes.append(UInt8(ascii: "\""))
    if isName { bytes.append(UInt8(ascii: ":")) }
  }

  mutating func appendEscaped(_ text: Span<UInt8>) {
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

/// An integer's decimal digits, with a minus if it has one.
struct DecimalText {
  private var text = InlineArray<20, UInt8>(repeating: 0)
  private var start = 20

  @inline(__always)
  init(_ value: Int) {
    var rest = value.magnitude
    repeat {
      start &-= 1
      text[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    if value < 0 {
      start &-= 1
      text[start] = UInt8(ascii: "-")
    }
  }

  @inline(__always) var count: Int { 20 &- start }

  /// - Parameter place: has room for them.
  @inline(__always)
  func copy(to place: UnsafeMutableRawPointer) {
    for index in start..<20 {
      // SAFETY: within the room.
      unsafe place.storeBytes(of: text[index], toByteOffset: index &- start, as: UInt8.self)
    }
  }
}
