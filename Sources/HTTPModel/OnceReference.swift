public import Synchronization

/// A reference that is stored once, by whoever comes first, and read by all without a lock.
///
/// A pointer by hand: `AtomicLazyReference` looks its own types up at each load, 650 instructions, and what
/// stands here is asked for with every request.
///
/// SAFETY: what the pointer says is retained when it is stored, which happens once, and released by the end
/// of this value, which whoever loads has in hand.
@usableFromInline
package struct OnceReference<Object: AnyObject & Sendable>: ~Copyable, Sendable {
  @usableFromInline let pointer = Atomic<UInt>(0)

  @inlinable package init() {}

  @inlinable package func load() -> Object? {
    guard
      let place = unsafe UnsafeRawPointer(bitPattern: pointer.load(ordering: .acquiring))
    else { return nil }
    return unsafe Unmanaged<Object>.fromOpaque(place).takeUnretainedValue()
  }

  /// What was stored first stays.
  @discardableResult
  @inlinable package func storeIfNil(_ object: Object) -> Object {
    let retained = unsafe Unmanaged.passRetained(object)
    let (isStored, _) = unsafe pointer.compareExchange(
      expected: 0, desired: UInt(bitPattern: retained.toOpaque()), ordering: .acquiringAndReleasing)
    if !isStored { unsafe retained.release() }
    return load() ?? object
  }

  @inlinable deinit {
    if let place = unsafe UnsafeRawPointer(bitPattern: pointer.load(ordering: .acquiring)) {
      unsafe Unmanaged<Object>.fromOpaque(place).release()
    }
  }
}
