/// How much a peer may send before it is refused. Every limit has a status (`HTTPParseError`).
package struct WireLimits: Sendable, Equatable {
  /// Request line or status line without its CRLF; beyond it 414. Node and nginx: 8–16 KiB.
  package var startLineBytesMax = 16 * 1024
  /// All field lines with their CRLFs; beyond it 431. Node: 16 KiB, Apache 100 × 8 KiB, Go 1 MiB.
  package var fieldSectionBytesMax = 64 * 1024
  /// Beyond it 431. Apache: 100, h2o: 100.
  package var fieldLinesMax = 200
  /// Content of one request that is streamed; beyond it 413. Nginx counts 1 MiB, Node nothing.
  package var contentBytesMax: UInt64 = 1 << 30
  /// One chunk-size line with its extensions. Go: 4 KiB, llhttp: none.
  package var chunkLineBytesMax = 4 * 1024
  /// Chunk extensions of one message together. Go ends a message that is mostly framing.
  package var chunkExtensionBytesMax = 16 * 1024
  /// Trailer section; beyond it 431.
  package var trailerSectionBytesMax = 16 * 1024
  /// Empty lines in front of a request line that are skipped (RFC 9112 §2.2 asks for one).
  package var leadingEmptyLinesMax = 4
  /// Client: interim responses (1xx) to one request. Go: 1 MiB of them, curl: no limit.
  package var interimResponsesMax = 100

  package init() {}
}
