import HTTPModel
import TestSupport
import Testing

@testable import HTTPWire

@Suite("Mutated messages")
struct MutationTests {
  /// Bytes that parsers trip over.
  private static let spice: [[UInt8]] = [
    [0x0D], [0x0A], [0x0D, 0x0A], [0], [0x20], [0x09], [0x3A], [0x2C], [0x3B], [0x7F], [0xFF],
    Array("Content-Length: 5\r\n".utf8), Array("Transfer-Encoding: chunked\r\n".utf8),
    Array("ffffffffffffffff".utf8), Array("0\r\n\r\n".utf8), Array("Host: b\r\n".utf8),
    Array("HTTP/1.1".utf8), Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
  ]

  private static func mutate(_ bytes: [UInt8], _ noise: inout SeededNoise) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &noise) {
      let at = Int.random(in: 0...bytes.count, using: &noise)
      switch Int.random(in: 0..<6, using: &noise) {
      case 0 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &noise)
      case 1 where at < bytes.count: bytes.remove(at: at)
      case 2: bytes.insert(contentsOf: spice.randomElement(using: &noise) ?? [], at: at)
      case 3: bytes.removeSubrange(at..<min(bytes.count, at + 20))
      case 4: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 40)], at: at)
      default: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &noise) }
      }
    }
    return bytes
  }

  @Test(
    "Any mutation of a message gives the same events however it is cut, and never a trap",
    arguments: WireFixture.all)
  func sameEvents(_ fixture: WireFixture) {
    let role: ConnectionMachine.Role = fixture.topic.hasPrefix("response") ? .client : .server
    var noise = SeededNoise(7)
    for round in 0..<150 {
      let bytes = Self.mutate(fixture.bytes, &noise)
      let whole = MachineTrace.of(bytes, role: role)
      let cuts = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &noise) }.sorted()
      #expect(MachineTrace.of(bytes, cutAt: cuts, role: role) == whole, "round \(round)")
      #expect(
        MachineTrace.of(bytes, cutAt: bytes.isEmpty ? [] : Array(1..<bytes.count + 0), role: role)
          == whole, "round \(round)")
    }
  }

  @Test("Pure noise is refused or waited on, never accepted as a request", arguments: 0..<20)
  func pureNoise(_ seed: Int) {
    var noise = SeededNoise(UInt64(seed))
    for _ in 0..<100 {
      let bytes = (0..<Int.random(in: 1...300, using: &noise)).map { _ in
        UInt8.random(in: 0...255, using: &noise)
      }
      #expect(!MachineTrace.of(bytes).contains { $0.hasPrefix("request") })
    }
  }

  @Test("Chunk coding round-trips: encode, cut anyhow, decode", arguments: 0..<30)
  func roundTrip(_ seed: Int) {
    var noise = SeededNoise(UInt64(seed) &+ 99)
    var wire = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    var content: [UInt8] = []
    for _ in 0..<Int.random(in: 0...20, using: &noise) {
      let piece = (0..<Int.random(in: 1...500, using: &noise)).map { _ in
        UInt8.random(in: 0x61...0x7A, using: &noise)
      }
      HeadSerializer.appendChunkSize(piece.count, to: &wire)
      wire += piece + [0x0D, 0x0A]
      content += piece
    }
    HeadSerializer.appendLastChunk(Fields(["X-Seed": "\(seed)"]), to: &wire)
    let cuts = (0..<10).map { _ in Int.random(in: 0...wire.count, using: &noise) }.sorted()
    let trace = MachineTrace.of(wire, cutAt: cuts)
    if !content.isEmpty { #expect(trace.contains { $0.hasPrefix("content \(content.count) ") }) }
    #expect(trace.suffix(3) == ["end", "trailer X-Seed: \(seed)", "input ends"])
  }
}
