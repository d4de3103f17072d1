/// A reference back to a tenant from what it has, which counts for nothing: else neither would ever go.
///
/// To what lasts (`Lasting`) it is one like any other: an object that somebody refers to weakly keeps its
/// count elsewhere, so that each count of it takes longer from then on.
struct WayBack<Object: AnyObject & Sendable>: Sendable {
  private weak var weak: Object?
  private let lasting: Object?

  init(_ object: Object, lasts: Bool) {
    lasting = lasts ? object : nil
    weak = lasts ? nil : object
  }

  /// Nil when it has gone.
  var object: Object? { lasting ?? weak }
}
