package import PayloadCodecs

/// A point in time as a client can observe it: nanoseconds since 1970-01-01T00:00:00Z.
///
/// **Range**: 1684 to 2255, wherever an instant comes from: what is earlier or later stands at the
/// end of the range, and an instant of a snapshot outside of it is refused. So seconds, days and
/// nanoseconds of any instant can be counted with, and the difference of two of them, a day more or
/// less, always fits. `latest` is beyond every clock's reach: what falls due then never does.
@usableFromInline package struct VirtualInstant: Sendable, Hashable, Comparable {
  @usableFromInline package let nanoseconds: Int64

  /// 285 years each way, seven less than 64 bits of nanoseconds hold.
  private static let limit: Int64 = 9_000_000_000 * 1_000_000_000
  package static let earliest = Self(nanoseconds: -limit)
  @usableFromInline package static let latest = Self(nanoseconds: limit)
  /// The last instant that a clock shows.
  package static let endOfTime = Self(nanoseconds: limit - 1_000_000_000)

  package init(nanoseconds: Int64) {
    self.nanoseconds = min(max(nanoseconds, -Self.limit), Self.limit)
  }
  package init(seconds: Int64) {
    self.init(nanoseconds: seconds.multipliedClamping(by: 1_000_000_000))
  }

  /// Nil outside the range.
  package init?(exactNanoseconds: Int64) {
    guard (-Self.limit...Self.limit).contains(exactNanoseconds) else { return nil }
    nanoseconds = exactNanoseconds
  }

  @inlinable package static func < (left: Self, right: Self) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  package static func + (left: Self, right: Duration) -> Self {
    let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.clampedNanoseconds)
    return overflow ? (right < .zero ? .earliest : .latest) : Self(nanoseconds: sum)
  }
  package static func - (left: Self, right: Self) -> Duration {
    .nanoseconds(left.nanoseconds) - .nanoseconds(right.nanoseconds)
  }
  /// As much later as `end` is later than `start`; without the wide numbers of a `Duration`.
  package func advanced(from start: Self, to end: Self) -> Self {
    let (difference, isWide) = end.nanoseconds.subtractingReportingOverflow(start.nanoseconds)
    let (sum, isBeyond) = nanoseconds.addingReportingOverflow(difference)
    return isWide || isBeyond ? self + (end - start) : Self(nanoseconds: sum)
  }
  /// The same for whole seconds.
  package func advanced(bySeconds seconds: Int64) -> Self {
    Self(
      nanoseconds: nanoseconds.addingClamping(seconds.multipliedClamping(by: 1_000_000_000)))
  }
  package static func += (left: inout Self, right: Duration) { left = left + right }

  /// Whole seconds since 1970, rounded down.
  package var epochSeconds: Int64 { nanoseconds.flooredDivision(by: 1_000_000_000) }
  package var epochMilliseconds: Int64 { nanoseconds.flooredDivision(by: 1_000_000) }

  package enum Precision: Int, Sendable {
    case seconds = 0
    case milliseconds = 3
    case microseconds = 6
  }

  /// RFC 3339 in UTC with `Z`, such as `2026-01-01T00:00:00.123456Z`.
  package func iso8601(_ precision: Precision = .seconds) -> String {
    withISO8601(precision) { text in
      // SAFETY: digits and the marks between them are ASCII.
      String(copying: unsafe UTF8Span(unchecked: text, isKnownASCII: true))
    }
  }

  /// The same text where it needs no string: answers have two or three of them for each thing.
  package func withISO8601<Value>(
    _ precision: Precision, _ body: (Span<UInt8>) -> Value
  ) -> Value {
    var text = InlineArray<27, UInt8>(repeating: UInt8(ascii: "Z"))
    let nanosecond = write(into: &text)
    if precision == .seconds { return body(text.span.extracting(0..<20)) }
    let microseconds = nanosecond / 1_000
    Self.put(microseconds / 10_000, at: 20, behind: ".", into: &text)
    Self.put(microseconds / 100 % 100, at: 22, into: &text)
    if precision == .milliseconds {
      text[23] = UInt8(ascii: "Z")
      return body(text.span.extracting(0..<24))
    }
    Self.put(microseconds % 100, at: 24, into: &text)
    return body(text.span)
  }

  /// The text up to its seconds. By a function of its own: a text that a closure has hold of is looked up
  /// behind a check at each step.
  /// - Returns: the nanoseconds behind them.
  private func write(into text: inout InlineArray<27, UInt8>) -> Int {
    let calendar = CalendarTime(self)
    Self.put(calendar.year / 100, at: 0, into: &text)
    Self.put(calendar.year % 100, at: 2, into: &text)
    Self.put(calendar.month, at: 5, behind: "-", into: &text)
    Self.put(calendar.day, at: 8, behind: "-", into: &text)
    Self.put(calendar.hour, at: 11, behind: "T", into: &text)
    Self.put(calendar.minute, at: 14, behind: ":", into: &text)
    Self.put(calendar.second, at: 17, behind: ":", into: &text)
    return calendar.nanosecond
  }

  /// Two digits; what stands before them is a mark. Every instant's year has four.
  @inline(__always)
  private static func put(
    _ value: Int, at place: Int, behind mark: Unicode.Scalar? = nil,
    into text: inout InlineArray<27, UInt8>
  ) {
    if let mark { text[place - 1] = UInt8(ascii: mark) }
    let value = UInt(bitPattern: value)
    text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10)
    text[place + 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
  }

  /// Reads RFC 3339 with any offset (`Z`, `+00:00`, `-0530`), fraction or none, `T` or a space.
  package init?(iso8601 text: String) {
    var reader = DigitReader(Array(text.utf8))
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2),
      reader.take("-"), let day = reader.number(2), (1...12).contains(month),
      day >= 1, day <= CalendarTime.daysInMonth(month, of: year)
    else { return nil }
    var seconds = CalendarTime.daysSinceEpoch(year, month, day) * 86_400
    var fraction: Int64 = 0
    if !reader.isAtEnd {
      guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2),
        reader.take(":"), let minute = reader.number(2), hour < 24, minute < 60
      else { return nil }
      var second = 0
      if reader.take(":") {
        guard let value = reader.number(2), value < 61 else { return nil }
        second = value
        if reader.take(".") {
          guard let value = reader.fraction() else { return nil }
          fraction = value
        }
      }
      seconds += Int64(hour * 3600 + minute * 60 + second)
      guard let offset = reader.offset() else { return nil }
      seconds -= Int64(offset)
    }
    guard reader.isAtEnd, abs(seconds) < Self.limit / 1_000_000_000 else { return nil }
    self.init(exactNanoseconds: seconds * 1_000_000_000 + fraction)
  }
}

extension VirtualInstant: Codable {
  private enum CodingKeys: CodingKey { case nanoseconds }

  @usableFromInline package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let number = try container.decode(Int64.self, forKey: .nanoseconds)
    guard let instant = Self(exactNanoseconds: number) else {
      throw DecodingError.dataCorruptedError(
        forKey: .nanoseconds, in: container,
        debugDescription: "\(number) nanoseconds are not within 1684 to 2255")
    }
    self = instant
  }
}

/// An instant taken apart in UTC, by the proleptic Gregorian calendar.
package struct CalendarTime: Sendable, Equatable {
  package var year: Int
  package var month: Int
  package var day: Int
  package var hour: Int
  package var minute: Int
  package var second: Int
  package var nanosecond: Int
  /// 0 Sunday … 6 Saturday.
  package var weekday: Int

  /// Inlined: hardly anybody asks for all of it.
  @inline(__always) package init(_ instant: VirtualInstant) {
    let seconds = instant.epochSeconds
    let days = seconds.flooredDivision(by: 86_400)
    let inDay = Int(seconds - days * 86_400)
    nanosecond = Int(instant.nanoseconds - seconds * 1_000_000_000)
    (hour, minute, second) = (inDay / 3600, inDay / 60 % 60, inDay % 60)
    weekday = Int((days + 4) % 7 + 7) % 7
    (year, month, day) = Self.civil(days)
  }

  /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (public domain).
  package static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
    let shifted = Int64(month <= 2 ? year - 1 : year)
    let era = shifted.flooredDivision(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = Int64((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1)
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  package static func civil(_ days: Int64) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    if let shifted = UInt32(exactly: shifted), shifted < 1 << 28 { return civil(shifted) }
    let era = shifted.flooredDivision(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let day = Int(dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    let month = Int(monthIndex < 10 ? monthIndex + 3 : monthIndex - 9)
    let year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    return (year, month, day)
  }

  /// The same of days since the first of March of the year 0, with multiplications in the place of most
  /// divisions.
  /// Source: Cassio Neri and Lorenz Schneider, "Euclidean affine functions and their application to calendar
  /// algorithms" (2022).
  private static func civil(_ shifted: UInt32) -> (year: Int, month: Int, day: Int) {
    let quarters = 4 &* shifted &+ 3
    let century = quarters / 146_097
    let inCentury = (quarters % 146_097) | 3
    let product = 2_939_745 &* UInt64(inCentury)
    let yearOfCentury = UInt32(truncatingIfNeeded: product >> 32)
    let dayOfYear = UInt32(truncatingIfNeeded: product) / 2_939_745 / 4
    let months = 2_141 &* dayOfYear &+ 197_913
    let isNextYear = dayOfYear >= 306
    let month = months >> 16
    return (
      Int(100 &* century &+ yearOfCentury &+ (isNextYear ? 1 : 0)),
      Int(isNextYear ? month &- 12 : month), Int((months & 0xFFFF) / 2_141 &+ 1)
    )
  }

  package static func daysInMonth(_ month: Int, of year: Int) -> Int {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
  }
}

/// Takes an ISO 8601 text apart.
private struct DigitReader {
  let bytes: [UInt8]
  var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  var isAtEnd: Bool { index == bytes.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  mutating func number(_ digits: Int) -> Int? {
    guard index + digits <= bytes.count else { return nil }
    var value = 0
    for _ in 0..<digits {
      guard bytes[index] &- 0x30 < 10 else { return nil }
      value = value * 10 + Int(bytes[index] - 0x30)
      index += 1
    }
    return value
  }

  /// Digits after the point as nanoseconds; more than nine are cut.
  mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var count = 0
    while index < bytes.count, bytes[index] &- 0x30 < 10 {
      if count < 9 { value = value * 10 + Int64(bytes[index] - 0x30) }
      count += 1
      index += 1
    }
    guard count > 0 else { return nil }
    for _ in min(count, 9)..<9 { value *= 10 }
    return value
  }

  /// Seconds east of UTC; 0 when nothing is left.
  mutating func offset() -> Int? {
    if isAtEnd || take("Z") || take("z") { return 0 }
    let sign = take("+") ? 1 : take("-") ? -1 : 0
    guard sign != 0, let hours = number(2), hours < 24 else { return nil }
    _ = take(":")
    let minutes = isAtEnd ? 0 : number(2) ?? 99
    return minutes < 60 ? sign * (hours * 3600 + minutes * 60) : nil
  }
}

extension Duration {
  /// Nanoseconds, held at the ends of `Int64`.
  package var clampedNanoseconds: Int64 {
    // Up to nine seconds, as most last, without a division of wide numbers.
    if let near = Int64(exactly: attoseconds) { return near / 1_000_000_000 }
    let (seconds, attoseconds) = components
    let whole = seconds.multipliedClamping(by: 1_000_000_000)
    let (sum, overflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow ? whole : sum
  }
  /// Whole seconds, a begun one counted as whole.
  package var secondsRoundedUp: Int {
    if let near = Int64(exactly: attoseconds) {
      let second: Int64 = 1_000_000_000_000_000_000
      return Int(near / second + (near % second > 0 ? 1 : 0))
    }
    let (seconds, attoseconds) = components
    return Int(clamping: attoseconds > 0 ? seconds.addingClamping(1) : seconds)
  }
  package var inSeconds: Double { Double(clampedNanoseconds) / 1e9 }
  package init(inSeconds seconds: Double) {
    let nanoseconds = (seconds * 1e9).rounded()
    self = .nanoseconds(Int64(exactly: nanoseconds) ?? (seconds > 0 ? .max : .min))
  }
}

extension Int64 {
  package func flooredDivision(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}

extension JSONWriter {
  /// An instant as `iso8601` has it.
  package mutating func member(
    _ name: StaticString, _ instant: VirtualInstant,
    _ precision: VirtualInstant.Precision = .seconds
  ) {
    instant.withISO8601(precision) { member(plain: name, $0) }
  }

  /// Writes nothing at all when the value is nil.
  package mutating func member(
    ifPresent name: StaticString, _ instant: VirtualInstant?,
    _ precision: VirtualInstant.Precision = .seconds
  ) {
    if let instant { member(name, instant, precision) }
  }
}
