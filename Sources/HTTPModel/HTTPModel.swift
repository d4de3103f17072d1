// HTTPModel: HTTP semantics as values (RFC 9110).
//
// Owns: method, target, fields, status, request, response, body streams, the route table, the
// transport faults, and the face `Responder` between the engine and whoever answers.
// Refuses to know: syntax on the wire (HTTPWire), sockets and time (HTTPTransport), what an
// emulator is (EmulatorKernel).
// Read next: `Responder.swift` (how a request is answered), `Response.swift`, `ContentStream.swift`,
// `RouteTable.swift`.
