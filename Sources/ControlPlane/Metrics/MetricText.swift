import PayloadCodecs

/// Metrics with their samples, in the words of the Prometheus text format 0.0.4: written as they come, since
/// there are thousands.
package struct MetricText: Sendable {
  package enum Kind: String, Sendable { case counter, gauge, histogram }

  /// What tells the samples of a family apart.
  package struct Labels: Sendable {
    /// As they stand between braces.
    fileprivate private(set) var text: [UInt8] = []

    package init() {}

    package init(_ name: String, _ value: String) { add(name, value) }

    /// An operation and a status.
    private static let usualBytes = 96

    /// Begins anew, in the room that there is.
    package mutating func replace(_ name: String, _ value: String) {
      text.removeAll(keepingCapacity: true)
      add(name, value)
    }

    package mutating func add(_ name: String, _ value: String) {
      if text.isEmpty { text.reserveCapacity(Self.usualBytes) } else { text.append(0x2C) }
      text.append(contentsOf: name.utf8.span)
      text.append(UInt8(ascii: "="))
      text.append(UInt8(ascii: "\""))
      // Three characters need an escape.
      for byte in value.utf8 {
        if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n") {
          text.append(UInt8(ascii: "\\"))
        }
        text.append(byte == UInt8(ascii: "\n") ? UInt8(ascii: "n") : byte)
      }
      text.append(UInt8(ascii: "\""))
    }
  }

  /// The upper bounds of a distribution's buckets but of the last, which has none, as labels: many
  /// distributions have the same.
  package struct Bounds: Sendable {
    /// As they stand behind the others, with the end of the braces.
    fileprivate let labels: [[UInt8]]

    package init(_ bounds: [Double]) {
      labels = (bounds + [.infinity]).map {
        Labels("le", MetricText.number($0)).text + Array("} ".utf8)
      }
    }
  }

  /// The lines of all.
  private(set) var bytes: [UInt8] = []
  /// Of the family whose samples are written.
  private var name = ""
  /// What the lines of one distribution begin with.
  private var beginning: [UInt8] = []

  package init(reserving byteCount: Int) { bytes.reserveCapacity(byteCount) }

  /// The samples that come next are those of this family.
  package mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    // Piece by piece: there are more than a dozen families.
    put("# HELP ")
    put(name)
    put(" ")
    put(help)
    put("\n# TYPE ")
    put(name)
    put(" ")
    put(kind.rawValue)
    put("\n")
  }

  private mutating func put(_ piece: String) { bytes.append(textOf: piece) }

  /// A family of one sample.
  package mutating func family(_ name: String, _ kind: Kind, _ help: String, value: Double) {
    begin(name, kind, help)
    add(value)
  }

  /// Families that were written elsewhere.
  mutating func append(_ other: MetricText) { bytes.append(contentsOf: other.bytes.span) }

  package mutating func add(_ value: Double, _ labels: Labels = Labels()) {
    line("", labels.text, value)
  }

  /// The samples of one distribution: how many up to each bound, their sum and their number.
  package mutating func add(
    _ buckets: [UInt64], _ bounds: Bounds, sum: Double, _ labels: Labels = Labels()
  ) {
    beginning.removeAll(keepingCapacity: true)
    beginning.reserveCapacity(name.utf8.count + labels.text.count + 16)
    beginning.append(contentsOf: name.utf8.span)
    beginning.append(contentsOf: "_bucket{".utf8.span)
    beginning.append(contentsOf: labels.text.span)
    if !labels.text.isEmpty { beginning.append(UInt8(ascii: ",")) }
    var count: UInt64 = 0
    // Not looked at in its place while the bytes beside it change.
    let start = beginning
    for index in 0..<min(bounds.labels.count, buckets.count) {
      count &+= buckets[index]
      bytes.append(contentsOf: start.span)
      let label = bounds.labels[index]
      bytes.append(contentsOf: label.span)
      end(Double(count))
    }
    line("_sum", labels.text, sum)
    line("_count", labels.text, Double(count))
  }

  /// - Parameter suffix: behind the family's name.
  private mutating func line(_ suffix: String, _ labels: [UInt8], _ value: Double) {
    bytes.append(textOf: name)
    bytes.append(textOf: suffix)
    if !labels.isEmpty {
      bytes.append(UInt8(ascii: "{"))
      bytes.append(contentsOf: labels.span)
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(UInt8(ascii: " "))
    end(value)
  }

  /// The number, and the end of its line.
  private mutating func end(_ value: Double) {
    // Nearly all are small: a digit or two.
    if value >= 0, value < 100, let whole = Int(exactly: value) {
      if whole >= 10 { bytes.append(UInt8(truncatingIfNeeded: 0x30 + whole / 10)) }
      bytes.append(UInt8(truncatingIfNeeded: 0x30 + whole % 10))
    } else {
      bytes.append(contentsOf: Self.number(value).utf8.span)
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  /// A number as the format wants it; also for the label `le`.
  private static func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return String(whole) }
    return value == .infinity ? "+Inf" : "\(value)"
  }
}
