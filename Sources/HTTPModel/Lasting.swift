/// What lasts as long as the process does: from when it is kept, references to it are not counted.
///
/// **Cost**: each count is an atomic operation, some 20 cycles of a core. A request's way counts a hundred
/// references to what all requests have in common (tables, services, the default tenant's parts); with
/// several loops each of these also takes the object's cache line from another core.
///
/// Only a process that serves one emulator until it ends keeps things: elsewhere each one kept is a leak.
package enum Lasting {
  /// - Parameter object: nobody refers to it weakly, which would take the mark away, and nothing waits for
  ///   its end.
  package static func keep(_ object: some AnyObject & Sendable) {
    unsafe keep(Unmanaged<AnyObject>.passUnretained(object))
  }

  /// Keeps an array's storage, not what lies in it.
  /// - Parameter array: never changes.
  package static func keep<Element: Sendable>(_ array: [Element]) {
    // SAFETY: where there is no Objective-C, an array is the reference to its storage, be it the empty one.
    unsafe keep(unsafeBitCast(array, to: Unmanaged<AnyObject>.self))
  }

  private static func keep(_ object: Unmanaged<AnyObject>) {
    // SAFETY: the runtime's own function, which marks the object as the compiler marks what it makes itself;
    // it changes nothing but the count. The mark is the sign bit of it, which a count of one would lose at
    // the next release: so it is counted once more before.
    unsafe immortalize(object.retain().toOpaque())
  }
}

@_silgen_name("_swift_stdlib_immortalize")
private func immortalize(_ object: UnsafeMutableRawPointer)
