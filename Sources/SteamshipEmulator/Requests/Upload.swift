import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Reading of requests that may carry a file: a form whose part `file` goes to the blob store while
/// it arrives, or plain JSON.
extension SteamshipService {
  /// Reads the fields, fetches what is to be fetched, and lets the rule work.
  /// Source: SDK `base/client.py`, `_prepare_multipart_data`; contract §1.3.
  func upload(
    _ endpoint: Endpoint<SteamshipService>, _ call: Call, _ identity: Identity,
    _ content: RequestContent,
    in world: World<State>
  ) async -> Response {
    do throws(SteamshipError) {
      let type = call.request.fields["content-type"] ?? ""
      var arguments: Arguments
      var isLarge = false
      if type.asciiLowercased.hasPrefix("multipart/") {
        (arguments, isLarge) = try await readForm(type, content, world.blobs)
      } else {
        let (bytes, leases) = try await collect(content, world.blobs.budget)
        defer { withExtendedLifetime(leases) {} }
        guard bytes.count <= Offload.inlineBytesMax else {
          return try await work(endpoint, ofLarge: bytes, call, identity, content, in: world)
        }
        arguments = try Self.arguments(of: call, bytes)
      }
      if Self.asksForFetch(arguments, endpoint) {
        let permit: OutboundPermit
        do {
          permit = try .client([origin(of: call)], allowance(in: call.tenant))
        } catch {
          throw SteamshipError(error)
        }
        try await fetch(into: &arguments, world, permit)
      }
      // Whether it is text is found out by reading it.
      if arguments.upload?.count ?? 0 > Offload.inlineBytesMax { isLarge = true }
      guard isLarge else {
        return await run(endpoint, arguments, call, identity, in: world).answer.response(content)
      }
      let read = arguments
      let answer = await Offload.run {
        world.box.atLength { run(endpoint, read, call, identity, in: world) }.answer
      }
      return await answer.response(content)
    } catch {
      return error.response
    }
  }

  /// The same for a small content that has come with the head. Nil where something has to be waited for,
  /// or there is no room: then nothing has been done.
  func upload(
    _ endpoint: Endpoint<SteamshipService>, _ call: Call, _ identity: Identity,
    whole content: [UInt8], in world: World<State>
  ) -> Response? {
    var lease: MemoryLease?
    if content.count > RequestMemory.smallContentMax {
      lease = MemoryLease(
        content.count + RequestMemory.readingBytes(of: content), of: world.blobs.budget)
      if lease == nil { return nil }
    }
    defer { withExtendedLifetime(lease) {} }
    let type = call.request.fields["content-type"] ?? ""
    do throws(SteamshipError) {
      let arguments: Arguments
      if type.asciiLowercased.hasPrefix("multipart/") {
        guard let read = try Self.form(type, content, world.blobs) else { return nil }
        arguments = read
      } else {
        arguments = try Self.arguments(of: call, content)
      }
      guard !Self.asksForFetch(arguments, endpoint) else { return nil }
      switch run(endpoint, arguments, call, identity, in: world) {
      case .written(let response): return response
      case .data(let data): return data.response
      // Only what asks embedders or for parameters is waited for, and neither takes a file. Nothing that a
      // client sends may end the process, were that to change.
      case .later: throw .invalid("This operation cannot be answered where its content is a file.")
      }
    } catch {
      return error.response
    }
  }

  /// A form that is here as a whole; nil: it is for the long way.
  private static func form(
    _ type: String, _ content: [UInt8], _ blobs: BlobStore
  ) throws(SteamshipError) -> Arguments? {
    var sink = try UploadSink(blobs)
    do {
      var reader = MultipartFormReader(boundary: try MultipartBoundary(contentType: type))
      for event in try reader.feed(content) { try sink.take(event) }
      let form = try reader.finish()
      guard form.entries.count <= 100 else { return nil }
      let fields = try BracketedNames.rebuild(form.texts).objectValue ?? JSONObject()
      return Arguments(fields, upload: sink.finish(), isForm: true)
    } catch {
      throw unreadableForm(error)
    }
  }

  private static func unreadableForm(_ error: any Error) -> SteamshipError {
    switch error {
    case let error as SteamshipError: error
    case let error as MultipartError: .invalid("The form is malformed: \(error).")
    case let error as BracketedNames.RebuildError:
      .invalid("The form's names do not fit together: \(error).")
    case let error as ContentError: .unreadable(error)
    default: .invalid("The form cannot be read.")
    }
  }

  /// All of it off the loop, so that the values of a large document are made and let go there.
  private func work(
    _ endpoint: Endpoint<SteamshipService>, ofLarge bytes: [UInt8], _ call: Call,
    _ identity: Identity,
    _ content: RequestContent, in world: World<State>
  ) async throws(SteamshipError) -> Response {
    let answer = await Offload.run {
      Result { () throws(SteamshipError) -> ServiceAnswer in
        let arguments = try Self.arguments(of: call, bytes)
        guard !Self.asksForFetch(arguments, endpoint) else {
          throw .invalid("A request that names a URL to fetch must be shorter.")
        }
        return world.box.atLength { run(endpoint, arguments, call, identity, in: world) }.answer
      }
    }
    return try await answer.get().response(content)
  }

  /// The content, and a lease of what it and its values take while they are read.
  private func collect(
    _ content: RequestContent, _ budget: MemoryBudget
  ) async throws(SteamshipError) -> (bytes: [UInt8], leases: [MemoryLease]) {
    let limit = ContentPolicy.defaultLimit
    let collected: (bytes: [UInt8], lease: MemoryLease)
    do throws(CollectError) {
      collected = try await content.collect(limit: limit, of: budget)
    } catch {
      switch error {
      case .content(let error): throw .unreadable(error)
      case .tooLarge: throw .tooLarge(limit)
      case .noRoom: throw .noRoom
      }
    }
    guard let reading = MemoryLease(RequestMemory.readingBytes(of: collected.bytes), of: budget)
    else {
      throw .noRoom
    }
    return (collected.bytes, [collected.lease, reading])
  }

  private static func asksForFetch(
    _ arguments: Arguments, _ endpoint: Endpoint<SteamshipService>
  ) -> Bool {
    arguments.upload == nil && endpoint.handler.traits.contains(.mayFetch)
      && arguments["uploadType"] == "url"
  }

  private func readForm(
    _ type: String, _ content: RequestContent, _ blobs: BlobStore
  ) async throws(SteamshipError) -> (Arguments, isLarge: Bool) {
    var sink = try UploadSink(blobs)
    do {
      var reader = MultipartFormReader(boundary: try MultipartBoundary(contentType: type))
      while let chunk = try await content.next() {
        for event in try reader.feed(chunk) { try sink.take(event) }
      }
      let form = try reader.finish()
      let isLarge =
        form.entries.count > 100
        || form.entries.reduce(0) { $0 + $1.content.count } > Offload.inlineBytesMax
      let fields =
        isLarge
        ? try await Offload.run { Result { try BracketedNames.rebuild(form.texts) } }.get()
        : try BracketedNames.rebuild(form.texts)
      return (
        Arguments(fields.objectValue ?? JSONObject(), upload: sink.finish(), isForm: true), isLarge
      )
    } catch {
      throw Self.unreadableForm(error)
    }
  }

  /// `uploadType: url`: the server fetches the bytes and keeps their MIME type.
  private func fetch(
    into arguments: inout Arguments, _ world: World<State>, _ permit: OutboundPermit
  ) async throws(SteamshipError) {
    let url = try arguments.requiredString("url")
    guard let outbound else {
      throw SteamshipError(501, "NotSupported", "This server fetches no URLs.")
    }
    let request = OutboundRequest(permit, method: .get, url: url)
    switch await world.tenant.whileOutside({ await outbound(request) }) {
    case .failure(let failure):
      throw SteamshipError(
        400, "FetchFailed", "The URL \"\(url.shortened)\" cannot be fetched: \(failure.message)")
    case .success(let response):
      guard (200..<300).contains(response.status) else {
        throw SteamshipError(
          400, "FetchFailed",
          "The URL \"\(url.shortened)\" cannot be fetched: it answers with status "
            + "\(response.status).")
      }
      var sink = try UploadSink(world.blobs)
      try sink.take(response.content)
      if try arguments.name("mimeType") == nil,
        let type = response.fields["content-type"]?.split(separator: ";").first
      {
        arguments.fields["mimeType"] = .string(String(type).trimmingOptionalWhitespace())
      }
      arguments.upload = sink.finish(evenIfEmpty: true)
    }
  }
}

/// Takes an upload piece by piece, its room reserved as it grows; dropped, it gives the room back.
struct UploadSink {
  private let blobs: BlobStore
  private let lease: MemoryLease
  private var chunks: [[UInt8]] = []
  private var count = 0
  private var hasBegun = false

  init(_ blobs: BlobStore) throws(SteamshipError) {
    self.blobs = blobs
    do { lease = try blobs.lease() } catch { throw .noRoom }
  }

  mutating func take(_ event: MultipartStreamEvent) throws(SteamshipError) {
    switch event {
    case .began:
      guard !hasBegun else { throw .invalid("The form has more than one part named \"file\".") }
      hasBegun = true
    case .content(let bytes): try take(Array(bytes))
    case .ended: break
    }
  }

  mutating func take(_ bytes: [UInt8]) throws(SteamshipError) {
    guard lease.grow(by: bytes.count + BlobStore.pieceBytes) else { throw .noRoom }
    chunks.append(bytes)
    count += bytes.count
  }

  /// Nil when there was no such part.
  mutating func finish(evenIfEmpty: Bool = false) -> Arguments.Upload? {
    guard hasBegun || evenIfEmpty else { return nil }
    let isOne = chunks.count == 1
    let prefix = isOne ? Array(chunks[0].prefix(64)) : Array(chunks.joined().prefix(64))
    let blob = blobs.adopt(BlobStore.Blob(chunks, lease))
    chunks = []
    return Arguments.Upload(blob: blob, count: count, prefix: prefix)
  }
}

extension SteamshipError {
  static func unreadable(_ error: ContentError) -> Self {
    .invalid("The request's content cannot be read to its end: \(error).")
  }

  static func tooLarge(_ limit: Int) -> Self {
    Self(413, "ContentTooLarge", "The request's content is larger than \(limit) bytes.")
  }
}
