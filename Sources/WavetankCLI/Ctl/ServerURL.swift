import Wavetank

/// Where a server is, as flags and variables name it: `http://127.0.0.1:7070`, also with the tenant's
/// prefix that `wavetank env --tenant` puts behind it.
struct ServerURL {
  static let standard = "http://127.0.0.1:7070"

  /// Without the tenant's prefix, and without slashes at the end.
  let base: String
  /// Of the prefix.
  let tenant: String?

  /// What was given, else $WAVETANK_URL, else the usual place.
  init(_ given: String?) {
    var text = given ?? Terminal.environment("WAVETANK_URL") ?? Self.standard
    while text.hasSuffix("/") { text.removeLast() }
    guard let mark = text.firstRange(of: "/_t/"), !text[mark.upperBound...].contains("/"),
      ClientEnvironment.isTenantName(String(text[mark.upperBound...]))
    else {
      (base, tenant) = (text, nil)
      return
    }
    (base, tenant) = (String(text[..<mark.lowerBound]), String(text[mark.upperBound...]))
  }
}
