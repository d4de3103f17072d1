import PayloadCodecs

extension InvocableHost {
  /// Unpacks an archive by a process without rights: nothing of it is trusted.
  func unpack(_ archive: [[UInt8]]) async throws(CodeError) -> String {
    let file = try store.makeArchive(archive)
    defer { store.remove(file) }
    let folder = try store.makeProgramFolder()
    do throws(CodeError) {
      let said = OutputTail()
      let (output, printed) = try Descriptor.pair()
      let reader = OutputReader(output) { said.append($0) }
      let child = try await launcher.start(
        launcher.settings.python,
        [
          "-I", store.steamshipRunner, "unpack", folder, String(CodeStore.unpackedBytesMax),
          String(CodeStore.filesMax),
        ], folder: folder,
        descriptors: [try ChildEnd.nothing(), printed, printed, try ChildEnd.file(file)])
      let end = await child.ended()
      reader.pull()
      guard end == .exited(0) else {
        let reason = said.lines(3)
        // What is wrong with an archive is said.
        guard !reason.isEmpty else {
          throw .notStarted(launcher.settings.python, reason: "it ended with \(end)")
        }
        throw .badArchive(reason)
      }
      store.seal(folder)
      return folder
    } catch {
      store.remove(folder)
      throw error
    }
  }
}
