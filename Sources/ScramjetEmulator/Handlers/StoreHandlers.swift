import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// The store of a space.
enum StoreHandlers {
  static func list(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      json.array { json in
        guard let store = scope.space(in: state)?.store else { return }
        // About as long is what is told of one.
        json.reserve(store.count * 280)
        for item in store.all { item.writeListed(into: &json) }
      }
    }
  }

  static func put(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let name = scope.parameter("file")
    let limits = scope.world.read { state in
      (state.settings.packageByteLimit, state.settings.storeByteLimit)
    }
    return .atOnce(
      { content in
        do throws(UploadError) {
          return try PackageUpload.receive(
            whole: content, into: scope.world.blobs, byteLimit: limits.0
          ).map { store($0, name, limit: limits.1, scope) }
        } catch { return scope.reply(SequenceHandlers.refusal(error)) }
      },
      orLater: { content in
        do throws(UploadError) {
          let upload = try await PackageUpload.receive(
            content, into: scope.world.blobs, byteLimit: limits.0)
          return store(upload, name, limit: limits.1, scope)
        } catch { return scope.reply(SequenceHandlers.refusal(error)) }
      })
  }

  private static func store(
    _ upload: UploadedPackage, _ name: String, limit: Int, _ scope: Scope
  ) -> Response {
    guard !upload.package.value.name.isEmpty else {
      return scope.reply(ScramjetError.object(422, [:]))
    }
    let blobs = scope.world.blobs
    let item = scope.world.mutate { state, step -> StoreItem? in
      guard let space = scope.space,
        let replaced = state.spaces.read(
          space, { $0.store.byteCount - ($0.store.item(fileName: name)?.package.byteCount ?? 0) }),
        replaced + upload.blob.count <= limit
      else { return nil }
      let id = step.ids.uuid("store")
      let item = StoreItem(
        id: id, fileName: name.isEmpty ? id + ".tar.gz" : name, package: upload.package,
        blob: blobs.adopt(upload.blob), tag: upload.tag)
      state.putInStore(item, space: space, &step)
      return item
    }
    guard let item else { return scope.reply(ScramjetError.noRoom) }
    var json = JSONWriter(reserving: 512)
    item.writeStored(into: &json)
    return scope.reply(.json(.accepted, json.bytes))
  }

  static func get(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let name = scope.parameter("file")
    let item = scope.world.read { state in scope.space(in: state)?.store.item(name) }
    guard let item, let blob = scope.world.blobs.blob(item.blob) else {
      throw ScramjetError(404, "Not Found")
    }
    let stored = StoredAnswer(
      blob.chunks, type: "application/octet-stream", leases: [blob.lease],
      budget: scope.world.blobs.budget, tag: item.tag)
    return .now(scope.reply(stored.answer(to: scope.call.request)))
  }

  static func delete(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let (space, name) = (try scope.spaceKey, scope.parameter("file"))
    let isRemoved = scope.world.mutate { state, step in
      state.removeFromStore(name, space: space, &step)
    }
    guard isRemoved else { throw ScramjetError(404, "Not Found") }
    return scope.json(["id": .string(name)], .accepted)
  }

  static func clear(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let space = try scope.spaceKey
    scope.world.mutate { state, step in
      for item in state.spaces[space]?.store.all.map(\.blob) ?? [] { step.blobs.remove(item) }
      state.spaces[space]?.store = PackageStore()
    }
    return scope.json([:], .accepted)
  }
}

extension ScramjetError {
  /// The store's own refusals are objects without `error`.
  static func object(_ code: Int, _ body: JSON) -> Response {
    .json(Status(code, reason(code)), body.serialized())
  }

  /// Nothing more can be kept: an empty object.
  static var noRoom: Response {
    var response = object(507, [:])
    response.remark("there is no memory left for this")
    return response
  }
}
