import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Reading of requests that may carry a file: a form whose part `file` goes to the blob store while
/// it arrives, or plain JSON.
extension SteamshipService {
  /// Source: SDK `base/client.py`, `_prepare_multipart_data`; contract §1.3.
  func readUpload(
    _ call: Call, _ content: RequestContent, in world: World<State>
  ) async throws(SteamshipError) -> Arguments {
    let type = call.request.fields["content-type"] ?? ""
    var arguments: Arguments
    if type.lowercased().hasPrefix("multipart/") {
      arguments = try await readForm(type, content, world.blobs)
    } else {
      let limit = 16 * 1024 * 1024
      let collected: (bytes: [UInt8], lease: MemoryLease)
      do throws(CollectError) {
        collected = try await content.collect(limit: limit, of: world.blobs.budget)
      } catch {
        switch error {
        case .content(let error): throw .unreadable(error)
        case .tooLarge: throw .tooLarge(limit)
        case .noRoom: throw .noRoom
        }
      }
      let budget = world.blobs.budget
      guard let reading = MemoryLease(Room.readingBytes(of: collected.bytes), of: budget) else {
        throw .noRoom
      }
      defer { withExtendedLifetime((collected.lease, reading)) {} }
      arguments = try Self.arguments(collected.bytes)
    }
    if arguments.upload == nil, call.operation.name == "steamship.block.create",
      arguments["uploadType"] == "url"
    {
      let permit = try OutboundPermit.client([origin(of: call)], allowance(in: call.tenant))
      try await fetch(into: &arguments, world, permit)
    }
    return arguments
  }

  private func readForm(
    _ type: String, _ content: RequestContent, _ blobs: BlobStore
  ) async throws(SteamshipError) -> Arguments {
    var sink = try UploadSink(blobs)
    do {
      var reader = MultipartFormReader(boundary: try MultipartBoundary(contentType: type))
      while let chunk = try await content.next() {
        for event in try reader.feed(chunk) { try sink.take(event) }
      }
      let form = try reader.finish()
      let fields = try BracketedNames.rebuild(form.texts)
      return Arguments(fields.objectValue ?? JSONObject(), upload: sink.finish(), isForm: true)
    } catch {
      switch error {
      case let error as SteamshipError: throw error
      case let error as MultipartError: throw .invalid("The form is malformed: \(error).")
      case let error as BracketedNames.RebuildError:
        throw .invalid("The form's names do not fit together: \(error).")
      case let error as ContentError: throw .unreadable(error)
      default: throw .invalid("The form cannot be read.")
      }
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
    let prefix = Array(chunks.joined().prefix(64))
    let blob = blobs.adopt(BlobStore.Blob(chunks, lease))
    chunks = []
    return Arguments.Upload(blob: blob, count: count, prefix: prefix)
  }
}

extension SteamshipError {
  static func unreadable(_ error: ContentError) -> Self {
    .invalid("The request's content ended too early or is malformed (\(error)).")
  }

  static func tooLarge(_ limit: Int) -> Self {
    Self(413, "ContentTooLarge", "The request's content is larger than \(limit) bytes.")
  }
}
