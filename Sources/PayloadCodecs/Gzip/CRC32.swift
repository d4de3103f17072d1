import CZlib

/// CRC-32 as gzip and zip use it (reflected polynomial EDB88320), computed by zlib.
package struct CRC32: Sendable, Equatable {
  private var register: UInt = 0

  package init() {}

  package var value: UInt32 { UInt32(truncatingIfNeeded: register) }

  package mutating func update(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      // An empty buffer may have no address, and zlib answers the start value for "no address".
      guard !buffer.isEmpty else { return }
      // SAFETY: zlib reads `count` bytes of the borrowed buffer and keeps nothing.
      register = unsafe crc32_z(register, buffer.baseAddress, buffer.count)
    }
  }

  package static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = CRC32()
    crc.update(bytes.span)
    return crc.value
  }
}
