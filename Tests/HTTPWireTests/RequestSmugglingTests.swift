import HTTPModel
import Testing

@testable import HTTPWire

/// A request that two parties could read differently, and how it must be refused.
struct SmugglingCase: Sendable, CustomTestStringConvertible {
  var name: String
  var head: String
  var kind: HTTPParseError.Kind
  var status: Int = 400

  var testDescription: String { name }
}

private let smugglingCases: [SmugglingCase] = [
  .init(
    name: "both framing fields (RFC 9112 §6.3)",
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
    kind: .lengthAndTransferCoding),
  .init(
    name: "both framing fields, coding first",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n",
    kind: .lengthAndTransferCoding),
  .init(
    name: "two different lengths",
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n",
    kind: .repeatedLength),
  .init(
    name: "the same length twice",
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n",
    kind: .repeatedLength),
  .init(
    name: "a list of lengths",
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\n", kind: .invalidLength),
  .init(
    name: "a signed length", head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\n",
    kind: .invalidLength),
  .init(
    name: "a negative length", head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -4\r\n\r\n",
    kind: .invalidLength),
  .init(
    name: "a hexadecimal length",
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\n", kind: .invalidLength),
  .init(
    name: "a length with space inside",
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 2\r\n\r\n", kind: .invalidLength),
  .init(
    name: "an empty length", head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n",
    kind: .invalidLength),
  .init(
    name: "a length that overflows",
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n",
    kind: .invalidLength),
  .init(
    name: "a length beyond the limit",
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n",
    kind: .contentTooLong, status: 413),
  .init(
    name: "an unknown coding that is last",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    kind: .chunkedNotFinal),
  .init(
    name: "chunked that is not last",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    kind: .chunkedNotFinal),
  .init(
    name: "identity", head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
    kind: .chunkedNotFinal),
  .init(
    name: "an unknown coding before chunked (RFC 9112 §6.1: 501)",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    kind: .unknownTransferCoding, status: 501),
  .init(
    name: "chunked twice",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
    kind: .chunkedNotFinal),
  .init(
    name: "chunked in two lines",
    head:
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    kind: .chunkedNotFinal),
  .init(
    name: "identity hidden in a second line",
    head:
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
    kind: .chunkedNotFinal),
  .init(
    name: "chunked with a parameter",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n",
    kind: .chunkedNotFinal),
  .init(
    name: "a quoted coding",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n",
    kind: .chunkedNotFinal),
  .init(
    name: "a coding with a vertical tab in front",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{0B}chunked\r\n\r\n",
    kind: .controlCharacter),
  .init(
    name: "an empty coding",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", kind: .chunkedNotFinal),
  .init(
    name: "a transfer coding in HTTP/1.0 (RFC 9112 §6.1)",
    head: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", kind: .transferCodingInHTTP10),
  .init(
    name: "a space before the colon (RFC 9112 §5.1)",
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\n",
    kind: .whitespaceBeforeColon),
  .init(
    name: "a tab before the colon",
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n",
    kind: .whitespaceBeforeColon),
  .init(
    name: "a folded line (RFC 9112 §5.2)",
    head: "POST / HTTP/1.1\r\nHost: a\r\nX: b\r\n Content-Length: 4\r\n\r\n", kind: .lineFolding),
  .init(
    name: "whitespace before the first field (RFC 9112 §2.2)",
    head: "GET / HTTP/1.1\r\n Host: a\r\n\r\n", kind: .lineFolding),
  .init(
    name: "a bare LF between lines", head: "GET / HTTP/1.1\nHost: a\r\n\r\n",
    kind: .bareLineFeed),
  .init(
    name: "a bare LF in the field section",
    head: "GET / HTTP/1.1\r\nHost: a\nContent-Length: 4\r\n\r\n", kind: .bareLineFeed),
  .init(
    name: "a bare CR in a value",
    head: "GET / HTTP/1.1\r\nHost: a\r\nX: b\rContent-Length: 4\r\n\r\n",
    kind: .bareCarriageReturn),
  .init(
    name: "CR CR LF", head: "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", kind: .bareCarriageReturn),
  .init(
    name: "NUL in a value", head: "GET / HTTP/1.1\r\nHost: a\r\nX: b\u{0}c\r\n\r\n",
    kind: .controlCharacter),
  .init(
    name: "NUL in a name", head: "GET / HTTP/1.1\r\nHost: a\r\nContent-Length\u{0}: 4\r\n\r\n",
    kind: .controlCharacter),
  .init(
    name: "DEL in a value", head: "GET / HTTP/1.1\r\nHost: a\r\nX: \u{7F}\r\n\r\n",
    kind: .controlCharacter),
  .init(
    name: "a name that is no token", head: "GET / HTTP/1.1\r\nHost: a\r\nX(y): b\r\n\r\n",
    kind: .invalidFieldName),
  .init(
    name: "an empty name", head: "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
    kind: .invalidFieldName),
  .init(
    name: "a line without colon", head: "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
    kind: .missingColon),
  .init(
    name: "no Host (RFC 9112 §3.2)", head: "GET / HTTP/1.1\r\nX: y\r\n\r\n", kind: .missingHost),
  .init(
    name: "two Hosts", head: "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", kind: .repeatedHost),
  .init(
    name: "a Host that is none", head: "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", kind: .invalidHost),
  .init(
    name: "a list of Hosts", head: "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", kind: .invalidHost),
  .init(
    name: "two spaces behind the method", head: "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    kind: .malformedRequestLine),
  .init(
    name: "a space inside the target", head: "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    kind: .malformedVersion),
  .init(
    name: "a tab for a space", head: "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", kind: .invalidMethod),
  .init(
    name: "trailing space behind the version", head: "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    kind: .malformedVersion),
  .init(
    name: "no version (HTTP/0.9)", head: "GET /\r\nHost: a\r\n\r\n", kind: .malformedRequestLine),
  .init(
    name: "HTTP/2.0", head: "PRI * HTTP/2.0\r\n\r\n", kind: .unsupportedVersion, status: 505),
  .init(
    name: "HTTP/0.9 spelled out", head: "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
    kind: .unsupportedVersion, status: 505),
  .init(
    name: "a lower-case protocol name", head: "GET / http/1.1\r\nHost: a\r\n\r\n",
    kind: .malformedVersion),
  .init(
    name: "a version with two digits", head: "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
    kind: .malformedVersion),
  .init(
    name: "a TLS handshake", head: "\u{16}\u{3}\u{1}\u{0}\r\n\r\n", kind: .controlCharacter),
  .init(
    name: "a target without slash", head: "GET index.html HTTP/1.1\r\nHost: a\r\n\r\n",
    kind: .invalidTarget),
  .init(
    name: "an asterisk that is not OPTIONS'", head: "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    kind: .invalidTarget),
  .init(
    name: "an absolute form without host", head: "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
    kind: .invalidTarget),
  .init(
    name: "userinfo in the authority", head: "GET http://b@c/x HTTP/1.1\r\nHost: a\r\n\r\n",
    kind: .invalidTarget),
  .init(
    name: "CONNECT with a length",
    head: "CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", kind: .contentOfConnect),
  .init(
    name: "CONNECT in chunks",
    head: "CONNECT a:443 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    kind: .contentOfConnect),
]

@Suite("Requests that could be read in two ways")
struct RequestSmugglingTests {
  @Test("Behind a CONNECT nothing is read: it is the tunnel's (RFC 9110 §9.3.6)")
  func tunnel() {
    for head in [
      "CONNECT A.example:443 HTTP/1.0\r\n\r\n",
      "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
      "CONNECT [::1]:7 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    ] {
      let trace = MachineTrace.of(Array((head + Self.next).utf8))
      let target = head.contains("::1") ? "::1 7" : "a.example 443"
      #expect(trace == ["tunnel to \(target)", "closes"])
    }
  }

  private static let next = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test("is refused, and nothing behind it is read", arguments: smugglingCases)
  func isRefused(_ example: SmugglingCase) throws {
    let bytes = Array((example.head + "0\r\n\r\n" + Self.next).utf8)
    let whole = MachineTrace.of(bytes)
    let last = try #require(whole.last)
    #expect(last.hasPrefix("failed \(example.kind) \(example.status)"))
    #expect(!whole.contains { $0.hasPrefix("request") })
    for cuts in everyCut(of: bytes.count) {
      #expect(MachineTrace.of(bytes, cutAt: cuts) == whole, "cut at \(cuts.prefix(3))")
    }
  }

  @Test(
    "A broken chunk is refused, and nothing behind it is read (RFC 9112 §7.1)",
    arguments: [
      ("5\r\nhelloX\r\n0\r\n\r\n", HTTPParseError.Kind.missingChunkEnd, 400),
      ("5\r\nhello\n0\r\n\r\n", .missingChunkEnd, 400),
      ("5\nhello\r\n0\r\n\r\n", .bareLineFeed, 400),
      ("5\rhello\r\n0\r\n\r\n", .bareCarriageReturn, 400),
      (" 5\r\nhello\r\n0\r\n\r\n", .invalidChunkSize, 400),
      ("5 \r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5 5\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5 \nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("0x5\r\nhello\r\n0\r\n\r\n", .invalidChunkSize, 400),
      ("+5\r\nhello\r\n0\r\n\r\n", .invalidChunkSize, 400),
      ("-5\r\nhello\r\n0\r\n\r\n", .invalidChunkSize, 400),
      ("\r\nhello\r\n0\r\n\r\n", .invalidChunkSize, 400),
      ("g\r\nhello\r\n0\r\n\r\n", .invalidChunkSize, 400),
      ("00000000000000005\r\nhello\r\n0\r\n\r\n", .invalidChunkSize, 400),
      ("ffffffffffffffff\r\nhello", .chunkSizeTooLarge, 413),
      ("7fffffffffffffff\r\nhello", .chunkSizeTooLarge, 413),
      ("5;\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5; \r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5;a \r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5;a b\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5;a= \r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5;a=b =c\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5;a=\"b\" \nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5;a=\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5;a=\"b\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension, 400),
      ("5;a\nhello\r\n0\r\n\r\n", .bareLineFeed, 400),
      ("0\r\nContent-Length: 5\r\n\r\n", .framingFieldInTrailers, 400),
      ("0\r\nTransfer-Encoding: chunked\r\n\r\n", .framingFieldInTrailers, 400),
      ("0\r\nbad trailer\r\n\r\n", .invalidFieldName, 400),
      ("0\r\nx: y\n\r\n", .bareLineFeed, 400),
    ])
  func brokenChunks(_ content: String, _ kind: HTTPParseError.Kind, _ status: Int) throws {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    let bytes = Array((head + content + Self.next).utf8)
    let whole = MachineTrace.of(bytes)
    let last = try #require(whole.last)
    #expect(last.hasPrefix("failed \(kind) \(status)"), "\(whole)")
    #expect(!whole.contains { $0.contains("smuggled") })
    for cuts in everyCut(of: bytes.count) {
      #expect(MachineTrace.of(bytes, cutAt: cuts) == whole, "cut at \(cuts.prefix(3))")
    }
  }
}
