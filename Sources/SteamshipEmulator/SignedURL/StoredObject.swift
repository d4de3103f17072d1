import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// The name of an object in a workspace's buckets.
struct StoredObjectName: Hashable, Codable, Sendable {
  var workspace: Key<Workspace>
  @ExactText var bucket: String
  @ExactText var path: String
}

extension StoredObjectName: Comparable {
  static func < (left: Self, right: Self) -> Bool {
    if left.workspace != right.workspace { return left.workspace < right.workspace }
    return (left._bucket, left._path) < (right._bucket, right._path)
  }
}

/// Source: SDK `data/workspace.py`, `SignedUrl`.
enum SignedURL {
  enum Bucket: String, CaseIterable { case exports, imports, userData, pluginData, appData }
  enum Operation: String, CaseIterable {
    case read = "Read"
    case write = "Write"
  }

  /// Binds everything in the URL together. No secret is protected here: it only makes an altered URL
  /// fail as it would at the real service.
  static func signature(
    seed: UInt64, workspaceID: String, bucket: String, path: String, operation: String,
    expires: Int
  ) -> String {
    var hash = StableHash(seed: seed)
    for part in [workspaceID, bucket, path, operation] { hash.combine(part) }
    hash.combine(UInt64(bitPattern: Int64(expires)))
    let text = String(hash.value, radix: 16)
    return String(repeating: "0", count: 16 - text.utf8.count) + text
  }
}

extension SteamshipState {
  /// `POST workspace/createSignedUrl`: scoped to the request's workspace.
  /// Fidelity: request and answer seen in client; the URL's form and its expiry after an hour
  /// assumed (contract §8).
  mutating func createSignedURL(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult
  {
    guard let bucket = try job.arguments.choice("bucket", SignedURL.Bucket.self) else {
      throw .invalid("The field \"bucket\" is missing.")
    }
    guard let operation = try job.arguments.choice("operation", SignedURL.Operation.self) else {
      throw .invalid("The field \"operation\" is missing.")
    }
    let path = try job.arguments.requiredString("filepath")
    guard !path.isEmpty else { throw .invalid("The field \"filepath\" must not be empty.") }
    let minutes = try job.arguments.int("expiresInMinutes") ?? 60
    guard minutes > 0, minutes <= 525_600 else {
      throw .invalid("The field \"expiresInMinutes\" must be between 1 and 525600.")
    }
    let workspace = try workspace(of: job.caller, &step)
    let url = signedURL(
      StoredObjectName(workspace: workspace, bucket: bucket.rawValue, path: path), operation,
      minutes: minutes, job.caller, step)
    return [
      "signedUrl": .string(url), "bucket": .string(bucket.rawValue), "filepath": .string(path),
      "operation": .string(operation.rawValue), "expiresInMinutes": .integer(minutes),
    ]
  }

  private func signedURL(
    _ name: StoredObjectName, _ operation: SignedURL.Operation, minutes: Int, _ caller: Caller,
    _ step: Step
  ) -> String {
    let id = workspaces.read(name.workspace, { $0.id }) ?? ""
    let expires = Int(step.now.epochSeconds) + minutes * 60
    let signature = SignedURL.signature(
      seed: step.ids.seed, workspaceID: id, bucket: name.bucket, path: name.path,
      operation: operation.rawValue, expires: expires)
    let encodedPath = PercentCoding.encode(name.path, allowed: "/")
    return "\(caller.baseURL)/api/v1/signed/\(id)/\(name.bucket)/\(encodedPath)"
      + "?operation=\(operation.rawValue)&expires=\(expires)&signature=\(signature)"
  }

  /// Puts bytes where a URL without a key can read them, for a day.
  mutating func publish(
    _ bytes: [UInt8], path: String, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> String {
    let workspace = try workspace(of: caller, &step)
    let name = StoredObjectName(
      workspace: workspace, bucket: SignedURL.Bucket.pluginData.rawValue, path: path)
    var content = try Content(storing: bytes, in: step.blobs)
    content.storedAt = step.now
    storedObjects.updateValue(content, forKey: name)?.release(step.blobs)
    return signedURL(name, .read, minutes: 24 * 60, caller, step)
  }

  /// The object that a signed URL names, if the URL holds.
  fileprivate func objectName(
    _ call: Call, for operation: SignedURL.Operation, _ step: Step
  ) -> Result<StoredObjectName, SignedURLFailure> {
    let target = call.request.target
    let id = call.parameters["workspace"] ?? ""
    let bucket = call.parameters["bucket"] ?? ""
    let path = call.parameters["path"] ?? ""
    let expires = target.queryValue("expires").flatMap { Int($0) } ?? 0
    let signature = SignedURL.signature(
      seed: step.ids.seed, workspaceID: id, bucket: bucket, path: path,
      operation: operation.rawValue, expires: expires)
    guard target.queryValue("operation") == operation.rawValue,
      target.queryValue("signature") == signature
    else { return .failure(.signatureDoesNotMatch) }
    guard step.now.epochSeconds < expires else { return .failure(.expired) }
    guard let workspace = workspaces.key(id: id) else { return .failure(.noSuchKey) }
    return .success(StoredObjectName(workspace: workspace, bucket: bucket, path: path))
  }

  /// The bytes that a signed URL of this server names: code puts there what it makes.
  func storedBytes(at url: String, _ blobs: BlobStore) throws(SteamshipError) -> [UInt8] {
    let path = url.split(separator: "?").first.map(String.init) ?? url
    let parts = path.split(separator: "/").map(String.init)
    guard let index = parts.lastIndex(of: "signed"), parts.count > index + 3,
      let workspace = workspaces.key(id: parts[index + 1]),
      let content = storedObjects[
        StoredObjectName(
          workspace: workspace, bucket: parts[index + 2],
          path: PercentCoding.decode(parts[(index + 3)...].joined(separator: "/")))]
    else { throw .badlyMade("the URL \(url.shortened) is none of this server's signed URLs") }
    return content.bytes(in: blobs)
  }

  fileprivate mutating func keep(
    _ upload: Arguments.Upload, as name: StoredObjectName, _ step: inout Step
  ) {
    var content = Content(upload)
    content.storedAt = step.now
    storedObjects.updateValue(content, forKey: name)?.release(step.blobs)
  }
}

/// Failures of signed URLs are written as the XML of the object store behind the real service.
/// Source: SDK `utils/signed_urls.py` looks for `<Code>NoSuchKey</Code>`.
private enum SignedURLFailure: Error {
  case noSuchKey, signatureDoesNotMatch, expired, noRoom, unreadable

  var response: Response {
    let (status, code, message) =
      switch self {
      case .noSuchKey: (404, "NoSuchKey", "The specified key does not exist.")
      case .signatureDoesNotMatch:
        (403, "SignatureDoesNotMatch", "The signature does not fit the request.")
      case .expired: (403, "AccessDenied", "Request has expired")
      case .noRoom: (507, "InsufficientStorage", "There is no room left for stored content.")
      case .unreadable: (400, "IncompleteBody", "The content ended too early.")
      }
    let xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>\(code)</Code>"
      + "<Message>\(message)</Message></Error>"
    return Response(
      Status(status), fields: Fields(["Content-Type": "application/xml"]),
      body: .bytes(Array(xml.utf8)))
  }
}

extension SteamshipService {
  /// `GET` of a signed URL: no key.
  func readSigned(_ call: Call, in world: World<State>) -> Response {
    world.mutate { state, step in
      switch state.objectName(call, for: .read, step) {
      case .failure(let failure): return failure.response
      case .success(let name):
        guard let content = state.storedObjects[name] else {
          return SignedURLFailure.noSuchKey.response
        }
        return content.answer(
          to: call.request, type: MIMEType.bytes, modified: content.storedAt, step.blobs)
      }
    }
  }

  /// `PUT` to a signed URL: no key; answers 200 and nothing else would do (contract §6.18).
  func writeSigned(_ call: Call, in world: World<State>) -> ServiceAnswer {
    .atOnce(
      { content in
        // Without room it is first asked whether the URL holds.
        guard var sink = try? UploadSink(world.blobs),
          content.isEmpty || (try? sink.take(content)) != nil
        else { return nil }
        return sink.finish(evenIfEmpty: true).map { keep($0, call, in: world) }
      }, orLater: { content in await writeSigned(call, content, in: world) })
  }

  private func writeSigned(
    _ call: Call, _ content: RequestContent, in world: World<State>
  ) async -> Response {
    let allowed = world.mutate { state, step -> SignedURLFailure? in
      if case .failure(let failure) = state.objectName(call, for: .write, step) {
        failure
      } else {
        nil
      }
    }
    if let allowed { return allowed.response }
    let upload: Arguments.Upload?
    do {
      var sink = try UploadSink(world.blobs)
      while let chunk = try await content.next() { try sink.take(chunk) }
      upload = sink.finish(evenIfEmpty: true)
    } catch {
      return (error is SteamshipError ? SignedURLFailure.noRoom : .unreadable).response
    }
    guard let upload else { return SignedURLFailure.unreadable.response }
    return keep(upload, call, in: world)
  }

  private func keep(_ upload: Arguments.Upload, _ call: Call, in world: World<State>) -> Response {
    world.mutate { state, step in
      switch state.objectName(call, for: .write, step) {
      case .failure(let failure):
        step.blobs.remove(upload.blob)
        return failure.response
      case .success(let name):
        state.keep(upload, as: name, &step)
        return Response(.ok, fields: Fields(["Content-Type": "text/plain"]), body: .empty)
      }
    }
  }
}
