import PayloadCodecs

/// One metric with its samples, in the words of the Prometheus text format 0.0.4.
package struct MetricFamily: Sendable {
  package enum Kind: String, Sendable { case counter, gauge, histogram }

  package struct Sample: Sendable {
    /// Behind the family's name, such as `_bucket`.
    var suffix: String
    /// As they stand between braces.
    var labels: [UInt8]
    var value: Double

    package init(
      _ value: Double, _ labels: [(name: String, value: String)] = [], suffix: String = ""
    ) {
      self.init(value, MetricFamily.text(labels), suffix)
    }

    fileprivate init(_ value: Double, _ labels: [UInt8], _ suffix: String) {
      self.value = value
      self.labels = labels
      self.suffix = suffix
    }
  }

  /// The upper bounds of a distribution's buckets but of the last, which has none, with their texts:
  /// many distributions have the same.
  package struct Bounds: Sendable {
    fileprivate let labels: [[UInt8]]

    package init(_ bounds: [Double]) {
      labels = (bounds + [.infinity]).map { MetricFamily.text([("le", MetricFamily.number($0))]) }
    }
  }

  /// The samples of one distribution: how many up to each bound, their sum and their number.
  package static func histogram(
    _ buckets: [UInt64], _ bounds: Bounds, sum: Double,
    _ labels: [(name: String, value: String)] = []
  ) -> [Sample] {
    let labels = text(labels)
    let comma = labels.isEmpty ? [] : [UInt8(ascii: ",")]
    var samples: [Sample] = []
    samples.reserveCapacity(bounds.labels.count + 2)
    var count: UInt64 = 0
    for (bound, more) in zip(bounds.labels, buckets) {
      count &+= more
      samples.append(Sample(Double(count), labels + comma + bound, "_bucket"))
    }
    samples.append(Sample(sum, labels, "_sum"))
    samples.append(Sample(Double(count), labels, "_count"))
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
      if !sample.labels.isEmpty {
        text.append(UInt8(ascii: "{"))
        text += sample.labels
        text.append(UInt8(ascii: "}"))
      }
      text.append(UInt8(ascii: " "))
      text.append(contentsOf: Self.number(sample.value).utf8.span)
      text.append(UInt8(ascii: "\n"))
    }
  }

  private static func text(_ labels: [(name: String, value: String)]) -> [UInt8] {
    var text: [UInt8] = []
    for (index, label) in labels.enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      text.append(contentsOf: label.name.utf8.span)
      text.append(UInt8(ascii: "="))
      text.append(UInt8(ascii: "\""))
      append(label.value, to: &text)
      text.append(UInt8(ascii: "\""))
    }
    return text
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
