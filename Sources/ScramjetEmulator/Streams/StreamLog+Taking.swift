extension StreamLog {
  /// Whether a writer may go on.
  var hasRoom: Bool {
    switch keeping {
    case .untilRead: byteCount < mark
    case .live, .untilReadOrStale: readerCount == 0 || byteCount < mark
    case .history: true
    }
  }

  /// What a reader gets, with all that it must know of the log: so it looks at it once.
  struct Taking {
    var pieces: [[UInt8]]
    var next: Int
    /// More is there already.
    var hasMore: Bool
    var isEnded: Bool
    /// Writers wait for the room that may have come up.
    var freesWriters: Bool
  }

  mutating func serveReader(at position: Int, byteLimit: Int, joins: Bool) -> Taking {
    let (pieces, next) = take(from: position, byteLimit: byteLimit, joins: joins)
    let isAwaited = hasWaitingWriter || !blocked.isEmpty
    return Taking(
      pieces: pieces, next: next, hasMore: next < end, isEnded: isEnded,
      freesWriters: isAwaited && !pieces.isEmpty && hasRoom)
  }
}
