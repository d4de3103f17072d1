/// What a sweep lets go wrong with one exchange: each is one rule of a scenario.
package enum SweepFault: String, Sendable, CaseIterable {
  case resetBefore = "reset-before"
  case resetAfter = "reset-after"
  case empty
  case cut
  case corrupt
  case framing
  case stall
  case slow
  case tooMany = "429"
  case failed = "500"
  case unavailable = "503"
  case outage
  case unreachable
  case expired = "401"
  case wrongType = "wrong-type"
  case twice
  case lostConnection = "lost-connection"
  case readerStalls = "reader-stalls"
  case readerGone = "reader-gone"
  case workFails = "work-fails"
  case workNeverEnds = "work-never-ends"
  case tlsExpired = "tls-expired"
  case tlsNotYetValid = "tls-not-yet-valid"
  case tlsWrongHost = "tls-wrong-host"
  case tlsSelfSigned = "tls-self-signed"
  case tlsUntrusted = "tls-untrusted"
  case tlsStall = "tls-stall"
  case tlsClose = "tls-close"
  case tlsReset = "tls-reset"
  case tlsPlainHTTP = "tls-plain-http"
  case tlsAlert = "tls-alert"
  case tlsCutRecord = "tls-cut-record"
  case tlsCorruptRecord = "tls-corrupt-record"

  /// A sentence for people.
  package var title: String {
    switch self {
    case .resetBefore: "The connection is reset before the work is done."
    case .resetAfter: "The work is done, then the connection is reset in place of an answer."
    case .empty: "The connection is closed without an answer, and nothing is done."
    case .cut: "The answer is cut in its middle."
    case .corrupt: "The answer's bytes are spoilt."
    case .framing: "The answer's chunked coding is broken."
    case .stall: "The answer stops in its middle and never goes on."
    case .slow: "The answer takes 2 s."
    case .tooMany: "429 with Retry-After: 1."
    case .failed: "500."
    case .unavailable: "503."
    case .outage: "503, from then on for this operation."
    case .unreachable: "Closed without an answer, from then on for this operation."
    case .expired: "401, from then on for the whole service: the key has expired."
    case .wrongType: "The answer's content type is text/html."
    case .twice: "The request is delivered twice; the answer is that to the second."
    case .lostConnection: "The answer is whole, then its connection is gone."
    case .readerStalls: "Half of what the client streams is taken, then no more, without an end."
    case .readerGone: "Half of what the client streams is taken, then the connection is reset."
    case .workFails: "From then on the work that is asked for has failed."
    case .workNeverEnds: "From then on the work that is asked for goes on for ever."
    default: "TLS: " + (tls?.title ?? "")
    }
  }

  /// How long `slow` takes, and what `429` asks for.
  package static let slowSeconds = 2
  package static let retryAfterSeconds = 1

  /// So much of what is streamed is kept to be delivered twice.
  private static let twiceBytesMax = 1 << 20

  /// Whether it makes a difference for an exchange that went like this.
  package func fits(_ exchange: LabExchange) -> Bool {
    switch self {
    case .cut, .stall: exchange.responseBytes > 1
    case .framing: exchange.responseBytes > 1
    // Of other contents nobody could tell.
    case .corrupt, .wrongType: exchange.hasJSONAnswer
    // Who only looks may look twice.
    case .twice: !exchange.isQuestion && exchange.requestBytes <= Self.twiceBytesMax
    case .readerStalls, .readerGone: exchange.isStreamed && exchange.requestBytes > 1
    case .workFails, .workNeverEnds: work(of: exchange) != nil
    default: true
    }
  }

  /// Whether it goes on for all later exchanges of the operation, or connections to the host.
  package var lasts: Bool {
    switch self {
    case .outage, .unreachable, .expired, .workFails, .workNeverEnds: true
    default: isBadCertificate
    }
  }

  // MARK: TLS

  /// It strikes a connection when TLS begins there.
  package var isOfTLS: Bool { tls != nil }

  /// The server shows a certificate that no client may take.
  package var isBadCertificate: Bool { tls?.isCertificate ?? false }

  /// Something that never ends unless the client ends it.
  package var isWithoutEnd: Bool {
    switch self {
    case .stall, .readerStalls, .tlsStall: true
    default: false
    }
  }

  /// The scenario's word for it.
  var tls: (kind: JSONWord, title: String, isCertificate: Bool)? {
    switch self {
    case .tlsExpired: (.text("expired"), "the certificate has expired.", true)
    case .tlsNotYetValid: (.text("notYetValid"), "the certificate is not valid yet.", true)
    case .tlsWrongHost: (.text("wrongHost"), "the certificate is another host's.", true)
    case .tlsSelfSigned: (.text("selfSigned"), "the certificate is signed by itself.", true)
    case .tlsUntrusted: (.text("untrusted"), "the certificate is by a CA nobody knows.", true)
    case .tlsStall: (.text("stall"), "no answer to the handshake, without an end.", false)
    case .tlsClose: (.text("close"), "closed in place of a handshake.", false)
    case .tlsReset: (.text("reset"), "reset in place of a handshake.", false)
    case .tlsPlainHTTP:
      (.text("plainHTTP"), "an answer in the clear in place of a handshake.", false)
    case .tlsAlert: (.alert(40), "an alert (handshake_failure) in place of a handshake.", false)
    case .tlsCutRecord:
      (.text("cutRecord"), "the first record of the first answer is cut.", false)
    case .tlsCorruptRecord:
      (.text("corruptRecord"), "a bit of the first answer's first record is flipped.", false)
    default: nil
    }
  }

  enum JSONWord {
    case text(String)
    case alert(Int)
  }
}
