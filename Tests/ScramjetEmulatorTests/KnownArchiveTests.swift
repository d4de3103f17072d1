import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

@Suite("Packages that come again, and access keys")
struct KnownArchiveTests {
  private static let store = ScramjetDemo.store
  private static let type = [("Content-Type", "application/octet-stream")]

  @Test("A package that comes again is kept as it was, and another of as many bytes is another")
  func again() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let one = try ServiceHarness.package(["name": "one", "version": "1.0.0", "main": "index.js"])
    let two = try ServiceHarness.package(["name": "two", "version": "2.0.0", "main": "index.js"])
    var answers: [JSON] = []
    for (file, bytes) in [("a", one), ("b", two), ("c", one), ("d", two)] {
      let reply = try await harness.send(
        .put, "\(Self.store)/\(file).tar.gz", Self.type, body: bytes)
      #expect(reply.status == 202, "\(reply.text)")
      answers.append(reply.json)
      let back = try await harness.send(.get, "\(Self.store)/\(file).tar.gz", [])
      #expect(back.body == bytes)
    }
    let names = answers.map { $0["config"]?["name"] ?? $0["name"] }
    #expect(names[0] == names[2] && names[1] == names[3] && names[0] != names[1], "\(answers)")
    let path = "\(ScramjetDemo.hub)/sequence"
    let first = try await harness.send(.post, path, Self.type, body: one).json["id"]
    let second = try await harness.send(.post, path, Self.type, body: one).json["id"]
    #expect(first != nil && second != nil && first != second)
  }

  @Test("What is no package is refused each time")
  func refused() async throws {
    let harness = try ServiceHarness(ScramjetService())
    for _ in 0..<2 {
      let reply = try await harness.send(
        .put, "\(Self.store)/x.tar.gz", Self.type, body: Array("no archive".utf8))
      #expect(reply.status == 422)
    }
  }

  @Test("Access keys weigh what they do when counted anew, and stand in a snapshot as a list")
  func keys() throws {
    var keys = AccessKeys()
    let now = VirtualInstant(seconds: 1)
    for number in 0..<20 {
      keys.append(
        AccessKeys.AccessKey(
          key: "a key of some length \(number)", description: "of some length, too", created: now))
    }
    keys.remove("a key of some length 3")
    #expect(keys.count == 19 && !keys.contains("a key of some length 3"))
    let encoded = try JSONEncoder().encode(keys)
    let list = try JSONDecoder().decode([AccessKeys.AccessKey].self, from: encoded)
    #expect(list.map(\.key) == keys.all.map(\.key))
    let restored = try JSONDecoder().decode(AccessKeys.self, from: encoded)
    let texts = { (keys: AccessKeys) in keys.heapBytes - keys.all.spineBytes }
    #expect(texts(restored) == keys.all.reduce(0) { $0 + $1.heapBytes })
    #expect(texts(keys) == texts(restored))
  }
}
