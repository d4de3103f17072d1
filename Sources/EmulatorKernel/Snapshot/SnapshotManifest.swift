import PayloadCodecs

/// The first part of a snapshot, `wavetank.json`: what is not a service's.
struct SnapshotManifest: Codable, Sendable, Equatable {
  /// Goes up when the layout changes in a way that older versions cannot read.
  static let currentFormat = 1
  static let path = "wavetank.json"

  struct Clock: Codable, Sendable, Equatable {
    /// As `ClockMode` has it: `real`, `scaled`, `manual`, `skip`.
    var mode: String
    var factor: Double?
    /// Where time stands; nil for real time, which goes on meanwhile.
    var nanoseconds: Int64?
    /// How far real time is ahead of the wall.
    var offset: Int64?
    /// For people; not where it would differ from one snapshot to the next.
    var now: String?
  }

  struct Journal: Codable, Sendable, Equatable {
    /// Exchanges so far: the next one is one more.
    var total: UInt64
    /// Exchanges that a journal put back no longer has.
    var lost: UInt64
  }

  struct BlobSize: Codable, Sendable, Equatable {
    var id: UInt64
    var bytes: Int
  }

  var format = SnapshotManifest.currentFormat
  var tenant: String
  var seed: UInt64
  var clock: Clock
  var journal: Journal
  var services: [String]
  var lastBlob: UInt64
  var blobs: [BlobSize]
}

extension SnapshotManifest.Clock {
  init(_ clock: VirtualClock) {
    let now = clock.now
    mode = clock.mode.name
    switch clock.mode {
    case .real: offset = clock.wallOffset.clampedNanoseconds
    case .scaled(let factor):
      self.factor = factor
      nanoseconds = now.nanoseconds
      self.now = now.iso8601(.microseconds)
    case .manual, .skip:
      nanoseconds = now.nanoseconds
      self.now = now.iso8601(.microseconds)
    }
  }

  /// Nil when it makes no sense.
  var clockMode: ClockMode? {
    ClockMode(text: factor.map { "\(mode):\($0)" } ?? mode)
  }

  /// Whether it stands within the range of all instants.
  var isInRange: Bool {
    nanoseconds.map { VirtualInstant(exactNanoseconds: $0) != nil } ?? true
  }

  func putInForce(_ clock: VirtualClock, _ mode: ClockMode) {
    if let nanoseconds {
      clock.set(mode: mode, to: VirtualInstant(nanoseconds: nanoseconds))
    } else {
      clock.set(mode: mode, aheadOfWall: .nanoseconds(offset ?? 0))
    }
  }
}
