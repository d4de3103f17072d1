package import HTTPModel

/// The head of a response that was written last, for answers that are the same each time.
///
/// Found by what the fields stand in, not by what they say: fields that are made anew for each answer are
/// never the same, and then it is soon tried but now and then.
package struct KnownAnswerHead: Sendable {
  private var fields = Fields()
  private var date: [UInt8] = []
  private var code = 0
  private var length: UInt64 = 0
  private var head: [UInt8] = []
  /// So many answers are passed over before another takes its place; and how many that were last.
  private var passes = 0
  private var lastPasses = 1

  package init() {}

  /// Appends the head if it is that of the answer before.
  mutating func append(
    _ status: Status, _ fields: Fields, length: UInt64, date: [UInt8], to out: inout [UInt8]
  ) -> Bool {
    guard status.code == code, stands(in: fields), length == self.length, date == self.date,
      status.hasRegisteredReason
    else { return false }
    (passes, lastPasses) = (Self.passesMax, 1)
    out.append(copying: head.span)
    return true
  }

  private func stands(in fields: Fields) -> Bool {
    self.fields.bytes.span.isIdentical(to: fields.bytes.span)
      && self.fields.lines.span.isIdentical(to: fields.lines.span)
  }

  private static let passesMax = 64

  /// The head of an answer that was not the one before.
  mutating func note(
    _ status: Status, _ fields: Fields, length: UInt64, date: [UInt8], head: Span<UInt8>
  ) {
    guard status.hasRegisteredReason, !fields.isEmpty else { return }
    let isAnother = status.code != code || !stands(in: fields)
    if isAnother, passes > 0 {
      passes -= 1
      return
    }
    if isAnother {
      lastPasses = min(2 * lastPasses, Self.passesMax)
      passes = lastPasses
    }
    (self.fields, self.date, code, self.length) = (fields, date, status.code, length)
    self.head.removeAll(keepingCapacity: true)
    self.head.append(copying: head)
  }
}

extension ConnectionMachine {
  /// Appends the head of a whole answer, which may be the same as the one before.
  package mutating func writeResponseHead(
    _ status: Status, _ fields: Fields, contentLength: UInt64?, closes: Bool, date: [UInt8],
    known: inout KnownAnswerHead, into out: inout [UInt8]
  ) -> ResponsePlan {
    guard let contentLength, !closes, isPersistent, version == .http11, !isHeadRequest,
      !status.forbidsContent
    else {
      return writeResponseHead(
        status, fields, contentLength: contentLength, closes: closes, date: date, into: &out)
    }
    if known.append(status, fields, length: contentLength, date: date, to: &out) {
      return ResponsePlan(framing: .length(contentLength), closes: false, sendsContent: true)
    }
    let start = out.count
    let plan = writeResponseHead(
      status, fields, contentLength: contentLength, closes: false, date: date, into: &out)
    if !plan.closes {
      known.note(
        status, fields, length: contentLength, date: date,
        head: out.span.extracting(start..<out.count))
    }
    return plan
  }
}
