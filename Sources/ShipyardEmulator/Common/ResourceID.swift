package import EmulatorKernel
import PayloadCodecs

/// The id of an organization, project, fleet, vessel, run, voyage or blueprint: a UUID, kept as its
/// 128 bits because a hundred thousand runs hold three ids each. Read in any case, written in lower.
package struct ResourceID: Sendable, Hashable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A fresh one.
  package init(_ ids: inout IDSource, _ kind: String) {
    (high, low) = ids.uuidWords(kind)
  }

  /// Reads the form 8-4-4-4-12; nil for anything else.
  package init?(_ text: String) { self.init(text.utf8Span.span) }

  package init?(_ text: Span<UInt8>) {
    guard let words = UUIDText.read(text) else { return nil }
    (high, low) = words
  }

  /// As the key of a table, by one step.
  package func _rawHashValue(seed: Int) -> Int { RawSpan.hash(high, low, seed: seed) }

  package var text: String { UUIDText.text(high, low) }

  /// Writes the 36 characters.
  package func append(to bytes: inout [UInt8]) { UUIDText.append(high, low, to: &bytes) }
}

extension JSONWriter {
  mutating func member(_ name: StaticString, _ id: ResourceID) {
    member(name, uuid: id.high, id.low)
  }

  mutating func value(_ id: ResourceID) { value(uuid: id.high, id.low) }
}

extension ResourceID: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let id = ResourceID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID")
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension ResourceID: CustomStringConvertible {
  package var description: String { text }
}
