import Dispatch
import EmulatorKernel
import HTTPModel

/// The whole tenant as one tar.gz, and back. The work is done on Dispatch, not on the loop.
enum SnapshotRoutes {
  static func take(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    return .later { _ in
      await Offload.run(on: Offload.concurrent) {
        var pieces: [[UInt8]] = []
        let lease = MemoryLease(of: live.tenant.blobs.budget)
        do throws(SnapshotError) {
          // The states as JSON, tree and text, for as long as they are written.
          let states = MemoryLease(
            live.heapBytes * statesFactor, of: live.tenant.blobs.budget)
          guard let states else { throw .noRoom }
          try Snapshot(of: live).write { piece throws(SnapshotError) in
            guard lease.grow(by: piece.count) else { throw .noRoom }
            pieces.append(piece)
          }
          withExtendedLifetime(states) {}
        } catch .noRoom {
          return Problem.noRoom.response
        } catch {
          return Problem(500, error.text).response
        }
        var response = Response(.ok, body: .chunks(pieces))
        response.leases = [lease]
        response.fields.append("Content-Type", "application/gzip")
        response.fields.append(
          "Content-Disposition", "attachment; filename=\"wavetank-\(live.name).tar.gz\"")
        return response
      }
    }
  }

  static func put(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    let pipeline = call.pipeline
    let limit = call.options.snapshotBytesMax
    return .later { content in
      do {
        let upload = try SnapshotUpload(budget: pipeline.tenants.budget)
        var count = 0
        while let chunk = try await content.next() {
          count += chunk.count
          guard count <= limit else {
            return Problem(413, "At most \(limit) bytes are accepted here.").response
          }
          try await upload.feed(chunk)
        }
        try await upload.restore(into: live, pipeline)
        return Response(.noContent)
      } catch {
        return problem(error).response
      }
    }
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

  func restore(into live: LiveTenant, _ pipeline: Pipeline) async throws {
    try await Offload.run(on: queue) {
      Result {
        let budget = pipeline.tenants.budget
        guard let lease = MemoryLease(self.reader.readingBytes, of: budget) else {
          throw SnapshotError.noRoom
        }
        try Restore(self.reader, into: live, of: pipeline).putInForce()
        withExtendedLifetime(lease) {}
      }
    }.get()
  }
}
