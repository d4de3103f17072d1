/// Why bytes are not a gzip stream, or not one that we are willing to unpack.
///
/// Source: RFC 1952 §2.2, RFC 1951.
package enum GzipError: Error, Sendable, Equatable {
  /// The first bytes are not 1f 8b, or the member's header is damaged.
  case badHeader
  /// The compressed data breaks the rules of deflate; `offset` counts compressed bytes.
  case damaged(offset: UInt64)
  /// The content's CRC-32 or length differs from the member's trailer.
  case checksumMismatch(offset: UInt64)
  /// The bytes end inside a member, or there are none.
  case truncated
  /// Bytes that are neither another member nor zero padding follow the last member.
  case trailingGarbage(offset: UInt64)
  /// More output than `GzipLimits.outputBytesMax`.
  case outputTooLarge(limit: UInt64)
  /// A bomb: the output outgrew the input by more than `GzipLimits.ratioMax`.
  case ratioTooHigh(limit: UInt64)
  /// zlib could not get its working memory.
  case outOfMemory
  /// `feed` or `finish` after an error or after `finish`.
  case alreadyFinished
}

extension GzipError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .badHeader: "it does not begin as gzip does"
    case .damaged(let offset): "it is damaged at byte \(offset)"
    case .checksumMismatch(let offset): "the checksum at byte \(offset) is of other content"
    case .truncated: "it ends too early"
    case .trailingGarbage(let offset): "something else follows at byte \(offset)"
    case .outputTooLarge(let limit): "it unpacks to more than \(limit) bytes"
    case .ratioTooHigh(let limit): "it unpacks to more than \(limit) times its size"
    case .outOfMemory: "there is no memory to unpack it"
    case .alreadyFinished: "it had ended before"
    }
  }
}

/// How much one gzip stream may unpack to.
package struct GzipLimits: Sendable, Equatable {
  /// Unpacked bytes of all members together. Default: four times the upload limit of DESIGN §11.
  package var outputBytesMax: UInt64
  /// Unpacked bytes for each packed byte; deflate itself ends at 1032. Default: 250, above what
  /// source trees and logs reach.
  package var ratioMax: UInt64
  /// Output below which the ratio is not looked at: small archives of zeros are harmless.
  package var ratioFreeBytes: UInt64

  package init(
    outputBytesMax: UInt64 = 4 << 30, ratioMax: UInt64 = 250, ratioFreeBytes: UInt64 = 256 << 20
  ) {
    self.outputBytesMax = outputBytesMax
    self.ratioMax = ratioMax
    self.ratioFreeBytes = ratioFreeBytes
  }
}
