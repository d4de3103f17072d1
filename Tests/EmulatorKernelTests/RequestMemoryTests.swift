import Testing

@testable import EmulatorKernel

@Suite("What a document takes while it is read")
struct RequestMemoryTests {
  /// Around a block, and many of them.
  static let lengths = [0, 1, 31, 127, 128, 129, 255, 256, 1_000, 32 * 256, 20_011]

  @Test("Each byte that separates values counts, wherever it stands", arguments: lengths)
  func separators(_ length: Int) {
    let pattern = Array(#"{"a": [1, 2], "b": "x"}"#.utf8) + [0x0A, 0x2D, 0x7C, 0xDB, 0xFF]
    let mixed = (0..<length).map { pattern[$0 % pattern.count] }
    // Folded as letters are, so that braces count with brackets.
    let counted = mixed.count { $0 == 0x2C || $0 == 0x0A || $0 & 0xDF == 0x5B }
    #expect(RequestMemory.readingBytes(of: mixed) == 3 * length + 72 * counted)
    let commas = [UInt8](repeating: 0x2C, count: length)
    #expect(RequestMemory.readingBytes(of: commas) == 75 * length)
    let text = [UInt8](repeating: 0x61, count: length)
    #expect(RequestMemory.readingBytes(of: text) == 3 * length)
  }
}
