package import EmulatorKernel
import PayloadCodecs

/// When a fleet runs by itself, in the time zone of its project.
/// Source: Shipyard documentation, "Schedule Triggers".
package struct Schedule: Sendable, Codable, Equatable {
  package enum Frequency: Sendable, Codable, Equatable {
    case hourly
    case daily
    /// 0 Sunday … 6 Saturday.
    case weekly(weekday: Int)
    /// 1–31; a month without that day is left out.
    case monthly(day: Int)

    package var word: String {
      switch self {
      case .hourly: "HOURLY"
      case .daily: "DAILY"
      case .weekly: "WEEKLY"
      case .monthly: "MONTHLY"
      }
    }
  }

  package var frequency: Frequency
  /// 0–23; 0 for an hourly schedule.
  package var hour: Int
  /// 0–55 in steps of 5.
  package var minute: Int

  package init(frequency: Frequency, hour: Int, minute: Int) {
    self.frequency = frequency
    self.hour = hour
    self.minute = minute
  }

  package static let weekdays = [
    "SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY",
  ]

  /// All instants from `start` up to but not including `end`, in order.
  package func instants(
    from start: VirtualInstant, to end: VirtualInstant, in zone: TimeZoneRules
  ) -> [VirtualInstant] {
    guard start < end else { return [] }
    let found =
      switch frequency {
      case .hourly: hourlyInstants(from: start, to: end, in: zone)
      case .daily, .weekly, .monthly: dayInstants(from: start, to: end, in: zone)
      }
    return found.filter { $0 >= start && $0 < end }
  }

  private func hourlyInstants(
    from start: VirtualInstant, to end: VirtualInstant, in zone: TimeZoneRules
  ) -> [VirtualInstant] {
    var found: [VirtualInstant] = []
    var second = start.epochSeconds
    while second <= end.epochSeconds {
      found += instants(inHourFrom: second, in: zone)
      second += 3600
    }
    return found
  }

  /// When the clocks show the minute within an hour: once, or, around a jump that is no whole number
  /// of hours (Australia/Lord_Howe), twice or never.
  private func instants(inHourFrom start: Int64, in zone: TimeZoneRules) -> [VirtualInstant] {
    let offsets = Set([zone.offset(at: start), zone.offset(at: start + 3599)])
    let seconds = offsets.compactMap { offset -> Int64? in
      let local = start + Int64(offset)
      let wait = ((Int64(minute * 60) - local) % 3600 + 3600) % 3600
      return zone.offset(at: start + wait) == offset ? start + wait : nil
    }
    return Set(seconds).sorted().map { VirtualInstant(seconds: $0) }
  }

  private func dayInstants(
    from start: VirtualInstant, to end: VirtualInstant, in zone: TimeZoneRules
  ) -> [VirtualInstant] {
    // A day more at each side covers every offset.
    let firstDay = start.epochSeconds / 86_400 - 1
    let lastDay = end.epochSeconds / 86_400 + 1
    guard firstDay <= lastDay else { return [] }
    var found: [VirtualInstant] = []
    for day in firstDay...lastDay where includes(localDay: day) {
      let local = day * 86_400 + Int64(hour * 3600 + minute * 60)
      found.append(VirtualInstant(seconds: zone.instant(ofLocal: local)))
    }
    return found
  }

  /// - Parameter localDay: days since 1970-01-01 in the project's time zone.
  private func includes(localDay: Int64) -> Bool {
    switch frequency {
    case .hourly, .daily: true
    case .weekly(let weekday): Int(((localDay + 4) % 7 + 7) % 7) == weekday
    case .monthly(let day): CalendarTime.civil(localDay).day == day
    }
  }
}
