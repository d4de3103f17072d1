import EmulatorKernel
import PayloadCodecs

extension JSONWriter {
  /// `createdAt` and `updatedAt`, for most records one text.
  mutating func times(created: VirtualInstant, updated: VirtualInstant) {
    created.withISO8601(.seconds) { text in
      member(plain: "createdAt", text)
      if updated == created { member(plain: "updatedAt", text) }
    }
    if updated != created { member("updatedAt", updated) }
  }
}
