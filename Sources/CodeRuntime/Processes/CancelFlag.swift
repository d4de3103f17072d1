import Synchronization

/// Set once.
final class CancelFlag: Sendable {
  private let flag = Atomic(false)
  var isSet: Bool { flag.load(ordering: .acquiring) }
  /// True for the one that sets it.
  func set() -> Bool { !flag.exchange(true, ordering: .acquiringAndReleasing) }
}
