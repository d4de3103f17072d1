import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

/// Stored bytes on condition and in part. Source: RFC 9110 §13, §14.
@Suite("Conditional and partial reads")
struct ConditionalReadTests {
  private static let text = "0123456789"

  /// An object behind a signed URL, and that URL's path.
  private func stored(
    _ harness: ServiceHarness, _ text: String = text, at path: String = "a/b.txt"
  ) async throws -> String {
    func url(_ operation: String) async throws -> String {
      let made = try await harness.data(
        "workspace.createSignedUrl",
        ["bucket": "userData", "filepath": .string(path), "operation": .string(operation)])
      let url = try #require(made["signedUrl"]?.stringValue)
      return "/" + url.split(separator: "/").dropFirst(2).joined(separator: "/")
    }
    let write = try await url("Write")
    #expect(try await harness.send(.put, write, body: Array(text.utf8)).status == 200)
    return try await url("Read")
  }

  static let ranges: [(range: String, status: Int, content: String, field: String?)] = [
    ("bytes=0-3", 206, "0123", "bytes 0-3/10"), ("bytes=4-", 206, "456789", "bytes 4-9/10"),
    ("bytes=-3", 206, "789", "bytes 7-9/10"), ("bytes=-30", 206, text, "bytes 0-9/10"),
    ("bytes=9-9", 206, "9", "bytes 9-9/10"), ("bytes=8-100", 206, "89", "bytes 8-9/10"),
    ("BYTES= 2-3 ", 206, "23", "bytes 2-3/10"),
    ("bytes=3-99999999999999999999", 206, "3456789", "bytes 3-9/10"),
    ("bytes=10-", 416, "", "bytes */10"), ("bytes=-0", 416, "", "bytes */10"),
    ("bytes=99999999999999999999-", 416, "", "bytes */10"),
    ("bytes=0-1,4-5", 200, text, nil), ("bytes=5-2", 200, text, nil), ("bytes=", 200, text, nil),
    ("bytes=-", 200, text, nil), ("bytes=a-b", 200, text, nil), ("lines=0-3", 200, text, nil),
    ("0-3", 200, text, nil),
  ]

  @Test("A range gives a part, what is malformed the whole", arguments: ranges.indices)
  func readsRange(_ index: Int) async throws {
    let (range, status, content, field) = Self.ranges[index]
    let harness = try ServiceHarness(SteamshipService())
    let path = try await stored(harness)
    let reply = try await harness.send(.get, path, [("Range", range)])
    #expect(reply.status == status && reply.text == content, "\(reply.status) \(reply.text)")
    #expect(reply.field("content-range") == field)
    #expect(reply.field("accept-ranges") == "bytes")
    #expect(
      reply.field("etag") != nil && reply.field("last-modified") == "Mon, 05 Jan 2026 10:00:00 GMT")
  }

  static let conditions: [(fields: @Sendable (String) -> [(String, String)], status: Int)] = [
    ({ [("If-None-Match", $0)] }, 304), ({ [("If-None-Match", "W/\($0)")] }, 304),
    ({ [("If-None-Match", "\"x\", \($0)")] }, 304), ({ _ in [("If-None-Match", "*")] }, 304),
    ({ _ in [("If-None-Match", "\"x\"")] }, 200),
    ({ _ in [("If-Modified-Since", "Mon, 05 Jan 2026 10:00:00 GMT")] }, 304),
    ({ _ in [("If-Modified-Since", "Monday, 05-Jan-26 10:00:01 GMT")] }, 304),
    ({ _ in [("If-Modified-Since", "Mon, 05 Jan 2026 09:59:59 GMT")] }, 200),
    ({ _ in [("If-Modified-Since", "yesterday")] }, 200),
    // The tag decides where there is one.
    (
      { _ in
        [("If-None-Match", "\"x\""), ("If-Modified-Since", "Mon, 05 Jan 2026 10:00:00 GMT")]
      }, 200
    ),
    ({ [("If-Match", $0)] }, 200), ({ _ in [("If-Match", "*")] }, 200),
    ({ _ in [("If-Match", "\"x\"")] }, 412), ({ [("If-Match", "W/\($0)")] }, 412),
    ({ _ in [("If-Unmodified-Since", "Mon, 05 Jan 2026 09:59:59 GMT")] }, 412),
    ({ _ in [("If-Unmodified-Since", "Mon, 05 Jan 2026 10:00:00 GMT")] }, 200),
    ({ [("Range", "bytes=0-3"), ("If-Range", $0)] }, 206),
    ({ _ in [("Range", "bytes=0-3"), ("If-Range", "\"x\"")] }, 200),
    ({ [("Range", "bytes=0-3"), ("If-Range", "W/\($0)")] }, 200),
    ({ _ in [("Range", "bytes=0-3"), ("If-Range", "Mon, 05 Jan 2026 10:00:00 GMT")] }, 206),
    ({ _ in [("Range", "bytes=0-3"), ("If-Range", "Mon, 05 Jan 2026 10:00:01 GMT")] }, 200),
    ({ [("Range", "bytes=0-3"), ("If-None-Match", $0)] }, 304),
  ]

  @Test("Conditions, in the order of RFC 9110 §13.2.2", arguments: conditions.indices)
  func keepsCondition(_ index: Int) async throws {
    let harness = try ServiceHarness(SteamshipService())
    let path = try await stored(harness)
    let tag = try #require(try await harness.send(.get, path).field("etag"))
    let (fields, status) = Self.conditions[index]
    let reply = try await harness.send(.get, path, fields(tag))
    #expect(reply.status == status)
    #expect(reply.field("etag") == tag)
    let content = [200: Self.text, 206: "0123"][status] ?? ""
    #expect(reply.text == content)
  }

  @Test("Other bytes under the same name have another tag, the same bytes the same")
  func tags() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let path = try await stored(harness)
    let tag = try await harness.send(.get, path).field("etag")
    #expect(try await harness.send(.get, path).field("etag") == tag)
    let other = try await stored(harness, "0123456780")
    #expect(try await harness.send(.get, other).field("etag") != tag)
    #expect(try await harness.send(.head, other, [("Range", "bytes=0-3")]).status == 200)
  }

  @Test("The inventory has stored objects in the order of their names, in each process the same")
  func inventory() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let paths = (0..<12).map { "a/\(String($0, radix: 16))" }
    for path in paths.reversed() { _ = try await stored(harness, at: path) }
    let objects = harness.live.slots[0].inventory().filter { $0.kind == "stored object" }
    #expect(objects.map { $0.place.last } == paths.map { "userData/\($0)" })
  }

  @Test(
    "Into which pieces bytes were cut on their way says nothing about their tag",
    arguments: [0, 1, 10, 8_192, 8_193, 300_000])
  func pieces(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    func tag(_ chunks: [[UInt8]], _ version: String = "v 1") -> String? {
      StoredAnswer(chunks, type: "text/plain", version: version)
        .answer(to: TestClient.request(.get, "/", Fields(), nil)).fields["etag"]
    }
    let whole = try #require(tag([bytes]))
    for size in [1, 3, 4_095, 4_096, 4_097, 70_000] {
      let cut = stride(from: 0, to: count, by: size).map {
        Array(bytes[$0..<min($0 + size, count)])
      }
      #expect(tag(cut) == whole)
      #expect(tag([[]] + cut + [[]]) == whole)
      #expect(tag(cut, "") == tag([bytes], ""))
    }
    // Which name it has in the store matters only where not all of it is looked at.
    #expect((tag([bytes], "v 2") == whole) == (count <= 8_192))
    for place in [0, count / 2, count - 1] where count > 0 && count <= 8_192 {
      var other = bytes
      other[place] ^= 1
      #expect(tag([other]) != whole)
    }
  }

  @Test("What is cut out of one large piece has room of its own; without it the whole is sent")
  func room() throws {
    let content = [UInt8](repeating: 7, count: 200_000)
    let budget = MemoryBudget(limit: 300_000)
    let stored = StoredAnswer([content], type: "text/plain", budget: budget, version: "1")
    let request = TestClient.request(.get, "/", Fields(["Range": "bytes=1-"]), nil)
    let first = stored.answer(to: request)
    #expect(first.status.code == 206 && first.body.length == 199_999)
    #expect(budget.bytesUsed == 199_999)
    let second = stored.answer(to: request)
    #expect(second.status.code == 200 && second.body.length == 200_000)
    #expect(budget.bytesUsed == 199_999)
    let small = TestClient.request(.get, "/", Fields(["Range": "bytes=1-9"]), nil)
    #expect(stored.answer(to: small).status.code == 206)
    withExtendedLifetime(first) {}
  }

  @Test("The raw bytes of files and blocks can be had in part, too")
  func raw() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let made = try await harness.data("file.create", ["blocks": [["text": "A long text"]]])
    let block = try #require(made["file"]?["blocks"]?[0]?["id"]?.stringValue)
    let part = try await harness.send(
      "block.rawByID", fields: [("Range", "bytes=2-5")], parameters: ["id": block], method: .get)
    #expect(part.status == 206 && part.text == "long")
    let tag = try #require(part.field("etag"))
    let again = try await harness.send(
      "block.rawByID", fields: [("If-None-Match", tag)], parameters: ["id": block], method: .get)
    #expect(again.status == 304 && again.text == "")
  }
}
