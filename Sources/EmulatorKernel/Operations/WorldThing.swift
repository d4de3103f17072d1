package import PayloadCodecs

/// One thing of a world, as the lab compares worlds: what a client can tell it by, without what
/// differs from run to run. Points in time and counters are left out; ids that the emulator made may
/// stand in texts, whoever compares passes over them.
package struct WorldThing: Sendable {
  /// `file`, `fleet`, `topic`.
  package var kind: String
  /// From the outside in, by names: `["workspace demo", "file notes"]`.
  package var place: [String]
  package var content: JSONObject

  /// Members that are null say nothing and are left out.
  package init(_ kind: String, _ place: [String], _ content: JSONObject = [:]) {
    self.kind = kind
    self.place = place
    self.content = JSONObject(withoutNulls: content)
  }

  /// A long content stands as its digest: it is compared, not read.
  package static func digest(_ bytes: [UInt8]) -> JSON {
    .string("\(bytes.count) bytes, sha256 \(SHA256.digest(bytes).hexadecimal.prefix(11))")
  }

  /// Short text as it is.
  package static func text(_ text: String) -> JSON {
    text.utf8.count <= 256 ? .string(text) : digest(Array(text.utf8))
  }
}
