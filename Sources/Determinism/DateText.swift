import HTTPModel
package import PayloadCodecs

extension VirtualInstant {
  /// Reads a date of HTTP in each of its three forms (RFC 9110 §5.6.7):
  /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
  ///
  /// A year of two digits is of this century up to 69: who sends one means the past, and none of ours
  /// goes so far.
  package init?(httpDate text: String) {
    let words = text.utf8.split(whereSeparator: { " ,-".utf8.contains($0) })
      .map { String($0) ?? "" }
    // Weekday first; the year is the last word, or the last but the zone.
    let order: (day: Int, month: Int, year: Int, time: Int)
    switch words.count {
    case 6 where words[5].isExactly("GMT"): order = (1, 2, 3, 4)
    case 5: order = (2, 1, 4, 3)
    default: return nil
    }
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let clock = words[order.time].utf8.split(separator: UInt8(ascii: ":")).map { String($0) ?? "" }
    guard let month = months.firstIndex(where: { $0.isExactly(words[order.month]) }),
      let day = Int(words[order.day]), var year = Int(words[order.year]), clock.count == 3,
      let hour = Int(clock[0]), let minute = Int(clock[1]), let second = Int(clock[2]),
      (0...9_999).contains(year), (0..<24).contains(hour), (0..<60).contains(minute),
      (0...60).contains(second)
    else { return nil }
    if words[order.year].utf8.count == 2 { year += year < 70 ? 2_000 : 1_900 }
    guard day >= 1, day <= CalendarTime.daysInMonth(month + 1, of: year) else { return nil }
    self.init(
      seconds: CalendarTime.daysSinceEpoch(year, month + 1, day) * 86_400
        + Int64(hour * 3_600 + minute * 60 + second))
  }

  /// As HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
  package var httpDate: String { HTTPDate.text(secondsSince1970: Int(epochSeconds)) }

  /// A time as JSON and fields have it: RFC 3339, a date of HTTP, or seconds (from the year 5138 on:
  /// milliseconds) since 1970.
  package init?(anyForm json: JSON) {
    if let number = json.intValue ?? json.stringValue.flatMap({ Int($0) }) {
      let isMilliseconds = abs(Double(number)) >= 1e11
      self.init(
        nanoseconds: Int64(number).multipliedClamping(
          by: isMilliseconds ? 1_000_000 : 1_000_000_000))
      return
    }
    guard let text = json.stringValue, text.utf8.count <= 64 else { return nil }
    if let instant = VirtualInstant(iso8601: text) ?? VirtualInstant(httpDate: text) {
      self = instant
    } else {
      return nil
    }
  }
}
