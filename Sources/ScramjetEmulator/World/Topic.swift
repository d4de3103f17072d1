import EmulatorKernel
import PayloadCodecs
/// A named stream of a space that many can write, one after the other, and many can read.
struct Topic: Codable, Sendable {
  enum Writer: Codable, Sendable, Equatable {
    /// A number of its own.
    case request(Int)
    case instance(InstanceKey)
  }

  let name: String
  var contentType: String
  let stream: StreamKey
  /// In order of arrival; only the first may write.
  var writers: [Writer] = []
  /// Instances that read it.
  var consumers: [InstanceKey] = []
  /// The hub whose caller or instance made it; nil for the space itself.
  var origin: HubKey?

  /// From so many kept bytes on a writer waits.
  ///
  /// Fidelity: assumed. The hub keeps 64 KiB plus what its pipes and sockets hold; on loopback 120 kB
  /// passed without a reader and 200 kB did not.
  static let mark = 128 * 1024

  /// Source: transform-hub, `packages/host/src/lib/serviceDiscovery/topicId`.
  static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "_")
          || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "\\")
      }
  }

  /// Where nothing else is said. A topic of it separates its writers by lines.
  static let defaultType = "application/x-ndjson"

  static let contentTypes = [
    "text/x-ndjson", "application/x-ndjson", "text/plain", "application/octet-stream",
  ]
}

struct TopicKey: Codable, Sendable, Hashable {
  var space: SpaceKey
  @ExactText var name: String

  /// As the key of a table: the name's hash, begun with the space's.
  func _rawHashValue(seed: Int) -> Int {
    _name._rawHashValue(seed: space._rawHashValue(seed: seed))
  }
}
