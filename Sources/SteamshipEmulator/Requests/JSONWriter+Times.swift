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

  /// When a task was made, changed and started; what was done at once was all of it at one time.
  mutating func taskTimes(
    created: VirtualInstant, modified: VirtualInstant, started: VirtualInstant?
  ) {
    created.withISO8601(.seconds) { text in
      member(plain: "taskCreatedOn", text)
      if modified == created { member(plain: "taskLastModifiedOn", text) }
      if modified == created, started == created { member(plain: "startedAt", text) }
    }
    guard modified != created || started != created else { return }
    if modified != created { member("taskLastModifiedOn", modified) }
    member(ifPresent: "startedAt", started)
  }
}
