import HTTPTransport

/// The first segment of a TCP connection, as it passes on loopback: where somebody wants to go.
///
/// Source: RFC 791 §3.1, RFC 8200 §3, RFC 9293 §3.1.
struct FirstSegment {
  let host: String
  let port: UInt16

  /// Nil: it is no such segment, or one to loopback itself.
  init?(_ packet: [UInt8]) {
    guard let first = packet.first else { return nil }
    let (protocolAt, addressAt, headBytes): (Int, Range<Int>, Int)
    switch first >> 4 {
    case 4: (protocolAt, addressAt, headBytes) = (9, 16..<20, Int(first & 0xF) * 4)
    case 6: (protocolAt, addressAt, headBytes) = (6, 24..<40, 40)
    default: return nil
    }
    let (tcp, synchronizes, acknowledges): (UInt8, UInt8, UInt8) = (6, 0x02, 0x10)
    guard headBytes >= addressAt.upperBound, packet.count >= headBytes + 14,
      packet[protocolAt] == tcp,
      packet[headBytes + 13] & (synchronizes | acknowledges) == synchronizes
    else { return nil }
    let address = NumericAddress(bytes: Array(packet[addressAt]))
    guard let address, !address.isLoopback else { return nil }
    host = address.text
    let (high, low) = (Int(packet[headBytes + 2]), Int(packet[headBytes + 3]))
    port = UInt16(truncatingIfNeeded: high << 8 | low)
  }

  /// `192.0.2.1:443`, `[2001:db8::1]:443`
  var text: String { (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + ":\(port)" }
}
