import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What a rule answers, as JSON that is written already: nearly all of it is records, which need no tree
/// to be written.
///
/// **Shape**: begins with `{"data":`, so that the answer to a request needs nothing but a brace.
struct RuleResult: Sendable {
  private static let start = Array(#"{"data":"#.utf8)

  private var json: JSONWriter

  /// - Parameter write: writes one value.
  init(_ write: (inout JSONWriter) -> Void) {
    json = JSONWriter(reserving: 512)
    json.beginObject()
    json.key("data")
    write(&json)
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

  private var bytes: ArraySlice<UInt8> { json.bytes[Self.start.count...] }

  /// The JSON text alone, which a task keeps.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  var response: Response {
    var json = json
    json.endObject()
    return SteamshipWire.json(json.bytes)
  }
}

extension RuleResult: ExpressibleByDictionaryLiteral {
  init(dictionaryLiteral members: (String, JSON)...) {
    self.init { json in
      json.beginObject()
      for (name, value) in members { json.member(name, value) }
      json.endObject()
    }
  }
}
