public import HTTPModel
package import HTTPTransport
import HTTPWire
package import TLSLayer

/// A peer on a real socket that sends exactly the bytes it is told to and shows exactly those it
/// gets: slow drip, early close, half-close, pipelining, RST, a reader that never reads.
///
/// Blocking, with a timeout on every wait that counts as failure, never as a result.
public final class RawPeer {
  package let socket: BlockingSocket
  private var buffer: [UInt8] = []

  /// - Parameter receiveBuffer: SO_RCVBUF, to make back-pressure come early.
  public init(
    port: UInt16, host: String = "127.0.0.1", receiveBuffer: Int32? = nil
  ) throws {
    socket = try BlockingSocket(host: host, port: port, receiveBuffer: receiveBuffer)
  }

  /// Speaks TLS from now on: what is sent and shown is the content.
  package func becomeSecure(
    _ context: TLSClientContext, host: String = "127.0.0.1", resuming ticket: TLSTicket? = nil
  ) throws {
    try socket.becomeSecure(context, host: host, resuming: ticket)
  }

  public func send(_ text: String) throws { try socket.send(Array(text.utf8)) }
  public func send(_ bytes: [UInt8]) throws { try socket.send(bytes) }

  /// Sends byte by byte, each in a segment of its own.
  public func drip(_ text: String) throws {
    for byte in text.utf8 { try socket.send([byte]) }
  }

  /// Sends without waiting for room; how much the kernel took.
  public func sendSome(_ bytes: [UInt8]) throws -> Int { try socket.sendSome(bytes) }

  /// Over TLS: says that no more content comes, and leaves the socket open.
  package func endContent() { socket.endContent() }
  /// Past the TLS session.
  package func sendRaw(_ bytes: [UInt8]) throws { try socket.sendRaw(bytes) }

  public func closeWrite() { socket.shutdownWrite() }
  public func close() { socket.close() }
  /// Closes with RST.
  public func reset() { socket.reset() }

  /// Everything until the peer closes.
  public func readToEnd() throws -> [UInt8] {
    while true {
      let piece = try socket.receive()
      if piece.isEmpty { break }
      buffer += piece
    }
    defer { buffer = [] }
    return buffer
  }

  /// How the other side ended the connection, and what came before.
  public enum Ending: Sendable, Equatable { case closed, reset, timedOut }

  public func readToEnding() -> (bytes: [UInt8], ending: Ending) {
    defer { buffer = [] }
    while true {
      do {
        let piece = try socket.receive()
        if piece.isEmpty { return (buffer, .closed) }
        buffer += piece
      } catch {
        return (buffer, error.isTimeout ? .timedOut : .reset)
      }
    }
  }

  /// At least `count` bytes, then exactly that many of them.
  public func read(count: Int) throws -> [UInt8] {
    while buffer.count < count {
      let piece = try socket.receive()
      guard !piece.isEmpty else { throw RawPeerError.closed(after: Array(buffer.suffix(200))) }
      buffer += piece
    }
    defer { buffer.removeFirst(count) }
    return Array(buffer[..<count])
  }

  /// Up to and including `marker`.
  public func read(until marker: String) throws -> String {
    let marker = Array(marker.utf8)
    while true {
      if let range = buffer.firstRange(of: marker) {
        let found = buffer[..<range.upperBound]
        defer { buffer.removeFirst(found.count) }
        return String(decoding: found, as: UTF8.self)
      }
      let piece = try socket.receive()
      guard !piece.isEmpty else { throw RawPeerError.closed(after: Array(buffer.suffix(200))) }
      buffer += piece
    }
  }

  /// Whether anything arrives (or the peer closes) within `duration`.
  public func hasInput(within duration: Duration) -> Bool {
    !buffer.isEmpty || socket.isReadable(within: duration)
  }

  /// A response as it was framed.
  public struct RawResponse: Sendable {
    public var status: Int
    public var reason: String
    public var fields: Fields
    public var content: [UInt8]
    public var trailers: Fields
    /// Codes of the interim responses before it.
    public var interim: [Int]

    public var text: String { String(decoding: content, as: UTF8.self) }
  }

  /// Reads one response. `toHead`: it answers HEAD and has no content.
  public func readResponse(toHead: Bool = false) throws -> RawResponse {
    var machine = ConnectionMachine(.client)
    var spares = HeadSpares()
    var ignored: [UInt8] = []
    machine.writeRequestHead(
      toHead ? .head : .get, target: "/", Fields(), framing: .none, into: &ignored)
    var response = RawResponse(
      status: 0, reason: "", fields: Fields(), content: [], trailers: Fields(), interim: [])
    while !machine.isMessageComplete {
      let input = buffer
      var position = 0
      events: while true {
        switch machine.next(input.span, &position, spares: &spares) {
        case .needMore, .blocked: break events
        case .interim(let head): response.interim.append(head.status.code)
        case .response(let head):
          response.status = head.status.code
          response.reason = head.status.reason
          response.fields = head.fields
        case .content(let range): response.content += input[range]
        case .contentEnded(let trailers): response.trailers = trailers
        case .failed(let error): throw error
        case .request, .tunnel: break events
        }
      }
      buffer.removeFirst(position)
      if machine.isMessageComplete { break }
      let piece = try socket.receive()
      if piece.isEmpty {
        // A close before the first byte of a response is none.
        guard response.status > 0, machine.endOfInput() else {
          throw RawPeerError.closed(after: Array(response.content.suffix(200)))
        }
        break
      }
      buffer += piece
    }
    return response
  }
}

public enum RawPeerError: Error, Sendable, Equatable {
  /// The other side closed before what was waited for. The last bytes that came, at most 200.
  case closed(after: [UInt8])
}
