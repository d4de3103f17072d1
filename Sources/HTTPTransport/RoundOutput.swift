import HTTPModel
import HTTPWire

/// The answers of one round of a loop, one behind the other: each connection's stand in one part, which
/// leaves with one call.
///
/// A value of its own, so that an answer is written with one access to it: the loop is an object, and each
/// access to what it holds is checked.
struct RoundOutput {
  /// One connection's part.
  struct Part {
    var bytes: Range<Int>
    var answers: Range<Int>
  }

  private(set) var bytes: [UInt8] = []
  /// Whose answers stand in `bytes`.
  private(set) var answers: [QueuedResponse] = []
  private var knownHead = KnownAnswerHead()
  /// Where the part in progress begins.
  private var open = (bytes: 0, answers: 0)

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  /// The part of the connection that is being served.
  var openPart: Part {
    Part(bytes: open.bytes..<bytes.count, answers: open.answers..<answers.count)
  }

  var hasOpenPart: Bool { answers.count > open.answers }

  mutating func dropOpenPart() {
    bytes.removeLast(bytes.count - open.bytes)
    answers.removeLast(answers.count - open.answers)
  }

  /// Another connection's part comes next.
  mutating func endPart() -> Part {
    defer { open = (bytes.count, answers.count) }
    return openPart
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    answers.removeAll(keepingCapacity: true)
    open = (0, 0)
  }

  /// Writes a whole response; its exchange is over for `machine`.
  /// - Returns: whether the connection closes behind it.
  mutating func append(
    _ response: Response, _ exchange: Exchange, requestContentBytes: UInt64,
    _ machine: inout ConnectionMachine, closes: Bool, date: [UInt8]
  ) -> Bool {
    let start = bytes.count
    let plan = machine.writeResponseHead(
      response.status, response.fields, contentLength: response.body.length, closes: closes,
      date: date, known: &knownHead, into: &bytes)
    let headCount = bytes.count - start
    var contentCount = 0
    if plan.sendsContent, case .bytes(let content) = response.body {
      bytes.append(contentsOf: content)
      contentCount = content.count
    }
    answers.append(
      QueuedResponse(
        exchange: exchange, headCount: headCount, contentCount: contentCount,
        requestContentBytes: requestContentBytes))
    machine.finishExchange()
    return plan.closes
  }
}
