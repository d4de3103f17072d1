import HTTPModel
import PayloadCodecs
import Synchronization

/// How a request's content is packed, as its fields say.
/// Source: RFC 9110 §8.4.
enum ContentCoding: Sendable, Equatable {
  case plain, gzip
  /// One that is not read here, or several.
  case other

  init(_ request: borrowing Request) {
    guard let coding = request.fields.valueBytes("content-encoding") else {
      self = .plain
      return
    }
    // Several lines of a field are one with commas (§5.3): several codings, one on the other.
    guard request.fields.all("content-encoding").count == 1 else {
      self = .other
      return
    }
    let name = coding.lazy.map(\.asciiLowercased)
    // `x-gzip` is the same (§8.4.1.3); `identity` is none (§12.5.3).
    if name.elementsEqual("gzip".utf8) || name.elementsEqual("x-gzip".utf8) {
      self = .gzip
    } else {
      self = name.isEmpty || name.elementsEqual("identity".utf8) ? .plain : .other
    }
  }
}

/// A content in gzip, unpacked while it comes: what is inside of a little may be much, so it is unpacked
/// in steps, each only when it is asked for, and no more of it than may come in the plain.
final class GzipContent: ContentDecoder {
  private struct Held {
    var inflater: Inflater?
    var packed: [UInt8] = []
    var position = 0
    var isFinished = false
  }
  private let held: Mutex<Held>
  private let limit: UInt64

  init(limit: UInt64) {
    self.limit = limit
    held = Mutex(Held(inflater: try? Inflater(limits: GzipLimits(outputBytesMax: limit))))
  }

  /// Deflate makes at most 1032 bytes of one: some 260 KiB of a step.
  private static let stepBytes = 256
  /// Steps are taken until there is so much.
  private static let pieceBytes = 32 << 10

  func piece() throws(ContentError) -> [UInt8]? {
    try held.withLock { held throws(ContentError) -> [UInt8]? in
      guard let inflater = held.inflater else { throw .malformed }
      var piece: [UInt8] = []
      var position = held.position
      let packed = held.packed
      while piece.count < Self.pieceBytes, position < packed.count {
        let end = min(packed.count, position + Self.stepBytes)
        let step = packed.span.extracting(position..<end)
        try inflater.feed(step, mapping: failure) { run throws(ContentError) in
          piece.append(contentsOf: run)
        }
        position = end
      }
      held.position = position
      return piece.isEmpty ? nil : piece
    }
  }

  func take(_ chunk: [UInt8]) {
    held.withLock { held in
      held.packed = chunk
      held.position = 0
    }
  }

  func finish() throws(ContentError) {
    try held.withLock { held throws(ContentError) in
      guard !held.isFinished else { return }
      held.isFinished = true
      guard let inflater = held.inflater else { throw .malformed }
      do throws(GzipError) { try inflater.finish() } catch { throw failure(error) }
    }
  }

  private func failure(_ error: GzipError) -> ContentError {
    switch error {
    case .outputTooLarge, .ratioTooHigh: .tooLarge(limit: limit)
    default: .malformed
    }
  }
}
