import PayloadCodecs

/// Why a snapshot cannot be taken or put back. Putting back fails before anything has changed.
package enum SnapshotError: Error, Sendable, Equatable {
  /// The bytes are no whole tar.gz.
  case damaged(String)
  /// Written by another version of the format.
  case unsupportedFormat(found: Int, readable: Int)
  /// A name, link or device that no snapshot holds.
  case unexpectedEntry(String)
  /// An archive in a snapshot's place, in which that comes before anything of a snapshot's.
  case notOurs(String)
  case duplicateEntry(String)
  case missing(path: String)
  /// A part does not hold what it should.
  case invalid(path: String, reason: String)
  /// More stored content than there is room for.
  case noRoom
  /// It unpacks to more than a snapshot may.
  case tooLarge
  /// A state that cannot be written.
  case notEncodable(path: String, reason: String)
  /// Its file cannot be read or written.
  case file(FileError)

  /// One sentence for people.
  package var text: String {
    switch self {
    case .damaged(let reason): "The snapshot is damaged: \(reason)."
    case .unsupportedFormat(let found, let readable):
      "The snapshot has format \(found); this version reads format \(readable)."
    case .unexpectedEntry(let path): "The archive holds \"\(path)\", which no snapshot does."
    case .notOurs(let path): "It is no snapshot but another archive, and begins with \"\(path)\""
    case .duplicateEntry(let path): "The archive holds \"\(path)\" twice."
    case .missing(let path): "The snapshot lacks \(path)."
    case .invalid(let path, let reason): "The snapshot's \(path) is wrong: \(reason)."
    case .noRoom: "There is no room for the snapshot's stored content."
    case .tooLarge: "The snapshot unpacks to more than is allowed."
    case .notEncodable(let path, let reason): "\(path) cannot be written: \(reason)."
    case .file(let error): error.description
    }
  }

  static func onDisk<Value>(
    _ body: () throws(FileError) -> Value
  ) throws(SnapshotError) -> Value {
    do { return try body() } catch { throw .file(error) }
  }
}
