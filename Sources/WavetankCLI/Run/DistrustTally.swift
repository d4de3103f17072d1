import Synchronization

/// The hosts whose certificates the program has refused, and how often: it does not trust the CA, so
/// that nothing of what it sent came here.
final class DistrustTally: Sendable {
  private let counts = Mutex<[String: Int]>([:])

  /// Names are the program's to choose.
  private static let hostsMax = 100

  func add(_ host: String) {
    counts.withLock { counts in
      if counts[host] != nil || counts.count < Self.hostsMax { counts[host, default: 0] += 1 }
    }
  }

  var hosts: [(name: String, count: Int)] {
    counts.withLock { counts in counts.map { (name: $0.key, count: $0.value) } }
      .sorted { $0.name < $1.name }
  }
}
