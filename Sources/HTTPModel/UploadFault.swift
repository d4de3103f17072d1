/// A deliberate failure while a request's content comes in, decided by its head alone.
///
/// **Units**: bytes of the content (for the rate: with its framing). Small, since every exchange may
/// carry one: what is more than 4 GiB counts as that.
public struct UploadFault: Sendable, Hashable {
  public enum Ending: Sendable, Hashable {
    /// All of the content is taken.
    case none
    /// RST once that many bytes have come.
    case reset
    /// Nothing is read any more, and nothing is answered.
    case stall
  }

  /// So many bytes a second are taken; 0: as they come.
  private let rate: UInt32
  private let bytes: UInt32
  public let ending: Ending

  public init(bytesPerSecond: Int? = nil, ending: Ending = .none, afterBytes: Int = 0) {
    rate = UInt32(clamping: bytesPerSecond ?? 0)
    bytes = UInt32(clamping: afterBytes)
    self.ending = ending
  }

  /// Nil: as they come.
  public var bytesPerSecond: Int? { rate == 0 ? nil : Int(rate) }
  public var afterBytes: Int { Int(bytes) }
}
