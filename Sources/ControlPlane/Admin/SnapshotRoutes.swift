import Dispatch
import EmulatorKernel
import HTTPModel

/// The whole tenant as one tar.gz, and back. The work is done on Dispatch, not on the loop, but for small
/// worlds that need neither be written nor read: see `KnownSnapshots`.
enum SnapshotRoutes {
  static func take(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    let known = call.pipeline.knownSnapshots
    if SmallWork.isOfTenant(live), let archive = known.archive(of: live) {
      return .now(response([archive.bytes], archive.lease, of: live))
    }
    return .later { _ in
      await Offload.run(on: Offload.concurrent) {
        var pieces: [[UInt8]] = []
        let budget = live.tenant.blobs.budget
        let lease = MemoryLease(of: budget)
        do throws(SnapshotError) {
          // The states as JSON, tree and text, for as long as they are written.
          guard let states = MemoryLease(live.heapBytes * statesFactor, of: budget) else {
            throw .noRoom
          }
          live.tenant.settle()
          let moment = known.moment(of: live)
          try Snapshot(of: live).write { piece throws(SnapshotError) in
            guard lease.grow(by: piece.count) else { throw .noRoom }
            pieces.append(piece)
          }
          if let moment { known.keep(pieces, as: moment, budget) }
          withExtendedLifetime(states) {}
        } catch .noRoom {
          return Problem.noRoom.response
        } catch {
          return Problem(500, error.text).response
        }
        return response(pieces, lease, of: live)
      }
    }
  }

  private static func response(
    _ pieces: [[UInt8]], _ lease: MemoryLease, of live: LiveTenant
  ) -> Response {
    var response = Response(.ok, body: .chunks(pieces))
    response.leases = [lease]
    response.fields.append("Content-Type", "application/gzip")
    response.fields.append(
      "Content-Disposition", "attachment; filename=\"wavetank-\(live.name).tar.gz\"")
    return response
  }

  static func put(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    let pipeline = call.pipeline
    let limit = call.options.snapshotBytesMax
    return .later { content in
      do {
        return try await restore(content, into: live, of: pipeline, limit)
      } catch {
        return problem(error).response
      }
    }
  }

  private static func restore(
    _ content: RequestContent, into live: LiveTenant, of pipeline: Pipeline, _ limit: Int
  ) async throws -> Response {
    // What is short is here as a whole before anything is made of it.
    var packed: [UInt8] = []
    let room = MemoryLease(of: pipeline.tenants.budget)
    var upload: SnapshotUpload?
    var count = 0
    while let chunk = try await content.next() {
      count += chunk.count
      guard count <= limit else {
        return Problem(413, "At most \(limit) bytes are accepted here.").response
      }
      guard room.grow(by: chunk.count) else { throw SnapshotError.noRoom }
      if packed.isEmpty { packed = chunk } else { packed += chunk }
      guard count > KnownSnapshots.packedBytesMax else { continue }
      if upload == nil { upload = try SnapshotUpload(budget: pipeline.tenants.budget) }
      try await upload?.feed(packed)
      packed = []
      room.charge(-room.count)
    }
    if upload == nil, let known = pipeline.knownSnapshots.content(of: packed) {
      let restore = { @Sendable in
        Result { try Restore(known, into: live, of: pipeline).putInForce() }
      }
      let isSmall = SmallWork.isOfTenant(live)
      try await (isSmall ? restore() : Offload.run(on: Offload.concurrent, restore)).get()
      return Response(.noContent)
    }
    let reading = try upload ?? SnapshotUpload(budget: pipeline.tenants.budget)
    if !packed.isEmpty { try await reading.feed(packed) }
    let isWhole = upload == nil
    try await reading.restore(into: live, pipeline, keptAs: isWhole ? packed : nil)
    return Response(.noContent)
  }

  /// A state as JSON is a tree of its own, and then a text.
  private static let statesFactor = 6

  private static func problem(_ error: any Error) -> Problem {
    switch error {
    case let error as SnapshotError:
      switch error {
      case .noRoom: Problem(507, error.text)
      case .tooLarge: Problem(413, error.text)
      case .notEncodable: Problem(500, error.text)
      default: Problem(422, error.text)
      }
    default: Problem(400, "The snapshot did not arrive: \(error)")
    }
  }
}

/// A reader that is fed on one Dispatch queue, piece after piece.
///
/// `@unchecked`: the reader is touched on `queue` alone.
private final class SnapshotUpload: @unchecked Sendable {
  private let queue = DispatchQueue(label: "wavetank.snapshot")
  private let reader: SnapshotReader

  init(budget: MemoryBudget) throws(SnapshotError) { reader = try SnapshotReader(budget: budget) }

  func feed(_ bytes: [UInt8]) async throws {
    try await Offload.run(on: queue) { Result { try self.reader.feed(bytes) } }.get()
  }

  /// - Parameter packed: the whole archive, where it is to be known when it comes again.
  func restore(
    into live: LiveTenant, _ pipeline: Pipeline, keptAs packed: [UInt8]?
  ) async throws {
    try await Offload.run(on: queue) {
      Result {
        let budget = pipeline.tenants.budget
        guard let lease = MemoryLease(self.reader.readingBytes, of: budget) else {
          throw SnapshotError.noRoom
        }
        let content = try SnapshotContent(self.reader, for: live.slots)
        try Restore(content, into: live, of: pipeline).putInForce()
        if let packed { pipeline.knownSnapshots.keep(content, of: packed, budget) }
        withExtendedLifetime(lease) {}
      }
    }.get()
  }
}
