/// A request method. Case-sensitive, as RFC 9110 §9.1 demands.
public enum Method: Sendable, Hashable {
  case get, head, post, put, delete, options, patch, connect, trace
  /// Any other token.
  case other(String)

  public init(_ token: String) {
    switch token {
    case "GET": self = .get
    case "HEAD": self = .head
    case "POST": self = .post
    case "PUT": self = .put
    case "DELETE": self = .delete
    case "OPTIONS": self = .options
    case "PATCH": self = .patch
    case "CONNECT": self = .connect
    case "TRACE": self = .trace
    default: self = .other(token)
    }
  }

  /// The token as it stands in a request line.
  public var name: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .options: "OPTIONS"
    case .patch: "PATCH"
    case .connect: "CONNECT"
    case .trace: "TRACE"
    case .other(let token): token
    }
  }
}

extension Method: CustomStringConvertible {
  public var description: String { name }
}
