package import HTTPModel

/// A request to a server outside.
package struct OutboundRequest: Sendable {
  package var method: Method
  /// Absolute, http or https.
  package var url: String
  package var fields: Fields
  package var content: [UInt8]
  /// More than that of the answer is an error.
  package var contentLimit: Int

  package init(
    method: Method, url: String, fields: Fields = Fields(), content: [UInt8] = [],
    contentLimit: Int = 64 * 1024 * 1024
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
