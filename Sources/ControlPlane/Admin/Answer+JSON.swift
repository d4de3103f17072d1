import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension Answer {
  static func json(_ json: JSON, _ status: Status = .ok) -> Answer {
    .now(.json(status, json.serialized()))
  }

  /// An object, written without a tree of it.
  static func object(
    reserving byteCount: Int = 512, _ members: (inout JSONWriter) -> Void
  ) -> Answer {
    var json = JSONWriter(reserving: byteCount)
    json.object(members)
    return .now(.json(.ok, json.bytes))
  }
}

extension JSONWriter {
  /// An instant in microseconds, or null.
  mutating func member(orNull name: StaticString, _ instant: VirtualInstant?) {
    guard let instant else {
      key(name)
      return null()
    }
    member(name, instant, .microseconds)
  }
}
