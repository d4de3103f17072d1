import HTTPModel
import PayloadCodecs

/// A question to a name server.
///
/// Source: RFC 1035 §4.
struct NameQuestion: Equatable {
  /// In lower case, without a dot at the end.
  let name: String
  let type: UInt16

  static let address4: UInt16 = 1
  static let address6: UInt16 = 28
  static let all: UInt16 = 255
}

/// What a name server says.
enum NameAnswer: Equatable {
  /// None of the kind that was asked for is an answer, too: the name is there.
  case addresses([[UInt8]])
  /// NXDOMAIN: who asks gives up at once.
  case noSuchName
}

/// One message to a name server, and the one that answers it.
struct NameMessage {
  private let bytes: [UInt8]
  private let question: NameQuestion?
  /// Where the question ends.
  private let end: Int

  private static let headBytes = 12
  private static let internet: UInt16 = 1
  /// Nothing that is answered stays true for longer than the run.
  private static let seconds: [UInt8] = [0, 0, 0, 1]

  /// Nil: it is no question that could be answered.
  init?(_ bytes: [UInt8]) {
    // The first bit of the flags says that it is an answer.
    guard bytes.count >= Self.headBytes, bytes[2] & 0x80 == 0 else { return nil }
    self.bytes = bytes
    let isQuery = bytes[2] & 0x78 == 0
    let count = Self.number(bytes, at: 4)
    let read = isQuery && count == 1 ? Self.readQuestion(bytes) : nil
    question = read?.0
    end = read?.1 ?? Self.headBytes
  }

  private static func number(_ bytes: [UInt8], at index: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: Int(bytes[index]) << 8 | Int(bytes[index + 1]))
  }

  private static func readQuestion(_ bytes: [UInt8]) -> (NameQuestion, end: Int)? {
    var labels: [String] = []
    var at = headBytes
    while at < bytes.count, bytes[at] != 0 {
      let length = Int(bytes[at])
      // Longer ones are references, which a question has no use for.
      guard length < 64, at + 1 + length < bytes.count, at - headBytes < 255 else { return nil }
      let label = bytes[(at + 1)...(at + length)].map(\.asciiLowercased)
      labels.append(String(decoding: label, as: UTF8.self))
      at += 1 + length
    }
    guard at + 5 <= bytes.count, number(bytes, at: at + 3) == internet else { return nil }
    let question = NameQuestion(
      name: labels.joined(separator: "."), type: number(bytes, at: at + 1))
    return (question, at + 5)
  }

  /// The message that answers it. What is no plain question is told so.
  func answered(by decide: (NameQuestion) -> NameAnswer) -> [UInt8] {
    let formatError: UInt8 = 1
    let notImplemented: UInt8 = 4
    guard let question else {
      return head(code: bytes[2] & 0x78 == 0 ? formatError : notImplemented, answers: 0)
    }
    let asked = bytes[Self.headBytes..<end]
    switch decide(question) {
    case .noSuchName:
      return head(code: 3, answers: 0) + asked
    case .addresses(let addresses):
      let records = addresses.filter { address in
        let type = address.count == 4 ? NameQuestion.address4 : NameQuestion.address6
        return question.type == type || question.type == NameQuestion.all
      }.map(Self.record)
      return head(code: 0, answers: UInt8(clamping: records.count)) + asked + records.joined()
    }
  }

  /// The same number, an answer that is authoritative and whole.
  private func head(code: UInt8, answers: UInt8) -> [UInt8] {
    let flags: [UInt8] = [0x84 | bytes[2] & 0x79, 0x80 | code]
    let questions: UInt8 = question == nil ? 0 : 1
    return bytes[..<2] + flags + [0, questions, 0, answers, 0, 0, 0, 0]
  }

  /// Of the name that stands behind the head.
  private static func record(_ address: [UInt8]) -> [UInt8] {
    let type = address.count == 4 ? NameQuestion.address4 : NameQuestion.address6
    let reference: [UInt8] = [0xC0, UInt8(truncatingIfNeeded: headBytes)]
    return reference + [0, UInt8(truncatingIfNeeded: type), 0, 1] + seconds
      + [0, UInt8(truncatingIfNeeded: address.count)] + address
  }
}
