import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

/// The platform tells names apart by code points: they are keys of JavaScript's objects and maps.
@Suite struct CodePointTests {
  static let pairs = [
    ("caf\u{E9}", "cafe\u{301}"), ("\u{212A}elvin", "Kelvin"),
    ("a\u{301}\u{323}", "a\u{323}\u{301}"),
  ]

  static func encoded(_ text: String) -> String { PercentCoding.encode(text) }

  @Test("Packages in the store are two where their names differ by code points", arguments: pairs)
  func store(_ left: String, _ right: String) async throws {
    let harness = try ServiceHarness(ScramjetService())
    let base = "/api/v1/space/demo/api/v1/s3"
    var ids: [String] = []
    for name in [left, right] {
      let reply = try await harness.send(
        .put, "\(base)/\(Self.encoded(name)).tar.gz",
        [("Content-Type", "application/octet-stream")],
        body: try ServiceHarness.package(["name": .string(name), "main": "index.js"]))
      #expect((200..<300).contains(reply.status), "\(reply.text)")
      ids.append(reply.text)
    }
    let list = try await harness.send(.get, base).text
    for name in [left, right] {
      #expect(Array(list.utf8).contains(sub: Array(name.utf8)), "\(list)")
    }
  }

  @Test("Sequences are started by the name of their own code points", arguments: pairs)
  func sequences(_ left: String, _ right: String) async throws {
    let harness = try ServiceHarness(ScramjetService())
    var ids: [String: String] = [:]
    for (place, name) in [left, right].enumerated() {
      let upload = try await harness.send(
        .post, "\(ScramjetDemo.hub)/sequence",
        [("Content-Type", "application/octet-stream"), ("X-Name", name)],
        body: try ServiceHarness.package(["name": .string(name), "main": "index.js"]))
      ids["\(place)"] = upload.json["id"]?.stringValue
    }
    #expect(Set(ids.values).count == 2)
    for (place, name) in [left, right].enumerated() {
      let reply = try await harness.send(.get, "\(ScramjetDemo.hub)/sequence/\(Self.encoded(name))")
      #expect(reply.json["id"]?.stringValue == ids["\(place)"], "\(reply.text)")
    }
  }

  @Test("Topics are two where their keys differ by code points, also behind a snapshot")
  func topicKeys() throws {
    for (left, right) in Self.pairs {
      let keys = [
        TopicKey(space: Key(serial: 1), name: left), TopicKey(space: Key(serial: 1), name: right),
      ]
      #expect(Set(keys).count == 2)
      let data = try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: zip(keys, [1, 2])))
      let back = try JSONDecoder().decode([TopicKey: Int].self, from: data)
      #expect(back[keys[0]] == 1 && back[keys[1]] == 2)
    }
  }
}

extension [UInt8] {
  fileprivate func contains(sub: [UInt8]) -> Bool {
    indices.contains { self[$0...].starts(with: sub) }
  }
}
