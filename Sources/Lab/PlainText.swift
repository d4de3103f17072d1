package import PayloadCodecs

/// Text without what differs from run to run: ids and points in time.
///
/// UUIDs, runs of 12 and more hexadecimal digits, whole numbers of 9 and more digits, addresses in
/// memory become `#`;
/// instants of RFC 3339 become `@`.
package enum PlainText {
  package static func of(_ text: String) -> String {
    var scanner = Scanner(bytes: Array(text.utf8))
    return String(decoding: scanner.plain(), as: UTF8.self)
  }

  /// As `of`, and without how long something took (`0.12s`, `3 ms`): what programs print.
  package static func ofOutput(_ text: String) -> String {
    var scanner = Scanner(bytes: Array(text.utf8), passesOverDurations: true)
    return String(decoding: scanner.plain(), as: UTF8.self)
  }

  /// Every text inside, names of members too.
  package static func of(_ json: JSON) -> JSON {
    switch json {
    case .string(let text): .string(of(text))
    case .array(let elements): .array(elements.map { of($0) })
    case .object(let object):
      .object(JSONObject(object.members.map { (of($0.key), of($0.value)) }))
    case .integer(let number): number.magnitude >= 100_000_000 ? .string("#") : json
    default: json
    }
  }

  private struct Scanner {
    let bytes: [UInt8]
    var passesOverDurations = false
    private var place = 0
    private var result: [UInt8] = []

    init(bytes: [UInt8], passesOverDurations: Bool = false) {
      self.bytes = bytes
      self.passesOverDurations = passesOverDurations
    }

    mutating func plain() -> [UInt8] {
      while place < bytes.count {
        let startsWord = place == 0 || !Self.isAlphanumeric(bytes[place - 1])
        if startsWord, let length = uuid {
          replace(length, "#")
        } else if startsWord, let length = instant {
          replace(length, "@")
        } else if startsWord, let length = address ?? longNumber {
          replace(length, "#")
        } else if startsWord, passesOverDurations, let length = took {
          replace(length, "@")
        } else {
          result.append(bytes[place])
          place += 1
        }
      }
      return result
    }

    private mutating func replace(_ length: Int, _ mark: Character) {
      result += Array(String(mark).utf8)
      place += length
    }

    private func byte(_ offset: Int) -> UInt8 {
      place + offset < bytes.count ? bytes[place + offset] : 0
    }

    private func count(from offset: Int = 0, _ isMember: (UInt8) -> Bool) -> Int {
      var length = 0
      while isMember(byte(offset + length)) { length += 1 }
      return length
    }

    private func endsWord(_ length: Int) -> Bool { !Self.isAlphanumeric(byte(length)) }

    private var uuid: Int? {
      for offset in 0..<36 {
        let isDash = offset == 8 || offset == 13 || offset == 18 || offset == 23
        guard isDash ? byte(offset) == UInt8(ascii: "-") : Self.isHex(byte(offset)) else {
          return nil
        }
      }
      return endsWord(36) ? 36 : nil
    }

    private var instant: Int? {
      for (offset, mark) in zip(0..., "dddd-dd-ddTdd:dd:dd".utf8) {
        let isRight =
          mark == UInt8(ascii: "d")
          ? Self.isDigit(byte(offset))
          : byte(offset) == mark || mark == UInt8(ascii: "T") && byte(offset) == UInt8(ascii: " ")
        guard isRight else { return nil }
      }
      var length = 19
      if byte(length) == UInt8(ascii: ".") {
        length += 1 + count(from: length + 1, Self.isDigit)
      }
      if byte(length) == UInt8(ascii: "Z") { return length + 1 }
      if byte(length) == UInt8(ascii: "+") || byte(length) == UInt8(ascii: "-"),
        Self.isDigit(byte(length + 1)), byte(length + 3) == UInt8(ascii: ":")
      {
        return length + 6
      }
      return length
    }

    /// Where something lies in memory: `0x7f3c81d0`.
    private var address: Int? {
      guard byte(0) == UInt8(ascii: "0"), byte(1) == UInt8(ascii: "x") else { return nil }
      let digits = count(from: 2, Self.isHex)
      return digits >= 6 && endsWord(2 + digits) ? 2 + digits : nil
    }

    private var longNumber: Int? {
      let digits = count(Self.isDigit)
      if digits >= 9, endsWord(digits) { return digits }
      let hex = count(Self.isHex)
      return hex >= 12 && digits < hex && endsWord(hex)
        && bytes[place..<place + hex].contains(where: Self.isDigit) ? hex : nil
    }

    /// A number with `s`, `ms` or `seconds`.
    private var took: Int? {
      var length = count(Self.isDigit)
      guard length > 0 else { return nil }
      if byte(length) == UInt8(ascii: "."), Self.isDigit(byte(length + 1)) {
        length += 1 + count(from: length + 1, Self.isDigit)
      }
      if byte(length) == UInt8(ascii: " ") { length += 1 }
      let unit = count(from: length) { $0 >= 0x61 && $0 <= 0x7A }
      let word = String(decoding: (length..<length + unit).map { byte($0) }, as: UTF8.self)
      return ["s", "ms", "sec", "seconds"].contains(word) ? length + unit : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    private static func isHex(_ byte: UInt8) -> Bool {
      isDigit(byte) || (byte | 0x20) &- 0x61 < 6
    }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
      isDigit(byte) || (byte | 0x20) &- 0x61 < 26
    }
  }
}
