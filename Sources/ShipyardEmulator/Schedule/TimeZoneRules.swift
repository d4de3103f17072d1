import PayloadCodecs

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A time zone: when its offset from UTC changes. Read once from the system's time zone database
/// and kept as data, so that a snapshot means the same on another machine.
///
/// Own code because Foundation's zones need its internationalisation data.
/// Source: RFC 9636 (TZif).
package struct TimeZoneRules: Sendable, Codable, Equatable {
  package let name: String
  /// Seconds since 1970 at which a new offset begins, ascending.
  package let transitions: [Int64]
  /// The offset in seconds east of UTC from each transition on.
  package let offsets: [Int]
  /// Before the first transition.
  package let firstOffset: Int
  /// After the last transition; nil: the last offset stays.
  package let rule: DaylightRule?

  package static let utc = TimeZoneRules(
    name: "UTC", transitions: [], offsets: [], firstOffset: 0, rule: nil)

  package enum Failure: Error, Equatable, Sendable {
    /// No zone of that name in the database.
    case unknown
    /// This machine has no time zone database.
    case noDatabase
    case malformed
  }

  /// Where systems keep the database.
  static let directories = [
    "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo",
  ]

  package static func named(_ name: String) throws(Failure) -> TimeZoneRules {
    if ["UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z"].contains(name) { return utc }
    guard isPlausible(name) else { throw .unknown }
    let files = FileManager.default
    guard let directory = directories.first(where: { files.fileExists(atPath: $0) }) else {
      throw .noDatabase
    }
    guard let data = files.contents(atPath: "\(directory)/\(name)"), data.count < 1 << 20 else {
      throw .unknown
    }
    let bytes = Array(data)
    guard bytes.starts(with: Array("TZif".utf8)) else { throw .unknown }
    guard let rules = TimeZoneFile(bytes).rules(name: name) else { throw .malformed }
    return rules
  }

  /// Only names like `America/New_York`: nothing that could leave the database's folder.
  private static func isPlausible(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard name.utf8.count < 64 else { return false }
    return parts.allSatisfy { part in
      part.utf8.first.map { ($0 | 0x20) &- 0x61 < 26 } ?? false
        && part.utf8.allSatisfy { byte in
          byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte == 0x2D
            || byte == 0x2B
        }
    }
  }

  /// Seconds east of UTC.
  package func offset(at second: Int64) -> Int {
    var (low, high) = (0, transitions.count)
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= second { low = middle + 1 } else { high = middle }
    }
    if low == transitions.count, let rule { return rule.offset(at: second) }
    return low == 0 ? firstOffset : offsets[low - 1]
  }

  /// The first instant whose local time is `local` (seconds as if the zone were UTC). A time that
  /// the clocks skip is read with the offset before the gap, so it comes later by the gap's length.
  package func instant(ofLocal local: Int64) -> Int64 {
    let before = offset(at: local - 86_400)
    let after = offset(at: local + 86_400)
    for candidate in [local - Int64(max(before, after)), local - Int64(min(before, after))]
    where candidate + Int64(offset(at: candidate)) == local { return candidate }
    return local - Int64(before)
  }
}

/// The rule for all years after the last transition: standard time, and daylight saving time if any.
/// Source: POSIX.1, environment variable `TZ`; RFC 9636 §3.3.1.
package struct DaylightRule: Sendable, Codable, Equatable {
  /// A day of the year and a time on it.
  package enum Day: Sendable, Codable, Equatable {
    /// `Mm.w.d`: weekday d (0 Sunday) of week w (5: the last) of month m.
    case month(Int, week: Int, weekday: Int)
    /// `Jn`: 1–365, 29 February never counted.
    case julian(Int)
    /// `n`: 0–365, 29 February counted.
    case zeroBased(Int)
  }
  package struct Change: Sendable, Codable, Equatable {
    package var day: Day
    /// Local seconds since midnight, by the clock before the change; may be negative.
    package var time: Int
  }
  package struct Daylight: Sendable, Codable, Equatable {
    package var offset: Int
    package var start: Change
    package var end: Change
  }

  package var standardOffset: Int
  package var daylight: Daylight?

  package func offset(at second: Int64) -> Int {
    guard let daylight else { return standardOffset }
    let local = second + Int64(standardOffset)
    let days = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
    let year = CalendarYear(days).year
    let start = daylight.start.second(of: year) - Int64(standardOffset)
    let end = daylight.end.second(of: year) - Int64(daylight.offset)
    let isDaylight =
      start <= end ? start <= second && second < end : !(end <= second && second < start)
    return isDaylight ? daylight.offset : standardOffset
  }
}
