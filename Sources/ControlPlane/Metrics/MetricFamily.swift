import PayloadCodecs

/// One metric with its samples, in the words of the Prometheus text format 0.0.4: written as they come, since
/// there are thousands.
package struct MetricFamily: Sendable {
  package enum Kind: String, Sendable { case counter, gauge, histogram }

  /// What tells the samples of a family apart.
  package struct Labels: Sendable {
    /// As they stand between braces.
    fileprivate private(set) var text: [UInt8] = []

    package init() {}

    package init(_ name: String, _ value: String) { add(name, value) }

    package mutating func add(_ name: String, _ value: String) {
      if !text.isEmpty { text.append(UInt8(ascii: ",")) }
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
    fileprivate let labels: [[UInt8]]

    package init(_ bounds: [Double]) {
      labels = (bounds + [.infinity]).map { Labels("le", MetricFamily.number($0)).text }
    }
  }

  /// The lines of all.
  private(set) var text: [UInt8] = []
  private let name: String

  package init(_ name: String, _ kind: Kind, _ help: String, reserving byteCount: Int = 0) {
    self.name = name
    text.reserveCapacity(256 + byteCount)
    text.append(
      contentsOf: "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n".utf8.span)
  }

  package init(_ name: String, _ kind: Kind, _ help: String, value: Double) {
    self.init(name, kind, help)
    add(value)
  }

  package mutating func add(_ value: Double, _ labels: Labels = Labels()) {
    line("", labels.text, nil, value)
  }

  /// The samples of one distribution: how many up to each bound, their sum and their number.
  package mutating func add(
    _ buckets: [UInt64], _ bounds: Bounds, sum: Double, _ labels: Labels = Labels()
  ) {
    var count: UInt64 = 0
    for (bound, more) in zip(bounds.labels, buckets) {
      count &+= more
      line("_bucket", labels.text, bound, Double(count))
    }
    line("_sum", labels.text, nil, sum)
    line("_count", labels.text, nil, Double(count))
  }

  /// - Parameter suffix: behind the family's name.
  private mutating func line(
    _ suffix: String, _ labels: [UInt8], _ bound: [UInt8]?, _ value: Double
  ) {
    text.append(contentsOf: name.utf8.span)
    text.append(contentsOf: suffix.utf8.span)
    if !labels.isEmpty || bound != nil {
      text.append(UInt8(ascii: "{"))
      text.append(contentsOf: labels.span)
      if let bound {
        if !labels.isEmpty { text.append(UInt8(ascii: ",")) }
        text.append(contentsOf: bound.span)
      }
      text.append(UInt8(ascii: "}"))
    }
    text.append(UInt8(ascii: " "))
    // Nearly all are small whole numbers, which a string holds without the heap.
    text.append(contentsOf: Self.number(value).utf8.span)
    text.append(UInt8(ascii: "\n"))
  }

  /// A number as the format wants it; also for the label `le`.
  private static func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return String(whole) }
    return value == .infinity ? "+Inf" : "\(value)"
  }
}
