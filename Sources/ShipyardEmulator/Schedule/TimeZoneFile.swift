import EmulatorKernel

/// Takes a TZif file apart. Nil for anything malformed.
/// Source: RFC 9636 §3.
struct TimeZoneFile {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private struct Counts {
    var utcIndicators = 0
    var standardIndicators = 0
    var leapSeconds = 0
    var transitions = 0
    var types = 0
    var characters = 0

    func length(timeSize: Int) -> Int {
      transitions * (timeSize + 1) + types * 6 + characters + leapSeconds * (timeSize + 4)
        + standardIndicators + utcIndicators
    }
  }

  /// Version 2 and later hold the data twice, first with 32-bit times, then with 64-bit ones.
  func rules(name: String) -> TimeZoneRules? {
    guard let first = counts(at: 0), let version = byte(4) else { return nil }
    if version == 0 { return rules(name: name, counts: first, at: 44, timeSize: 4) }
    let second = 44 + first.length(timeSize: 4)
    guard let counts = counts(at: second) else { return nil }
    return rules(name: name, counts: counts, at: second + 44, timeSize: 8)
  }

  private func byte(_ index: Int) -> UInt8? { bytes.indices.contains(index) ? bytes[index] : nil }

  private func number(_ index: Int, _ size: Int) -> Int64? {
    guard index >= 0, index + size <= bytes.count else { return nil }
    var value: Int64 = bytes[index] & 0x80 == 0 ? 0 : -1
    for offset in 0..<size { value = value << 8 | Int64(bytes[index + offset]) }
    return value
  }

  private func counts(at start: Int) -> Counts? {
    guard start + 44 <= bytes.count, bytes[start..<start + 4].elementsEqual(Array("TZif".utf8))
    else { return nil }
    let values = (0..<6).compactMap { number(start + 20 + $0 * 4, 4).map(Int.init) }
    guard values.count == 6, values.allSatisfy({ (0..<1 << 20).contains($0) }) else { return nil }
    return Counts(
      utcIndicators: values[0], standardIndicators: values[1], leapSeconds: values[2],
      transitions: values[3], types: values[4], characters: values[5])
  }

  private func rules(
    name: String, counts: Counts, at start: Int, timeSize: Int
  ) -> TimeZoneRules? {
    let indices = start + counts.transitions * timeSize
    let types = indices + counts.transitions
    let end = start + counts.length(timeSize: timeSize)
    guard end <= bytes.count, counts.types > 0 else { return nil }
    var transitions: [Int64] = []
    var offsets: [Int] = []
    for index in 0..<counts.transitions {
      let type = Int(bytes[indices + index])
      guard type < counts.types, let time = number(start + index * timeSize, timeSize),
        let offset = number(types + type * 6, 4)
      else { return nil }
      transitions.append(time)
      offsets.append(Int(offset))
    }
    guard let firstOffset = number(types, 4) else { return nil }
    return TimeZoneRules(
      name: name, transitions: transitions, offsets: offsets, firstOffset: Int(firstOffset),
      rule: timeSize == 8 ? footerRule(at: end) : nil)
  }

  private func footerRule(at start: Int) -> DaylightRule? {
    guard byte(start) == 0x0A, let end = bytes[(start + 1)...].firstIndex(of: 0x0A) else {
      return nil
    }
    return DaylightRule(posix: Array(bytes[start + 1..<end]))
  }
}

extension DaylightRule {
  /// Reads a text like `EST5EDT,M3.2.0,M11.1.0`.
  init?(posix text: [UInt8]) {
    var reader = PosixRuleReader(text)
    guard reader.name(), let west = reader.time() else { return nil }
    standardOffset = -west
    daylight = nil
    if reader.isAtEnd { return }
    guard reader.name() else { return nil }
    var offset = standardOffset + 3600
    if !reader.next(is: ",") {
      guard let west = reader.time() else { return nil }
      offset = -west
    }
    guard reader.take(","), let start = reader.change(), reader.take(","),
      let end = reader.change(), reader.isAtEnd
    else { return nil }
    daylight = Daylight(offset: offset, start: start, end: end)
  }
}

private struct PosixRuleReader {
  let text: [UInt8]
  var index = 0

  init(_ text: [UInt8]) { self.text = text }
  var isAtEnd: Bool { index == text.count }

  func next(is character: Unicode.Scalar) -> Bool {
    index < text.count && text[index] == UInt8(ascii: character)
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next(is: character) else { return false }
    index += 1
    return true
  }

  /// Letters, or anything in angle brackets.
  mutating func name() -> Bool {
    let start = index
    if take("<") {
      while index < text.count, !next(is: ">") { index += 1 }
      return take(">")
    }
    while index < text.count, (text[index] | 0x20) &- 0x61 < 26 { index += 1 }
    return index - start >= 3
  }

  mutating func number() -> Int? {
    let start = index
    var value = 0
    while index < text.count, text[index] &- 0x30 < 10, index - start < 6 {
      value = value * 10 + Int(text[index] - 0x30)
      index += 1
    }
    return index > start ? value : nil
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  mutating func time() -> Int? {
    let sign = take("-") ? -1 : 1
    if sign == 1 { _ = take("+") }
    guard let hours = number() else { return nil }
    var seconds = hours * 3600
    if take(":") {
      guard let minutes = number() else { return nil }
      seconds += minutes * 60
      if take(":") {
        guard let rest = number() else { return nil }
        seconds += rest
      }
    }
    return sign * seconds
  }

  mutating func change() -> DaylightRule.Change? {
    guard let day = day() else { return nil }
    guard take("/") else { return DaylightRule.Change(day: day, time: 7200) }
    return time().map { DaylightRule.Change(day: day, time: $0) }
  }

  private mutating func day() -> DaylightRule.Day? {
    if take("M") {
      guard let month = number(), (1...12).contains(month), take("."), let week = number(),
        (1...5).contains(week), take("."), let weekday = number(), (0...6).contains(weekday)
      else { return nil }
      return .month(month, week: week, weekday: weekday)
    }
    let isJulian = take("J")
    guard let day = number(), day <= 365 else { return nil }
    return isJulian ? .julian(day) : .zeroBased(day)
  }
}

/// The year of a day counted from 1970-01-01.
struct CalendarYear {
  let year: Int
  init(_ days: Int64) { year = CalendarTime.civil(days).year }
}

extension DaylightRule.Change {
  /// Local seconds since 1970 of the change in a year.
  func second(of year: Int) -> Int64 { dayNumber(of: year) * 86_400 + Int64(time) }

  private func dayNumber(of year: Int) -> Int64 {
    let newYear = CalendarTime.daysSinceEpoch(year, 1, 1)
    switch day {
    case .zeroBased(let day): return newYear + Int64(day)
    case .julian(let day):
      let isAfterLeapDay = day >= 60 && CalendarTime.daysInMonth(2, of: year) == 29
      return newYear + Int64(day - 1) + (isAfterLeapDay ? 1 : 0)
    case .month(let month, let week, let weekday):
      let first = CalendarTime.daysSinceEpoch(year, month, 1)
      let firstWeekday = Int((first % 7 + 11) % 7)
      var day = 1 + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
      if day > CalendarTime.daysInMonth(month, of: year) { day -= 7 }
      return first + Int64(day - 1)
    }
  }
}
