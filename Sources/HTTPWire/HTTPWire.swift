// HTTPWire: the syntax of HTTP/1.1 messages and the life of a connection, without I/O (RFC 9112).
//
// Owns: the head parser, the framing decision, the chunk decoder and encoder, the serializer of
// response and request heads, `ConnectionMachine` (which message is being read, what may follow),
// and every limit on what a peer may send.
// Refuses to know: sockets, threads and time (HTTPTransport), what a request means (above).
// Strict: what could be read in two ways is refused, and nothing is read after it.
// Read next: `ConnectionMachine.swift`, then `HeadParser.swift`, `MessageFraming.swift`,
// `ChunkDecoder.swift`, `HeadSerializer.swift`.
