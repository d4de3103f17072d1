import PayloadCodecs
import Synchronization

/// A lock for each name, there only while somebody is at it: a tenant is read from its file,
/// or dropped with its file, by one at a time, and others do not wait for that.
final class NameGates: Sendable {
  private final class Gate: Sendable {
    let lock = Mutex(())
  }

  private struct Entry {
    let gate: Gate
    var visitors: Int
  }

  private let entries = Mutex<TextMap<Entry>>([:])

  func pass<Value: Sendable, Failure: Error>(
    _ name: String, _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let gate = entries.withLock { entries in
      let entry = entries[name] ?? Entry(gate: Gate(), visitors: 0)
      entries[name] = Entry(gate: entry.gate, visitors: entry.visitors + 1)
      return entry.gate
    }
    defer {
      entries.withLock { entries in
        if let left = entries[name]?.visitors, left > 1 {
          entries[name]?.visitors = left - 1
        } else {
          entries[name] = nil
        }
      }
    }
    return try gate.lock.withLock { _ throws(Failure) in try body() }
  }
}
