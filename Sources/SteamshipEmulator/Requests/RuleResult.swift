import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What a rule answers, as JSON that is written already: nearly all of it is records, which need no tree
/// to be written.
///
/// **Shape**: `{"data": value}`, as the answer to a request has it.
struct RuleResult: Sendable {
  private static let start = Array(#"{"data":"#.utf8)

  private let json: [UInt8]

  /// - Parameters:
  ///   - capacity: About how long it is.
  ///   - write: Writes one value.
  init(reserving capacity: Int = 512, _ write: (inout JSONWriter) -> Void) {
    var json = JSONWriter(reserving: capacity)
    json.beginObject()
    json.key("data")
    write(&json)
    json.endObject()
    self.json = json.bytes
  }

  /// `{NAME: value}`.
  init(_ name: StaticString, _ write: (inout JSONWriter) -> Void) {
    self.init { json in
      json.beginObject()
      json.key(name)
      write(&json)
      json.endObject()
    }
  }

  init(_ tree: JSON) { self.init { $0.value(tree) } }

  /// The JSON text of the value alone, which a task keeps.
  var text: String { String(decoding: json[Self.start.count...].dropLast(), as: UTF8.self) }

  var response: Response { SteamshipWire.json(json) }
}

extension RuleResult: ExpressibleByDictionaryLiteral {
  init(dictionaryLiteral members: (String, JSON)...) {
    self.init { json in
      json.beginObject()
      for (name, value) in members { json.member(named: name, value) }
      json.endObject()
    }
  }
}
