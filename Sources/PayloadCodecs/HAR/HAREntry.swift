package import HTTPModel

/// One exchange of an HTTP Archive that is written: what is to be told, before it is told in the words of
/// the format.
package struct HAREntry: Sendable {
  package struct Content: Sendable {
    /// What is shown of it.
    package var bytes: [UInt8]
    /// How many bytes there were, codings taken off.
    package var total: UInt64
    /// How many went over the wire, with their codings; nil: it had none.
    package var coded: UInt64?
    /// What else is to be said of it.
    package var comment: String?

    package init(
      _ bytes: [UInt8] = [], total: UInt64? = nil, coded: UInt64? = nil, comment: String? = nil
    ) {
      (self.bytes, self.coded, self.comment) = (bytes, coded, comment)
      self.total = total ?? UInt64(bytes.count)
    }

    var isCut: Bool { UInt64(bytes.count) < total }
  }

  /// An instant of RFC 3339.
  package var started = ""
  /// Microseconds.
  package var sending = 0
  package var waiting = 0
  package var receiving = 0

  package var method = "GET"
  package var url = ""
  package var version = "HTTP/1.1"
  package var requestFields = Fields()
  package var request = Content()

  /// Nil: no answer came.
  package var status: Int?
  package var reason = ""
  package var responseFields = Fields()
  package var response = Content()
  package var redirect = ""
  /// What went wrong on the way.
  package var failure: String?

  package var server: String?
  package var connection: String?
  /// Members of our own; each name begins with an underscore.
  package var members: [(name: String, value: JSON)] = []

  package init() {}

  package func requestField(_ name: String) -> String? { Self.last(name, of: requestFields) }
  package func responseField(_ name: String) -> String? { Self.last(name, of: responseFields) }

  private static func last(_ name: String, of fields: Fields) -> String? {
    fields.lines.last { fields.matches($0, name) }
      .map { String(decoding: fields.bytes[$0.value], as: UTF8.self) }
  }
}
