import PayloadCodecs

/// Lines on their way into a log, and the time of the line that is being written.
///
/// **Cost**: what every line has is appended at once; the second's text is made once a second.
struct LogBuffer: Sendable {
  var bytes: [UInt8] = []
  let style: LogStyle
  /// Since 1970, by the wall.
  private(set) var milliseconds: Int64 = 0
  /// A moment of the clock by which durations are measured, and what the wall said then.
  private var base: (moment: Moment, nanoseconds: Int64) = (.now, 0)
  private var wallText = SecondText()
  /// Of a tenant's clock.
  private var clockText = SecondText()

  init(_ style: LogStyle) { self.style = style }

  // MARK: Time

  /// What follows is of about that moment.
  mutating func synchronize(_ moment: Moment) {
    base = (moment, MomentClock.wall(at: moment).nanoseconds)
  }

  /// The next line is of that moment.
  mutating func turn(to moment: Moment) {
    let passed = moment.nanoseconds - base.moment.nanoseconds
    milliseconds = (base.nanoseconds + passed).flooredDivision(by: 1_000_000)
  }

  mutating func turn(to wall: VirtualInstant) { milliseconds = wall.epochMilliseconds }

  /// When the line is of.
  mutating func moment() -> LogMoment { wallText.moment(milliseconds) }

  /// A moment of a tenant's clock.
  mutating func moment(of instant: VirtualInstant) -> LogMoment {
    clockText.moment(instant.epochMilliseconds)
  }

  mutating func time() {
    let moment = moment()
    append(atMost: LogMoment.bytesMax) { $0.put(moment) }
  }

  // MARK: Pieces

  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// So many bytes at most, which are put together elsewhere and appended at once.
  mutating func append(atMost most: Int, _ fill: (inout ByteFiller) -> Void) {
    // SAFETY: the place outlives the filler; as many bytes of it are read as were written.
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: most) { place in
      var filler = unsafe ByteFiller(place)
      fill(&filler)
      unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: place[..<filler.count]))
    }
  }

  /// Text of anybody's between quotes: whatever a terminal would obey, or take for the end of a line,
  /// is written out.
  mutating func quote(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    append(text.clipped(to: Self.textMax).escaped(style.form == .json ? Self.inJSON : Self.inText))
    bytes.append(UInt8(ascii: "\""))
  }

  /// One text of a line is cut behind so many characters.
  static let textMax = 2048

  // MARK: Hostile characters

  private static func inText(_ scalar: Unicode.Scalar) -> String? {
    if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
    return escape(scalar)
  }

  /// What may stand in a line as it is: nil.
  static func escape(_ scalar: Unicode.Scalar) -> String? {
    guard isHostile(scalar) else { return nil }
    return switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{\(String(scalar.value, radix: 16))}"
    }
  }

  /// Source: RFC 8259 §7.
  private static func inJSON(_ scalar: Unicode.Scalar) -> String? {
    if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
    guard isHostile(scalar) else { return nil }
    return Unicode.UTF16.encode(scalar)?.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }.joined()
  }

  /// Control characters, and those without a shape that turn the direction of a line, end it or hide
  /// in it. Source: Unicode, general categories Cc, Cf, Zl, Zp.
  private static func isHostile(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E: false
    case 0..<0x20, 0x7F...0x9F: true
    default:
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
      default: false
      }
    }
  }
}

extension Duration {
  /// Cheap where it is less than nine seconds.
  var wholeMicroseconds: Int64 {
    if let few = Int64(exactly: attoseconds) { return few / 1_000_000_000_000 }
    return Int64(clamping: attoseconds / 1_000_000_000_000)
  }
}
