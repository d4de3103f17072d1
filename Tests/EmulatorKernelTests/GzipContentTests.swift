import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel

/// Content in gzip that streams: unpacked while it comes.
@Suite("Gzip content that streams (RFC 9110 §8.4)")
struct GzipContentTests {
  private static func content(
    _ pieces: [[UInt8]], limit: UInt64 = 1 << 20
  ) -> RequestContent {
    let content = RequestContent(onDemand: { _ in })
    for piece in pieces where !piece.isEmpty { _ = content.push(piece) }
    content.finish(trailers: Fields())
    content.unpack(by: GzipContent(limit: limit))
    return content
  }

  private static let text = Array("one line of many, and the next\n".utf8)

  @Test("Whole, byte by byte and cut at each position, what is inside is the same")
  func cuts() async throws {
    let packed = try Gzip.compress(Self.text)
    #expect(try await Self.content([packed]).collect(limit: 1000) == Self.text)
    #expect(try await Self.content(packed.map { [$0] }).collect(limit: 1000) == Self.text)
    for cut in packed.indices {
      let pieces = [Array(packed[..<cut]), Array(packed[cut...])]
      #expect(try await Self.content(pieces).collect(limit: 1000) == Self.text, "\(cut)")
    }
  }

  @Test("What has come is there before the rest is, and the end is the end more than once")
  func live() async throws {
    let deflater = try Deflater(level: 0)
    var packed: [UInt8] = []
    // Stored blocks of zlib are as long as its window: the first is out before the last is in.
    let long = [UInt8](repeating: 65, count: 200_000)
    try deflater.feed(long.span, into: &packed)
    let content = RequestContent(onDemand: { _ in })
    content.unpack(by: GzipContent(limit: 1 << 20))
    _ = content.push(packed)
    #expect(try await content.next()?.first == 65)
    var rest: [UInt8] = []
    try deflater.finish(into: &rest)
    _ = content.push(rest)
    content.finish(trailers: Fields())
    var last: [UInt8]? = []
    while last != nil { last = try await content.next() }
    #expect(try await content.next() == nil)
  }

  @Test("Of much in little each piece is small, and no more of it is unpacked than is allowed")
  func bomb() async throws {
    let packed = try Gzip.compress([UInt8](repeating: 0, count: 8 << 20))
    let whole = Self.content([packed], limit: 8 << 20)
    var (count, largest) = (0, 0)
    while let piece = try await whole.next() {
      count += piece.count
      largest = max(largest, piece.count)
    }
    #expect(count == 8 << 20)
    #expect(largest <= (32 << 10) + 256 * 1032)
    let limited = Self.content([packed], limit: 1 << 20)
    await #expect(throws: ContentError.tooLarge(limit: 1 << 20)) {
      while try await limited.next() != nil {}
    }
  }

  static let broken: [(String, @Sendable ([UInt8]) -> [UInt8])] = [
    ("cut", { Array($0.dropLast()) }), ("nothing", { _ in [] }), ("plain", { _ in text }),
    ("damaged", { $0.enumerated().map { $0 == 14 ? $1 ^ 0xFF : $1 } }),
    ("with a tail", { $0 + [1, 2, 3] }),
  ]

  @Test("What is no gzip is malformed", arguments: broken.indices)
  func malformed(_ index: Int) async throws {
    let (name, spoil) = Self.broken[index]
    let content = Self.content([spoil(try Gzip.compress(Self.text))])
    await #expect(throws: ContentError.malformed, "\(name)") {
      while try await content.next() != nil {}
    }
  }

  static let codings: [(String?, ContentCoding)] = [
    (nil, .plain), ("", .plain), ("identity", .plain), ("Identity", .plain), ("gzip", .gzip),
    ("GZIP", .gzip), ("x-gzip", .gzip), ("br", .other), ("deflate", .other), ("gzip, gzip", .other),
    ("zstd", .other),
  ]

  @Test("Codings are told by their names, in any case", arguments: codings)
  func names(_ name: String?, _ coding: ContentCoding) {
    var fields = Fields()
    if let name { fields.append("Content-Encoding", name) }
    #expect(ContentCoding(Request(.post, "/", fields: fields)) == coding)
  }

  static let severalCodings: [(fields: [String], status: Int)] = [
    (["gzip"], 201), (["X-GZIP"], 201), (["gzip", "gzip"], 415), (["gzip", "br"], 415),
    (["br", "gzip"], 415), (["gzip, gzip"], 415),
  ]

  @Test("Several codings are not read, in one line or in several (§5.3)", arguments: severalCodings)
  func severalLines(_ lines: [String], _ status: Int) async throws {
    let pipeline = try Pipeline(
      services: [SampleService()], configuration: PipelineConfiguration())
    var fields = Fields()
    for line in lines { fields.append("Content-Encoding", line) }
    let packed = try Gzip.compress(Array(#"{"name":"a"}"#.utf8))
    let request = TestClient.request(.post, "/ships", fields, packed)
    let reply = await TestClient(pipeline).send(request, packed)
    #expect(reply.status == status)
    if status == 415 { #expect(reply.text.contains(lines.joined(separator: ", "))) }
  }
}
