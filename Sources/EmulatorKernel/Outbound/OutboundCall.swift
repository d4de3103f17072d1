package import HTTPModel
import PayloadCodecs

/// A request to a server outside. Nothing makes one without a permit.
package struct OutboundRequest: Sendable {
  package var method: Method
  /// Absolute, http or https.
  package var url: String
  package var fields: Fields
  package var content: [UInt8]
  /// More than that of the answer is an error.
  package var contentLimit: Int

  package init(
    _ permit: OutboundPermit, method: Method, url: String, fields: Fields = Fields(),
    content: [UInt8] = [], contentLimit: Int = 64 * 1024 * 1024
  ) {
    self.method = method
    self.url = url
    self.fields = fields
    self.content = content
    self.contentLimit = contentLimit
  }
}

package struct OutboundResponse: Sendable {
  package var status: Int
  package var fields: Fields
  package var content: [UInt8]

  package init(status: Int, fields: Fields = Fields(), content: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.content = content
  }
}

/// Why a server outside gave no answer: a sentence for people.
package struct OutboundFailure: Error, Sendable, Equatable {
  package var message: String
  package init(_ message: String) { self.message = message }
}

/// Calls a server outside. Given to the service by whoever owns an HTTP client.
package typealias Outbound =
  @Sendable (OutboundRequest) async -> Result<OutboundResponse, OutboundFailure>

/// Leave to call a place outside: only who has decided whether the place may be called makes one.
package struct OutboundPermit: Sendable {
  /// Why there is no leave.
  package enum Denial: Error, Sendable {
    /// The call comes from a Wavetank: two that point at each other would never end.
    case loop
    /// The place was named by somebody who could not call it himself.
    case notAllowed
  }

  private init() {}

  /// The place was named by a flag, and nobody asks for it but this server.
  package static let configured = OutboundPermit()

  /// The place stands in the scenario, whose author is not a client.
  package static func scenario(for caller: CallerOrigin) throws(Denial) -> OutboundPermit {
    guard caller != .outbound else { throw .loop }
    return OutboundPermit()
  }

  /// The place was named by a client.
  /// - Parameter callers: everybody who had a part in it: who named it, and who wants it called.
  package static func client(
    _ callers: [CallerOrigin?], _ allowance: OutboundAllowance
  ) throws(Denial) -> OutboundPermit {
    if callers.contains(.outbound) { throw .loop }
    // One of whom nothing is known may be anybody.
    guard callers.allSatisfy({ allowance.covers($0 ?? .remote) }) else { throw .notAllowed }
    return OutboundPermit()
  }
}
