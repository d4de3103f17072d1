import HTTPModel
import Synchronization
import TestSupport
import Testing

@Suite("Request content: the connection that brings it and its reader", .timeLimit(.minutes(15)))
struct RequestContentTests {
  /// What the engine was told to do.
  private final class Demands: Sendable {
    let all = Mutex<[RequestContent.Demand]>([])
    func note(_ demand: RequestContent.Demand) { all.withLock { $0.append(demand) } }
    var firstReads: Int {
      all.withLock { $0.filter { if case .firstRead = $0 { true } else { false } }.count }
    }
    var resumes: Int { all.withLock { $0.count } - firstReads }
  }

  @Test("Chunks come in order, then the end, again and again; trailers are there then")
  func order() async throws {
    let content = RequestContent(onDemand: { _ in })
    #expect(!content.push([1]))
    _ = content.push([2, 3])
    #expect(content.trailers.isEmpty)
    content.finish(trailers: Fields(["X-Sum": "6"]))
    _ = content.push([4])
    content.fail(.peerClosed)
    #expect(try await content.next() == [1])
    #expect(try await content.next() == [2, 3])
    for _ in 0..<2 { #expect(try await content.next() == nil, "the first end counts") }
    #expect(content.trailers["x-sum"] == "6")
  }

  @Test("The first read is told once, by reading or by saying so (RFC 9110 §10.1.1)")
  func firstRead() async throws {
    let demands = Demands()
    let content = RequestContent(onDemand: demands.note)
    #expect(!content.isDemanded)
    _ = content.push([1])
    #expect(demands.firstReads == 0)
    content.announceReading()
    content.announceReading()
    _ = try await content.next()
    #expect(demands.firstReads == 1)
    #expect(content.isDemanded)
  }

  @Test("Above the high mark reading stops, at the low one it goes on, told once")
  func marks() async throws {
    let demands = Demands()
    let content = RequestContent(onDemand: demands.note)
    let chunk = [UInt8](repeating: 0, count: StreamMarks.low)
    for index in 1...5 { #expect(content.push(chunk) == (index == 5)) }
    for left in [4, 3, 2] {
      _ = try await content.next()
      #expect(demands.resumes == 0, "\(left) left")
    }
    _ = try await content.next()
    #expect(demands.resumes == 1)
    _ = try await content.next()
    #expect(demands.resumes == 1)
  }

  @Test("Pieces of a byte stop reading long before their bytes would, and are all read")
  func smallPieces() async throws {
    let demands = Demands()
    let content = RequestContent(onDemand: demands.note)
    var count = 1
    while !content.push([UInt8(truncatingIfNeeded: count)]) { count += 1 }
    #expect((1_000...10_000).contains(count))
    for number in 1...count {
      #expect(try await content.next() == [UInt8(truncatingIfNeeded: number)])
    }
    #expect(demands.resumes == 1)
    #expect(!content.push([1]))
  }

  static let errors: [ContentError] = [
    .peerClosed, .malformed, .tooLarge(limit: 7), .timedOut,
  ]

  @Test("What came before a failure can still be read, then it is thrown", arguments: errors)
  func failure(_ error: ContentError) async throws {
    let content = RequestContent(onDemand: { _ in })
    _ = content.push([1])
    content.fail(error)
    #expect(try await content.next() == [1])
    for _ in 0..<2 {
      await #expect(throws: error) { _ = try await content.next() }
    }
  }

  @Test("A waiting reader gets the next chunk, the end, a failure or its own cancellation")
  func waiting() async throws {
    let endings: [(String, @Sendable (RequestContent, Task<[UInt8]?, any Error>) -> Void)] = [
      ("chunk", { content, _ in _ = content.push([7]) }),
      ("end", { content, _ in content.finish(trailers: Fields()) }),
      ("failure", { content, _ in content.fail(.timedOut) }),
      ("cancellation", { _, reader in reader.cancel() }),
    ]
    for (name, happens) in endings {
      let content = RequestContent(onDemand: { _ in })
      let waits = Mutex<[Bool]>([])
      content.whileReaderWaits { isWaiting in waits.withLock { $0.append(isWaiting) } }
      let reader = Task { try await content.next() }
      try await waitUntil("the reader waits") { content.isAwaited }
      happens(content, reader)
      switch name {
      case "chunk": #expect(try await reader.value == [7])
      case "end": #expect(try await reader.value == nil)
      case "failure": await #expect(throws: ContentError.timedOut) { try await reader.value }
      default: await #expect(throws: ContentError.cancelled) { try await reader.value }
      }
      #expect(!content.isAwaited)
      #expect(waits.withLock { $0 } == [true, false], "\(name)")
    }
  }

  @Test("A content is collected up to its limit, and not a byte beyond", arguments: [0, 9, 10, 11])
  func limit(count: Int) async throws {
    let bytes = (0..<count).map { UInt8($0) }
    let content = RequestContent(onDemand: { _ in })
    for byte in bytes { _ = content.push([byte]) }
    content.finish(trailers: Fields())
    #expect(try await content.collect(limit: 10) == (count <= 10 ? bytes : nil))
  }

  @Test("Collecting reserves room and gives it back with the lease (DESIGN §11)")
  func budget() async throws {
    let budget = MemoryBudget(limit: 100)
    let fits = RequestContent(complete: [UInt8](repeating: 1, count: 40))
    var collected: (bytes: [UInt8], lease: MemoryLease)? = try await fits.collect(
      limit: 50, of: budget)
    #expect(collected?.bytes.count == 40)
    #expect(budget.bytesUsed == 80)
    await #expect(throws: CollectError.noRoom) {
      _ = try await RequestContent(complete: [UInt8](repeating: 1, count: 40))
        .collect(limit: 50, of: budget)
    }
    await #expect(throws: CollectError.tooLarge) {
      _ = try await RequestContent(complete: [1, 2]).collect(limit: 1, of: budget)
    }
    let broken = RequestContent(onDemand: { _ in })
    broken.fail(.malformed)
    await #expect(throws: CollectError.content(.malformed)) {
      _ = try await broken.collect(limit: 1, of: budget)
    }
    #expect(budget.bytesUsed == 80, "who was refused keeps nothing")
    collected = nil
    #expect(budget.bytesUsed == 0)
  }

  @Test("However the two run, a reader gets everything once and in order, and little waits")
  func races() async throws {
    for seed in UInt64(0)..<20 {
      let reading = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
      let content = RequestContent(onDemand: { demand in
        if case .resumeReading = demand { reading.continuation.yield() }
      })
      let reader = Task { () -> [UInt8] in
        var random = SeededNoise(seed)
        var all: [UInt8] = []
        while let chunk = try await content.next() {
          all += chunk
          if random.below(3) == 0 { await Task.yield() }
        }
        return all
      }
      var random = SeededNoise(seed &+ 1)
      var sent: [UInt8] = []
      var mayRead = reading.stream.makeAsyncIterator()
      for _ in 0..<60 {
        let chunk = random.bytes(1 + random.below(20_000))
        sent += chunk
        if content.push(chunk) { _ = await mayRead.next() }
        if random.below(3) == 0 { await Task.yield() }
      }
      content.finish(trailers: Fields())
      #expect(try await reader.value == sent, "seed \(seed)")
    }
  }

  @Test("A queue of chunks is a list of chunks, whatever is done to it")
  func queue() {
    var random = SeededNoise(SeededNoise.runSeed)
    var queue = ChunkQueue()
    var model: [[UInt8]] = []
    for _ in 0..<5_000 {
      if random.below(100) < 55 {
        let chunk = random.bytes(random.below(4))
        queue.append(chunk)
        if !chunk.isEmpty { model.append(chunk) }
      } else {
        #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
      }
      #expect(queue.byteCount == model.reduce(0) { $0 + $1.count })
      #expect(queue.isEmpty == model.isEmpty)
      #expect(queue.isConsistent)
    }
  }
}

@Suite("Memory budget (DESIGN §11)") struct MemoryBudgetTests {
  @Test("What is reserved counts until it is released; beyond the limit nothing is")
  func reserving() {
    let budget = MemoryBudget(limit: 100)
    #expect(budget.reserve(60))
    #expect(!budget.reserve(41))
    #expect(budget.hasRoom(for: 40) && !budget.hasRoom(for: 41))
    #expect(budget.reserve(40))
    budget.release(100)
    #expect(budget.bytesUsed == 0)
    for count in [0, -1, Int.min] { #expect(budget.reserve(count)) }
    #expect(!budget.reserve(.max) && !budget.hasRoom(for: .max))
    #expect(budget.bytesUsed == 0)
  }

  @Test("Part of the room is left for what cannot be done without")
  func share() {
    let budget = MemoryBudget(limit: 1_000)
    #expect(!budget.reserve(901, percent: 90))
    #expect(budget.reserve(900, percent: 90))
    #expect(!budget.reserve(1, percent: 90))
    #expect(budget.reserve(100))
  }

  @Test("What is here already counts beyond the limit too; a negative sum is none")
  func charging() {
    let budget = MemoryBudget(limit: 10)
    budget.charge(25)
    #expect(budget.bytesUsed == 25)
    #expect(!budget.hasRoom())
    budget.charge(-30)
    #expect(budget.bytesUsed == 0)
  }

  @Test("A lease gives its room back when nobody has it any more")
  func leases() {
    let budget = MemoryBudget(limit: 100)
    var lease = MemoryLease(30, of: budget)
    #expect(MemoryLease(71, of: budget) == nil)
    #expect(lease?.grow(by: 70) == true)
    #expect(lease?.grow(by: 1) == false, "what was held stays")
    #expect(lease?.count == 100)
    lease?.charge(-40)
    #expect(budget.bytesUsed == 60)
    lease = nil
    #expect(budget.bytesUsed == 0)
  }

  @Test("Many who reserve at once never hold more than there is, and leave nothing behind")
  func races() async {
    let budget = MemoryBudget(limit: 1_000)
    await withTaskGroup { group in
      for seed in UInt64(0)..<8 {
        group.addTask {
          var random = SeededNoise(seed)
          for _ in 0..<500 {
            let count = 1 + random.below(400)
            if budget.reserve(count) {
              #expect(budget.bytesUsed <= 1_000)
              if random.below(4) == 0 { await Task.yield() }
              budget.release(count)
            }
          }
        }
      }
    }
    #expect(budget.bytesUsed == 0)
  }
}
