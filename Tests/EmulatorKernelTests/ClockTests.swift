import EmulatorKernel
import Synchronization
import Testing

/// Wall time by hand.
final class HandWall: Sendable {
  private let instant: Mutex<VirtualInstant>
  init(_ seconds: Int64) { instant = Mutex(VirtualInstant(seconds: seconds)) }
  var now: VirtualInstant { instant.withLock { $0 } }
  func add(_ pause: Duration) { instant.withLock { $0 += pause } }
}

@Suite struct ClockTests {
  let wall = HandWall(1_000)

  func clock(_ mode: ClockMode, start: Int64? = nil) -> VirtualClock {
    VirtualClock(mode: mode, start: start.map { VirtualInstant(seconds: $0) }) { [wall] in wall.now
    }
  }

  static let modes: [(ClockMode, Int64?, Int64)] = [
    (.real, nil, 1_010), (.real, 5, 15), (.scaled(60), 0, 600), (.scaled(0.5), 0, 5),
    (.manual, nil, 1_000), (.manual, 7, 7), (.skip, 7, 7),
  ]

  @Test("Ten seconds on the wall, in each mode (DESIGN §4)", arguments: modes)
  func mode(_ mode: ClockMode, _ start: Int64?, _ expected: Int64) {
    let clock = clock(mode, start: start)
    wall.add(.seconds(10))
    #expect(clock.now == VirtualInstant(seconds: expected))
  }

  @Test("Put ahead of the wall, it is exactly so far ahead, though the wall goes on meanwhile")
  func aheadOfWall() {
    let clock = VirtualClock(mode: .manual) { [wall] in
      wall.add(.nanoseconds(1))
      return wall.now
    }
    for offset in [Duration.seconds(5), .zero, .nanoseconds(-7)] {
      clock.set(mode: .real, aheadOfWall: offset)
      #expect(clock.wallOffset == offset)
    }
  }

  @Test("A day's number is that of the date that it is taken apart into, in all years of instants")
  func days() {
    var (expectedYear, expectedMonth, expectedDay) = (1684, 1, 1)
    let first = CalendarTime.daysSinceEpoch(1684, 1, 1)
    let last = CalendarTime.daysSinceEpoch(2255, 12, 31)
    for number in first...last {
      let (year, month, day) = CalendarTime.civil(number)
      guard (year, month, day) == (expectedYear, expectedMonth, expectedDay),
        CalendarTime.daysSinceEpoch(year, month, day) == number
      else {
        Issue.record("day \(number) is \(year)-\(month)-\(day)")
        return
      }
      expectedDay += 1
      if expectedDay > CalendarTime.daysInMonth(expectedMonth, of: expectedYear) {
        (expectedMonth, expectedDay) = (expectedMonth + 1, 1)
      }
      if expectedMonth > 12 { (expectedYear, expectedMonth) = (expectedYear + 1, 1) }
    }
    // Before the year 0, too, and far behind it.
    #expect(CalendarTime.civil(-719_469) == (0, 2, 29))
    #expect(CalendarTime.civil(CalendarTime.daysSinceEpoch(900_000, 3, 1)) == (900_000, 3, 1))
  }

  @Test("Moments tell durations, and never go back")
  func moments() {
    let first = Moment.now
    let second = Moment.now
    #expect(second >= first)
    #expect(second - first >= .zero)
    #expect((first + .milliseconds(1_500)) - first == .milliseconds(1_500))
    #expect(first + .nanoseconds(1) > first)
  }

  @Test("Time never goes back by itself, even if the wall does")
  func stepBack() {
    let clock = clock(.real)
    wall.add(.seconds(10))
    #expect(clock.now == VirtualInstant(seconds: 1_010))
    wall.add(.seconds(-100))
    #expect(clock.now == VirtualInstant(seconds: 1_010))
    wall.add(.seconds(101))
    #expect(clock.now == VirtualInstant(seconds: 1_011))
  }

  @Test("A change of mode goes on from the present")
  func changes() {
    let clock = clock(.real, start: 0)
    wall.add(.seconds(5))
    clock.set(mode: .manual)
    wall.add(.seconds(5))
    #expect(clock.now == VirtualInstant(seconds: 5))
    clock.set(mode: .scaled(10))
    wall.add(.seconds(5))
    #expect(clock.now == VirtualInstant(seconds: 55))
    clock.advance(to: VirtualInstant(seconds: 60))
    clock.advance(to: VirtualInstant(seconds: 50))
    wall.add(.seconds(1))
    #expect(clock.now == VirtualInstant(seconds: 70))
    clock.set(to: VirtualInstant(seconds: 3))
    #expect(clock.now == VirtualInstant(seconds: 3))
    clock.restart(mode: .manual, start: nil)
    #expect(clock.now == wall.now)
  }

  @Test("The wall's wait for an instant follows the mode")
  func waits() {
    let instant = VirtualInstant(seconds: 100)
    #expect(clock(.real, start: 40).wallDelay(until: instant) == .seconds(60))
    #expect(clock(.scaled(60), start: 40).wallDelay(until: instant) == .seconds(1))
    #expect(clock(.real, start: 140).wallDelay(until: instant) == .zero)
    #expect(clock(.manual, start: 40).wallDelay(until: instant) == nil)
    #expect(clock(.skip, start: 40).wallDelay(until: instant) == nil)
  }

  @Test("Extreme instants clamp instead of overflowing")
  func extremes() {
    let clock = clock(.scaled(1_000_000), start: 0)
    wall.add(.seconds(9_000_000_000))
    #expect(clock.now == .endOfTime)
    #expect(VirtualInstant(nanoseconds: .max) + .seconds(1) == VirtualInstant(nanoseconds: .max))
    #expect(VirtualInstant(nanoseconds: .min) + .seconds(-1) == VirtualInstant(nanoseconds: .min))
    #expect(clock.now.iso8601(.microseconds) == "2255-03-14T15:59:59.000000Z")
  }
}
