import HTTPModel

@testable import HTTPWire

/// What a connection machine makes of bytes, as lines of text that can be compared.
///
/// Every message is followed by `finishExchange()`, as if it had been answered at once. Pieces of
/// content that belong together are put together, so the trace does not depend on how the bytes
/// were cut.
struct MachineTrace: ~Copyable {
  private(set) var lines: [String] = []
  private var machine: ConnectionMachine
  private var spares = HeadSpares()
  private var pending: [UInt8] = []
  private var content: [UInt8] = []

  init(_ role: ConnectionMachine.Role, limits: WireLimits = WireLimits()) {
    machine = ConnectionMachine(role, limits: limits)
  }

  static func of(
    _ bytes: [UInt8], cutAt cuts: [Int] = [], role: ConnectionMachine.Role = .server,
    limits: WireLimits = WireLimits(), endsInput: Bool = true
  ) -> [String] {
    var trace = MachineTrace(role, limits: limits)
    var start = 0
    for cut in cuts + [bytes.count] {
      trace.feed(Array(bytes[start..<cut]))
      start = cut
    }
    if endsInput { trace.end() }
    return trace.lines
  }

  mutating func feed(_ piece: [UInt8]) {
    let input = pending + piece
    var position = 0
    reading: while true {
      switch machine.next(input.span, &position, spares: &spares) {
      case .needMore: break reading
      case .blocked:
        machine.finishExchange()
        if machine.isDead {
          lines.append("closes")
          position = input.count
          break reading
        }
      case .request(let request): note(request)
      case .tunnel(let tunnel): lines.append("tunnel to \(tunnel.host) \(tunnel.port)")
      case .interim(let head): note(head, "interim")
      case .response(let head): note(head, "response")
      case .content(let range): content += input[range]
      case .contentEnded(let trailers):
        flushContent()
        lines.append("end")
        for (name, value) in trailers.pairs { lines.append("trailer \(name): \(value)") }
      case .failed(let error):
        flushContent()
        lines.append("failed \(error.kind) \(error.status.code) at \(error.offset)")
        position = input.count
        break reading
      }
    }
    pending = Array(input[position...])
  }

  mutating func end() {
    let wasDead = machine.isDead
    let isProper = machine.endOfInput()
    flushContent()
    if !wasDead { lines.append(isProper ? "input ends" : "input ends inside a message") }
  }

  private mutating func flushContent() {
    guard !content.isEmpty else { return }
    let text = String(decoding: content.prefix(60), as: UTF8.self)
    let visible = text.replacing("\r\n", with: "\\r\\n")
    lines.append("content \(content.count) \(visible)")
    content = []
  }

  private mutating func note(_ request: Request) {
    lines.append("request \(request.method.name) \(request.target.text) \(request.version)")
    for (name, value) in request.fields.pairs { lines.append("field \(name): \(value)") }
    lines.append("framing \(request.framing)")
  }

  private mutating func note(_ head: ResponseHead, _ kind: String) {
    lines.append("\(kind) \(head.status.code) \(head.status.reason) \(head.version)")
    for (name, value) in head.fields.pairs { lines.append("field \(name): \(value)") }
  }
}

/// The ways every input is cut: whole, byte by byte, and once at each position.
func everyCut(of count: Int) -> [[Int]] {
  [[], Array(1..<max(1, count))] + (0...count).map { [$0] }
}
