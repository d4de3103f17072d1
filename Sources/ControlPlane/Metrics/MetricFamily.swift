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

  func write(into text: inout String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    for sample in samples {
      text += name + sample.suffix
      if !sample.labels.isEmpty {
        let labels = sample.labels.map { "\($0.name)=\"\(Self.escape($0.value))\"" }
        text += "{\(labels.joined(separator: ","))}"
      }
      text += " \(Self.number(sample.value))\n"
    }
  }

  private static func escape(_ value: String) -> String {
    value.escaped {
      switch $0 {
      case "\\": "\\\\"
      case "\"": "\\\""
      case "\n": "\\n"
      default: nil
      }
    }
  }

  /// A number as the format wants it; also for the label `le`.
  private static func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return "\(whole)" }
    return value == .infinity ? "+Inf" : "\(value)"
  }
}
