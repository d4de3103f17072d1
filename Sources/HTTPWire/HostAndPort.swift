import HTTPModel

/// Where host and port lie in `uri-host [":" port]`: the value of a `Host` field, the authority of
/// an absolute form, the target of CONNECT.
///
/// Checked by the grammar and not by its characters alone: parties that read `a:80:81` or `[::1`
/// each in its own way would send one request to two places.
/// - Source: RFC 9110 §7.2, RFC 3986 §3.2.2 and §3.2.3. Of the sub-delimiters the comma is refused,
///   since it would make a list of a field that is none.
struct HostAndPort {
  /// With the brackets of an IP literal; may be empty.
  let host: Range<Int>
  /// The digits behind the colon, nil without one; may be empty.
  let port: Range<Int>?
  /// At most 65535; 0 without digits.
  let portNumber: Int

  /// RFC 3986 §3.2.2 advises against names of more than 255 characters; each may stand as three.
  static let bytesMax = 1024

  /// Nil for what is none.
  init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard range.count <= Self.bytesMax else { return nil }
    var end = range.lowerBound
    if end < range.upperBound, bytes[end] == Byte.openingBracket {
      guard let close = Self.endOfLiteral(bytes, range) else { return nil }
      end = close
    } else {
      while end < range.upperBound, bytes[end] != Byte.colon {
        if bytes[end].isRegisteredNameCharacter {
          end += 1
        } else {
          guard Self.isEscape(bytes, end, range.upperBound) else { return nil }
          end += 3
        }
      }
    }
    host = range.lowerBound..<end
    guard end < range.upperBound else {
      port = nil
      portNumber = 0
      return
    }
    guard bytes[end] == Byte.colon else { return nil }
    var number = 0
    for index in end + 1..<range.upperBound {
      guard bytes[index].isDigit else { return nil }
      number = number * 10 + Int(bytes[index] - Byte.zero)
      guard number <= 65_535 else { return nil }
    }
    port = end + 1..<range.upperBound
    portNumber = number
  }

  /// What a `Host` field may say: nothing at all for a target without authority, but no port of
  /// nobody.
  var isFieldValue: Bool { !host.isEmpty || port == nil }

  /// An http URI needs a host (RFC 9110 §4.2.1).
  var isAuthority: Bool { !host.isEmpty }

  /// CONNECT needs both, and a port that somebody can listen on (RFC 9110 §9.3.6).
  var isTunnelTarget: Bool { !host.isEmpty && portNumber > 0 }

  /// `%` and two hexadecimal digits.
  private static func isEscape(_ bytes: Span<UInt8>, _ index: Int, _ end: Int) -> Bool {
    index + 2 < end && bytes[index] == Byte.percent && bytes[index + 1].hexDigitValue != nil
      && bytes[index + 2].hexDigitValue != nil
  }

  // MARK: IP literals

  /// Behind the closing bracket; nil when no address stands in front of it.
  private static func endOfLiteral(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    var close = range.lowerBound + 1
    while close < range.upperBound, bytes[close] != Byte.closingBracket { close += 1 }
    guard close < range.upperBound else { return nil }
    let inner = range.lowerBound + 1..<close
    return isIPv6(bytes, inner) || isFutureAddress(bytes, inner) ? close + 1 : nil
  }

  /// Eight groups of hexadecimal digits; `::` once for one or more of them, an IPv4 address for the
  /// last two.
  private static func isIPv6(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var groups = 0
    var hasGap = false
    var index = range.lowerBound
    if isColon(bytes, index, range) {
      guard isColon(bytes, index + 1, range) else { return false }
      hasGap = true
      index += 2
    }
    while index < range.upperBound {
      var end = index
      while end < range.upperBound, bytes[end].hexDigitValue != nil { end += 1 }
      if end < range.upperBound, bytes[end] == Byte.period {
        guard isIPv4(bytes, index..<range.upperBound) else { return false }
        groups += 2
        break
      }
      guard (1...4).contains(end - index) else { return false }
      groups += 1
      index = end
      if index == range.upperBound { break }
      guard isColon(bytes, index, range), index + 1 < range.upperBound else { return false }
      index += 1
      if isColon(bytes, index, range) {
        guard !hasGap else { return false }
        hasGap = true
        index += 1
      }
    }
    return hasGap ? groups <= 7 : groups == 8
  }

  private static func isColon(_ bytes: Span<UInt8>, _ index: Int, _ range: Range<Int>) -> Bool {
    index < range.upperBound && bytes[index] == Byte.colon
  }

  /// Four numbers up to 255 without zeros in front.
  private static func isIPv4(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var index = range.lowerBound
    for part in 0..<4 {
      if part > 0 {
        guard index < range.upperBound, bytes[index] == Byte.period else { return false }
        index += 1
      }
      let start = index
      var number = 0
      while index < range.upperBound, index - start < 3, bytes[index].isDigit {
        number = number * 10 + Int(bytes[index] - Byte.zero)
        index += 1
      }
      guard index > start, number <= 255, index - start == 1 || bytes[start] != Byte.zero else {
        return false
      }
    }
    return index == range.upperBound
  }

  /// `v`, a hexadecimal version, a period, and what that version will say.
  private static func isFutureAddress(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard let first = range.first, bytes[first] | 0x20 == 0x76 else { return false }
    var index = first + 1
    while index < range.upperBound, bytes[index].hexDigitValue != nil { index += 1 }
    guard index > first + 1, index + 1 < range.upperBound, bytes[index] == Byte.period else {
      return false
    }
    for index in index + 1..<range.upperBound {
      guard bytes[index].isRegisteredNameCharacter || bytes[index] == Byte.colon else {
        return false
      }
    }
    return true
  }
}
