/// Bytes put one behind another into a place of fixed size, which is neither grown nor asked who else
/// holds it: the log writes one line for each exchange, and this makes it a few stores. What has no room
/// is left out.
///
/// **Isolation**: lives within `LogBuffer.append(atMost:_:)`, which alone makes one.
@safe struct ByteFiller {
  private let place: UnsafeMutableBufferPointer<UInt8>
  private(set) var count = 0

  /// - Parameter place: outlives this.
  @unsafe init(_ place: UnsafeMutableBufferPointer<UInt8>) { unsafe self.place = place }

  mutating func put(_ byte: UInt8) {
    guard unsafe count < place.count else { return }
    // SAFETY: within the place, as just asked.
    unsafe place[count] = byte
    count += 1
  }

  private mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
    let fitting = unsafe min(bytes.count, place.count - count)
    guard fitting > 0, let from = bytes.baseAddress, let start = unsafe place.baseAddress
    else { return }
    // SAFETY: so many bytes are there, and have room.
    unsafe (start + count).initialize(from: from, count: fitting)
    count += fitting
  }

  mutating func put(_ bytes: [UInt8]) {
    // SAFETY: the pointer is used only inside the call.
    unsafe bytes.withUnsafeBufferPointer { unsafe put($0) }
  }

  mutating func put(_ bytes: ArraySlice<UInt8>) {
    // SAFETY: the pointer is used only inside the call.
    unsafe bytes.withUnsafeBufferPointer { unsafe put($0) }
  }

  mutating func put(_ text: StaticString) {
    // SAFETY: it lives as long as the program.
    unsafe put(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func put(_ text: String) {
    var text = text
    // SAFETY: the pointer is used only inside the call.
    text.withUTF8 { unsafe put($0) }
  }

  mutating func put(_ number: UInt64) {
    guard number > 9 else { return put(0x30 + UInt8(truncatingIfNeeded: number)) }
    var (rest, scale): (UInt64, UInt64) = (number, 1)
    while rest > 9 { (rest, scale) = (rest / 10, scale * 10) }
    rest = number
    while scale > 0 {
      let digit = rest / scale
      put(0x30 + UInt8(truncatingIfNeeded: digit))
      rest -= digit * scale
      scale /= 10
    }
  }

  /// In milliseconds with three digits behind the point.
  mutating func put(_ duration: Duration) {
    let microseconds = UInt64(clamping: duration.wholeMicroseconds)
    put(microseconds / 1000)
    put(UInt8(ascii: "."))
    putThousandths(microseconds % 1000)
  }

  /// A time: the text of its second, and what follows it.
  mutating func put(_ moment: LogMoment) {
    put(moment.second)
    putThousandths(moment.thousandths)
    put(UInt8(ascii: "Z"))
  }

  private mutating func putThousandths(_ number: UInt64) {
    put(0x30 + UInt8(truncatingIfNeeded: number / 100))
    put(0x30 + UInt8(truncatingIfNeeded: number / 10 % 10))
    put(0x30 + UInt8(truncatingIfNeeded: number % 10))
  }
}

/// A moment as the log writes it.
struct LogMoment {
  /// `2026-01-01T00:00:00.`
  let second: [UInt8]
  let thousandths: UInt64

  static let bytesMax = 40
}

/// The text of the last second that was written, which the next line has, too, as a rule.
struct SecondText: Sendable {
  private var second = Int64.min
  private var text: [UInt8] = []

  mutating func moment(_ milliseconds: Int64) -> LogMoment {
    let now = milliseconds.flooredDivision(by: 1000)
    if now != second {
      second = now
      text = Array(VirtualInstant(seconds: now).iso8601().utf8.dropLast()) + [0x2E]
    }
    return LogMoment(second: text, thousandths: UInt64(clamping: milliseconds - now * 1000))
  }
}
