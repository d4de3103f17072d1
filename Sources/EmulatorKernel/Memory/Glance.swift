/// A look at a record where it lies, while it is lent: what is asked for is copied out, and nothing else.
///
/// A closure that takes a record as such has all of it copied before, a count for each text and list; then
/// again where a closure within names it.
///
/// - Warning: not to be kept beyond the closure that it was handed to.
@usableFromInline @safe @dynamicMemberLookup
package struct Glance<Record> {
  @usableFromInline let record: UnsafePointer<Record>

  /// Nil where there is none.
  ///
  /// SAFETY: whoever makes it sees to it that the place stays as it is for as long as it is looked at.
  @inlinable init?(_ place: UnsafePointer<Record?>) {
    guard unsafe place.pointee != nil else { return nil }
    // An optional has its value at its beginning.
    unsafe record = UnsafeRawPointer(place).assumingMemoryBound(to: Record.self)
  }

  @inlinable package subscript<Part>(dynamicMember path: KeyPath<Record, Part>) -> Part {
    unsafe record.pointee[keyPath: path]
  }

  /// Lends the whole of it.
  @inlinable package func lend<Value>(_ body: (borrowing Record) -> Value) -> Value {
    unsafe lent(record, to: body)
  }

  /// The whole of it, copied.
  @inlinable package var copy: Record { unsafe record.pointee }
}

/// What lies at a place, lent to a closure. As something that might not be copyable: of what is, the
/// compiler makes a copy for the call.
///
/// SAFETY: the place stays as it is during the call.
@inlinable func lent<Record: ~Copyable, Value>(
  _ place: UnsafePointer<Record>, to body: (borrowing Record) -> Value
) -> Value {
  unsafe body(place.pointee)
}
