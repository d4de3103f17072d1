import Dispatch
import HTTPTransport

/// A server that does what a script says and nothing else: for clients that must cope with whatever
/// is on the other side.
final class ScriptedServer: Sendable {
  enum Step: Sendable {
    /// Reads to the end of a head.
    case readHead
    case send(String)
    /// The same again and again, until the peer is gone.
    case sendForever(String)
    /// Says nothing until the peer is gone.
    case silence
    case reset
  }

  private let listener: BlockingListener
  /// Opens when a script has come to its silence.
  let isSilent = Gate()
  var port: UInt16 { listener.port }

  /// Plays `script` on every connection, then closes it.
  init(_ script: [Step]) throws {
    listener = try BlockingListener()
    DispatchQueue.global().async { [listener, isSilent] in
      while let socket = try? listener.accept(timeout: .seconds(120)) {
        // Other tests may hold every thread that the client's side needs for minutes.
        socket.timeout = .seconds(600)
        try? Self.play(script, on: socket, isSilent)
        socket.close()
      }
    }
  }

  private static func play(_ script: [Step], on socket: BlockingSocket, _ isSilent: Gate) throws {
    for step in script {
      switch step {
      case .readHead:
        var bytes: [UInt8] = []
        while bytes.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
          let piece = try socket.receive()
          if piece.isEmpty { return }
          bytes += piece
        }
      case .send(let text): try socket.send(Array(text.utf8))
      case .sendForever(let text): while true { try socket.send(Array(text.utf8)) }
      case .silence:
        isSilent.open()
        while try !socket.receive().isEmpty {}
      case .reset: socket.reset()
      }
    }
  }
}
