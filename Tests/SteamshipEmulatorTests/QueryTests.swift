import EmulatorKernel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

@Suite("The query language")
struct QueryTests {
  static let good: [(String, ShipQL)] = [
    ("all", .all),
    ("  all  ", .all),
    (#"kind "a""#, .matching(.kind("a"))),
    (#"KIND "a" AND name "b""#, .matching(.and([.kind("a"), .name("b")]))),
    (
      #"kind "a" and name "b" and blocktag"#,
      .matching(.and([.kind("a"), .name("b"), .blockTag]))
    ),
    (
      #"(kind "a" or filetag) and file_id "x""#,
      .matching(.and([.or([.kind("a"), .fileTag]), .fileID("X")]))
    ),
    (#"value("a.b") exists"#, .matching(.value(path: ["a", "b"], .exists))),
    (
      #"value("a")>=-1.5e1"#,
      .matching(.value(path: ["a"], .compare(.atLeast, .number(-15))))
    ),
    (#"value("a") = true"#, .matching(.value(path: ["a"], .compare(.equal, .bool(true))))),
    (
      #"overlaps { kind "a" }"#, .matching(.relation(.overlaps, number: 1, .kind("a")))
    ),
    (#"name "with \"quotes\" and \\""#, .matching(.name(#"with "quotes" and \"#))),
    (#"kind "ä€𝄞""#, .matching(.kind("ä€𝄞"))),
  ]

  @Test("A query is read as the grammar has it (contract §3.6)", arguments: good)
  func reads(_ text: String, _ expected: ShipQL) throws {
    #expect(try ShipQLParser.parse(text) == expected)
  }

  static let bad = [
    "", "   ", "al", "all all", "kind", "kind x", #"kind "x"#, #"kind "x" and"#, #"and kind "x""#,
    #"kind "a" and kind "b" or kind "c""#, #"(kind "a""#, #"kind "a")"#, #"value "a" = 1"#,
    #"value("a") 1"#, #"value("a") = x"#, #"value("a") = "#, #"value("") = 1"#, #"value("a" = 1"#,
    #"overlaps kind "a""#, "overlaps {}", #"overlaps { kind "a""#, "%", #"kind "a" kind "b""#,
    #"value("a") = 1.2.3"#, #"value("a") == 1"#, #"value("a") <> 1"#,
  ]

  @Test("A malformed query is refused with the place and what was expected", arguments: bad)
  func refuses(_ text: String) {
    do throws(SteamshipError) {
      let query = try ShipQLParser.parse(text)
      Issue.record("\(text) was read as \(query)")
    } catch {
      #expect(error.status == 400)
      #expect(error.code == "InvalidQuery" || error.message.contains("query"))
    }
  }

  @Test("Every prefix of a query and every query with one byte changed ends in a value or an error")
  func survivesMutation() {
    var random = SeededRandom(key: 5)
    for (text, _) in Self.good {
      let bytes = Array(text.utf8)
      for cut in 0...bytes.count {
        _ = try? ShipQLParser.parse(String(decoding: bytes[..<cut], as: UTF8.self))
      }
      for _ in 0..<200 where !bytes.isEmpty {
        var changed = bytes
        changed[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        _ = try? ShipQLParser.parse(String(decoding: changed, as: UTF8.self))
      }
    }
  }

  @Test("Deep nesting is refused instead of followed")
  func boundsNesting() {
    let text = String(repeating: "(", count: 10_000) + "blocktag"
    #expect(throws: SteamshipError.self) { try ShipQLParser.parse(text) }
    let relations = String(repeating: "overlaps { ", count: 10_000)
    #expect(throws: SteamshipError.self) { try ShipQLParser.parse(relations) }
  }

  /// A world of random tags, and the same question answered by looking at every pair.
  @Test("Relations agree with a plain comparison of all pairs", arguments: 1...8)
  func relationsAgreeWithPairs(_ seed: UInt64) async throws {
    let harness = try ServiceHarness(SteamshipService())
    var random = SeededRandom(key: seed)
    for _ in 0..<3 {
      var blocks: [JSON] = []
      for _ in 0..<3 {
        var tags: [JSON] = []
        for _ in 0..<8 {
          let start = Int(random.next() % 6)
          var tag: JSONObject = ["kind": .string(["a", "b"][Int(random.next() % 2)])]
          if random.next() % 5 > 0 {
            tag["startIdx"] = .integer(start)
            tag["endIdx"] = .integer(start + Int(random.next() % 4))
          }
          tags.append(.object(tag))
        }
        blocks.append(["text": "text", "tags": .array(tags)])
      }
      _ = try await harness.data("file.create", ["type": "blocks", "blocks": .array(blocks)])
    }
    for relation in ShipQL.Relation.allCases {
      let query = #"kind "a" and \#(relation.rawValue) { kind "b" }"#
      let same = #"kind "a" and \#(relation.rawValue) { kind "a" }"#
      for (text, inner) in [(query, "b"), (same, "a")] {
        let answer = try await harness.data("tag.query", ["tagFilterQuery": .string(text)])
        let found = (answer["tags"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
        let expected = harness.world.read { state in
          state.tags.all.filter { tag in
            tag.kind == "a"
              && state.tags.all.contains { other in
                other.id != tag.id && other.kind == inner && holds(relation, tag, other)
              }
          }.map(\.id)
        }
        #expect(found == expected, "\(text)")
      }
    }
  }

  private func holds(
    _ relation: ShipQL.Relation, _ tag: SteamshipEmulator.Tag, _ other: SteamshipEmulator.Tag
  ) -> Bool {
    switch relation {
    case .samefile: return tag.file == other.file
    case .sameblock: return tag.block == other.block
    case .samespan:
      guard let start = tag.start, let end = tag.end else { return false }
      return tag.block == other.block && other.start == start && other.end == end
    case .overlaps:
      guard tag.block == other.block, let start = tag.start, let end = tag.end,
        let otherStart = other.start, let otherEnd = other.end
      else { return false }
      let isEmpty = start >= end || otherStart >= otherEnd
      return !isEmpty && max(start, otherStart) < min(end, otherEnd)
    }
  }
}
