import EmulatorKernel
import PayloadCodecs

/// Blocks whose content comes piece by piece.
/// Source: SDK `data/block.py`, `append_stream` and `finish_stream`; contract §2.2.
extension SteamshipState {
  private mutating func openStream(
    id: String, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> Key<Block> {
    let key = try block(id: id, caller, &step)
    switch blocks.read(key, { $0.streamState }) {
    case .started: return key
    case .complete, .aborted:
      throw SteamshipError(400, "StreamEnded", "The stream of this block has ended already.")
    case nil:
      throw SteamshipError(
        400, "NotStreaming", "This block is not streamed.",
        suggestion: "Make it with `streaming` set to true.")
    }
  }

  /// `POST block/{id}/appendStream`: raw bytes.
  mutating func appendStream(
    id: String, _ bytes: [UInt8], _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) {
    let key = try openStream(id: id, caller, &step)
    try append(bytes, to: key, &step)
  }

  mutating func append(
    _ bytes: [UInt8], to key: Key<Block>, _ step: inout Step
  ) throws(SteamshipError) {
    guard var content = blocks.read(key, { $0.content }) else { return }
    try content.append(bytes, to: step.blobs)
    blocks.update(key) { $0.content = content }
    step.wake(.block(serial: key.serial))
  }

  mutating func endStream(
    id: String, _ state: Block.StreamState, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    let key = try openStream(id: id, caller, &step)
    if !(blocks.read(key, { $0.piecesLeft.isEmpty }) ?? true) {
      blocks.update(key) { $0.piecesLeft = [] }
      due.cancel { $0 == .streamPiece(key) }
    }
    endStream(of: key, state, &step)
    return blockReply(key, step.blobs)
  }

  mutating func endStream(of key: Key<Block>, _ state: Block.StreamState, _ step: inout Step) {
    let blobs = step.blobs
    blocks.update(key) { block in
      block.streamState = state
      block.content.merge(in: blobs)
      if block.isText, !MIMEType.isUTF8(block.content.chunks(in: blobs)) { block.isText = false }
    }
    step.wake(.block(serial: key.serial))
  }

  /// The next piece of a stream that a canned generator writes.
  mutating func appendNextPiece(to key: Key<Block>, _ step: inout Step) {
    guard var pieces = blocks.read(key, { $0.piecesLeft }),
      blocks.read(key, { $0.streamState }) == .started
    else { return }
    if !pieces.isEmpty {
      let piece = pieces.removeFirst()
      do {
        try append(piece, to: key, &step)
      } catch {
        blocks.update(key) { $0.piecesLeft = [] }
        endStream(of: key, .aborted, &step)
        return
      }
    }
    blocks.update(key) { $0.piecesLeft = pieces }
    if pieces.isEmpty {
      endStream(of: key, .complete, &step)
    } else {
      due.schedule(.streamPiece(key), at: step.now + Self.streamPieceInterval)
    }
  }

  /// Fidelity: assumed.
  static let streamPieceInterval = Duration.milliseconds(20)
}
