package import HTTPModel

/// What is wrong with the bytes of a message. After it no further byte of the connection is read.
package struct HTTPParseError: Error, Sendable, Equatable {
  package enum Kind: Sendable, Equatable, CaseIterable {
    // Lines.
    case bareCarriageReturn, bareLineFeed, controlCharacter, tooManyEmptyLines
    // Start-lines.
    case malformedRequestLine, invalidMethod, invalidTarget, malformedVersion, unsupportedVersion
    case malformedStatusLine, startLineTooLong, contentOfConnect
    // Responses.
    case protocolSwitch, tooManyInterimResponses
    // Fields.
    case missingColon, invalidFieldName, whitespaceBeforeColon, lineFolding
    case fieldSectionTooLong, tooManyFieldLines
    case missingHost, repeatedHost, invalidHost
    // Framing.
    case repeatedLength, invalidLength, lengthAndTransferCoding, transferCodingInHTTP10
    case unknownTransferCoding, chunkedNotFinal, contentTooLong
    // Chunks.
    case invalidChunkSize, chunkSizeTooLarge, invalidChunkExtension, chunkLineTooLong
    case missingChunkEnd, framingFieldInTrailers, trailerSectionTooLong
  }

  package var kind: Kind
  /// Bytes from the start of the message's part in question (head, chunk line, trailer section).
  package var offset: Int

  package init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }

  /// The status that tells the peer. Source: RFC 9112 §2–7, RFC 6585 §5.
  package var status: Status {
    switch kind {
    case .unsupportedVersion: Status(505)
    case .startLineTooLong: Status(414)
    case .fieldSectionTooLong, .tooManyFieldLines, .trailerSectionTooLong: Status(431)
    case .contentTooLong, .chunkSizeTooLarge: .contentTooLarge
    case .unknownTransferCoding: .notImplemented
    default: .badRequest
    }
  }

  /// One sentence for the peer.
  package var reason: String {
    switch kind {
    case .bareCarriageReturn: "A carriage return without line feed."
    case .bareLineFeed: "A line feed without carriage return."
    case .controlCharacter: "A control character in the head."
    case .tooManyEmptyLines: "Too many empty lines in front of the request line."
    case .malformedRequestLine:
      "The request line is not a method, one space, a target, one space and a version."
    case .invalidMethod: "The method is not a token."
    case .invalidTarget: "The request-target has none of the four forms, or names no host."
    case .malformedVersion: "The protocol version is malformed."
    case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
    case .malformedStatusLine: "The status line is malformed."
    case .startLineTooLong: "The start-line is too long."
    case .contentOfConnect: "CONNECT with content."
    case .protocolSwitch: "A switch to another protocol that was not asked for."
    case .tooManyInterimResponses: "Too many interim responses."
    case .missingColon: "A field line without colon."
    case .invalidFieldName: "A field name that is not a token."
    case .whitespaceBeforeColon: "Whitespace between a field name and its colon."
    case .lineFolding: "A field line that begins with whitespace (line folding)."
    case .fieldSectionTooLong: "The field section is too long."
    case .tooManyFieldLines: "Too many field lines."
    case .missingHost: "An HTTP/1.1 request without Host field."
    case .repeatedHost: "More than one Host field."
    case .invalidHost: "The Host field's value is not a host with or without a port."
    case .repeatedLength: "More than one Content-Length."
    case .invalidLength: "Content-Length is not a decimal number of at most 18 digits."
    case .lengthAndTransferCoding: "Both Content-Length and Transfer-Encoding."
    case .transferCodingInHTTP10: "Transfer-Encoding in an HTTP/1.0 message."
    case .unknownTransferCoding: "A transfer coding that is not supported."
    case .chunkedNotFinal: "The final transfer coding is not chunked."
    case .contentTooLong: "The content is too long."
    case .invalidChunkSize: "A chunk size that is not a hexadecimal number."
    case .chunkSizeTooLarge: "A chunk size that is too large."
    case .invalidChunkExtension: "A malformed chunk extension."
    case .chunkLineTooLong: "Chunk extensions are too long."
    case .missingChunkEnd: "A chunk that is longer than its size."
    case .framingFieldInTrailers: "A framing field in the trailer section."
    case .trailerSectionTooLong: "The trailer section is too long."
    }
  }
}
