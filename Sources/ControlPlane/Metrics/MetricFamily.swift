import PayloadCodecs

/// One metric with its samples, in the words of the Prometheus text format 0.0.4.
package struct MetricFamily: Sendable {
  package enum Kind: String, Sendable { case counter, gauge, histogram }

  package struct Sample: Sendable {
    /// Behind the family's name, such as `_bucket`.
    var suffix: String
    var labels: [(name: String, value: String)]
    var value: Double

    package init(
      _ value: Double, _ labels: [(name: String, value: String)] = [], suffix: String = ""
    ) {
      self.value = value
      self.labels = labels
      self.suffix = suffix
    }
  }

  /// The samples of one distribution: how many up to each bound, their sum and their number.
  /// - Parameter bounds: of all buckets but the last, which has none.
  package static func histogram(
    _ buckets: [UInt64], _ bounds: [Double], sum: Double,
    _ labels: [(name: String, value: String)] = []
  ) -> [Sample] {
    var samples: [Sample] = []
    var count: UInt64 = 0
    for (bound, more) in zip(bounds + [.infinity], buckets) {
      count &+= more
      samples.append(Sample(Double(count), labels + [("le", number(bound))], suffix: "_bucket"))
    }
    samples.append(Sample(sum, labels, suffix: "_sum"))
    samples.append(Sample(Double(count), labels, suffix: "_count"))
    return samples
  }

  let name: String
  let kind: Kind
  let help: String
  var samples: [Sample]

  package init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
    self.name = name
    self.kind = kind
    self.help = help
    self.samples = samples
  }

  package init(_ name: String, _ kind: Kind, _ help: String, value: Double) {
    self.init(name, kind, help, [Sample(value)])
  }

  func write(into text: inout [UInt8]) {
    text.append(contentsOf: "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n".utf8)
    for sample in samples {
      text.append(contentsOf: name.utf8.span)
      text.append(contentsOf: sample.suffix.utf8.span)
      for (index, label) in sample.labels.enumerated() {
        text.append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
        text.append(contentsOf: label.name.utf8.span)
        text.append(UInt8(ascii: "="))
        text.append(UInt8(ascii: "\""))
        Self.append(label.value, to: &text)
        text.append(UInt8(ascii: "\""))
      }
      if !sample.labels.isEmpty { text.append(UInt8(ascii: "}")) }
      text.append(UInt8(ascii: " "))
      text.append(contentsOf: Self.number(sample.value).utf8.span)
      text.append(UInt8(ascii: "\n"))
    }
  }

  /// The value of a label, in which three characters need an escape.
  private static func append(_ value: String, to text: inout [UInt8]) {
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\\"), UInt8(ascii: "\""):
        text.append(UInt8(ascii: "\\"))
        text.append(byte)
      case UInt8(ascii: "\n"):
        text.append(UInt8(ascii: "\\"))
        text.append(UInt8(ascii: "n"))
      default: text.append(byte)
      }
    }
  }

  /// A number as the format wants it; also for the label `le`.
  private static func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return "\(whole)" }
    return value == .infinity ? "+Inf" : "\(value)"
  }
}
