import HTTPModel

/// Where a host leads, known before anybody connects: no name server is asked.
package struct NumericAddress: Sendable, Equatable {
  /// In network order: four bytes, or sixteen. An IPv4 address that is written as an IPv6 one
  /// (`::ffff:127.0.0.1`) is what it means: four bytes.
  package let bytes: [UInt8]
  /// As one writes it, without brackets.
  package let text: String

  /// - Parameter host: numeric, with or without brackets; `localhost` and every name below it are
  ///   127.0.0.1 (RFC 6761 §6.3). Nil for all others, numbers in shorthand, hexadecimal or octal too.
  package init?(host: String) {
    let name = host.lowercased()
    let isLocal = name == "localhost" || name.hasSuffix(".localhost")
    guard let address = SocketAddress(host: isLocal ? "127.0.0.1" : host, port: 0) else {
      return nil
    }
    let bytes = address.bytes
    guard bytes.count == 16, bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF,
      bytes[11] == 0xFF
    else {
      self.bytes = bytes
      text = address.peer.host
      return
    }
    self.bytes = Array(bytes[12...])
    text = bytes[12...].map(String.init).joined(separator: ".")
  }

  /// - Parameter bytes: in network order. Nil unless there are four or sixteen.
  package init?(bytes: [UInt8]) {
    switch bytes.count {
    case 4: self.init(host: bytes.map { String($0) }.joined(separator: "."))
    case 16:
      let groups = stride(from: 0, to: 16, by: 2).map { at in
        String(Int(bytes[at]) << 8 | Int(bytes[at + 1]), radix: 16)
      }
      self.init(host: groups.joined(separator: ":"))
    default: return nil
    }
  }

  /// 127.0.0.0/8 and `::1`.
  package var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }

  /// An address of several machines (RFC 5771, RFC 4291 §2.7), or of all (255.255.255.255): a connection
  /// leads to none of them, though the system lets a socket listen there.
  package var isOfMany: Bool {
    bytes.count == 4 ? bytes[0] >> 4 == 14 || bytes == [255, 255, 255, 255] : bytes[0] == 0xFF
  }

  /// Whether it leads to this machine: loopback, any of its interfaces, or no address at all
  /// (`0.0.0.0`), which connects to the machine itself.
  package var isOfThisMachine: Bool {
    SocketAddress(host: text, port: 0).map(SystemCalls.isOwn) ?? true
  }

  /// An IPv4 address that a translator on the way would make of an IPv6 one.
  /// Source: RFC 4291 §2.5.5.1 (IPv4-compatible), RFC 6052 §2.1 (64:ff9b::/96), RFC 3056 §2 (6to4),
  /// RFC 2765 §2.1 (::ffff:0:0:0/96).
  package var embedded: [UInt8]? {
    guard bytes.count == 16 else { return nil }
    let isLow = bytes[..<8].allSatisfy { $0 == 0 }
    switch Array(bytes[8..<12]) {
    case [0, 0, 0, 0] where isLow, [0xFF, 0xFF, 0, 0] where isLow: return Array(bytes[12...])
    default: break
    }
    if bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B]) { return Array(bytes[12...]) }
    return bytes.starts(with: [0x20, 0x02]) ? Array(bytes[2..<6]) : nil
  }
}
