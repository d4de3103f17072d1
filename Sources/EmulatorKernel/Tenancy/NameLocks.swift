import PayloadCodecs
import Synchronization

/// A lock for each name, there only while somebody is at it: a tenant is read from its file,
/// or dropped with its file, by one at a time, and others do not wait for that.
final class NameLocks: Sendable {
  private final class Entry: Sendable {
    let lock = Mutex(())
    let users = Atomic<Int>(0)
  }

  private let entries = Mutex<TextMap<Entry>>([:])

  func withLock<Value: Sendable, Failure: Error>(
    of name: String, _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let entry = entries.withLock { entries in
      let entry = entries[name] ?? Entry()
      entry.users.add(1, ordering: .relaxed)
      entries[name] = entry
      return entry
    }
    defer {
      entries.withLock { entries in
        if entry.users.subtract(1, ordering: .relaxed).newValue == 0 { entries[name] = nil }
      }
    }
    return try entry.lock.withLock { _ throws(Failure) in try body() }
  }
}
