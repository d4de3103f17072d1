import HTTPModel
import Synchronization
import TestSupport
import Testing

@Suite("Body writer: a producer and the connection that takes from it", .timeLimit(.minutes(15)))
struct BodyWriterTests {
  /// Told whenever the writer has something, as a connection is.
  final class Signal: Sendable {
    let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let total = Atomic(0)

    init() {
      (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func ready() {
      total.add(1, ordering: .relaxed)
      continuation.yield()
    }

    var count: Int { total.load(ordering: .relaxed) }
  }

  private final class Count: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .relaxed) }
    /// - Returns: What it is then.
    @discardableResult
    func add(_ number: Int) -> Int { count.add(number, ordering: .relaxed).newValue }
  }

  private static func text(_ taken: BodyWriter.Taken) -> String {
    String(decoding: Array(taken.pieces.joined()), as: UTF8.self)
  }

  // MARK: Order and end

  @Test("Pieces leave in order, at least one at a time; an empty one is none")
  func pieces() async throws {
    let signal = Signal()
    let writer = BodyWriter(onReady: signal.ready)
    try await writer.write("ab")
    try await writer.write("")
    try await writer.write(contentsOf: [Array("cd".utf8), [], Array("ef".utf8)])
    #expect(signal.count == 2, "what is empty tells nobody")
    let first = writer.take(byteLimit: 1)
    #expect(Self.text(first) == "ab")
    #expect(first.hasMore && !first.isEnd)
    let rest = writer.take(byteLimit: 3)
    #expect(rest.pieces.map { String(decoding: $0, as: UTF8.self) } == ["cd", "ef"])
    #expect(!rest.hasMore && !rest.isEnd)
    #expect(writer.take(byteLimit: 100).pieces.isEmpty)
  }

  @Test("The end comes with the last piece, and with the trailers (RFC 9112 §7.1.2)")
  func end() async throws {
    let signal = Signal()
    let writer = BodyWriter(onReady: signal.ready)
    try await writer.write("a")
    writer.setTrailers(Fields(["X-Sum": "1"]))
    writer.end()
    #expect(signal.count == 2)
    let taken = writer.take(byteLimit: .max)
    #expect(Self.text(taken) == "a")
    #expect(taken.isEnd)
    #expect(taken.trailers["x-sum"] == "1")
    await #expect(throws: WriteError.closed) { try await writer.write("late") }
    #expect(writer.take(byteLimit: .max).pieces.isEmpty)
  }

  @Test("After the peer has gone nothing is left, and the producer is told")
  func close() async throws {
    let writer = BodyWriter(onReady: {})
    try await writer.write("a")
    #expect(!writer.isClosed)
    writer.close()
    writer.close()
    #expect(writer.isClosed)
    #expect(writer.take(byteLimit: .max).pieces.isEmpty)
    await #expect(throws: WriteError.closed) { try await writer.write("b") }
  }

  // MARK: Back-pressure

  @Test("A producer of pieces of a byte waits as well, and all of them leave")
  func smallPieces() async throws {
    let signal = Signal()
    let writer = BodyWriter(onReady: signal.ready)
    let (total, written) = (100_000, Count())
    let producer = Task {
      for _ in 0..<total {
        try await writer.write([1])
        written.add(1)
      }
      writer.end()
    }
    var (taken, mostWaiting) = (0, 0)
    while true {
      let portion = writer.take(byteLimit: 512)
      taken += portion.pieces.count
      mostWaiting = max(mostWaiting, written.value - taken)
      if portion.isEnd { break }
      if portion.pieces.isEmpty { await Task.yield() }
    }
    try await producer.value
    #expect(taken == total)
    #expect(mostWaiting <= 10_000)
  }

  @Test("A producer waits above the high mark, until the low one is reached")
  func marks() async throws {
    let signal = Signal()
    let writer = BodyWriter(onReady: signal.ready)
    let piece = [UInt8](repeating: 7, count: StreamMarks.low)
    let written = Count()
    let producer = Task {
      for _ in 0..<6 {
        try await writer.write(piece)
        written.add(1)
      }
    }
    // Four pieces are the high mark itself; the fifth goes beyond it and does not return.
    try await waitUntil("five pieces are there") { signal.count == 5 }
    await letOthersRun()
    #expect(written.value == 4)
    for left in [4, 3, 2] {
      #expect(writer.take(byteLimit: 1).pieces.count == 1)
      await letOthersRun(50)
      #expect(written.value == 4, "\(left) pieces are more than the low mark")
    }
    _ = writer.take(byteLimit: 1)
    try await waitUntil("the producer goes on") { written.value == 6 }
    try await producer.value
  }

  @Test("A producer that waits for room is woken by the peer's end, and by its own cancellation")
  func wokenProducer() async throws {
    for isCancelled in [true, false] {
      let signal = Signal()
      let writer = BodyWriter(onReady: signal.ready)
      let producer = Task {
        try await writer.write([UInt8](repeating: 1, count: StreamMarks.high + 1))
      }
      try await waitUntil("the piece is there") { signal.count == 1 }
      await letOthersRun(50)
      if isCancelled { producer.cancel() } else { writer.close() }
      await #expect(throws: WriteError.closed) { try await producer.value }
    }
  }

  // MARK: Races

  /// What one run of producer and consumer came to.
  private struct Race {
    var written: [UInt8] = []
    var taken: [UInt8] = []
    var isWhole = false
    var mostWaiting = 0
  }

  private enum Cut: CaseIterable { case none, close, cancel }

  private static func race(_ seed: UInt64, _ cut: Cut) async throws -> Race {
    let signal = Signal()
    let writer = BodyWriter(onReady: signal.ready)
    let waiting = Count()
    let producer = Task { () -> (written: [UInt8], isWhole: Bool) in
      var random = SeededNoise(seed)
      var written: [UInt8] = []
      do {
        for _ in 0..<60 {
          let piece = random.bytes(1 + random.below(StreamMarks.low))
          written += piece
          waiting.add(piece.count)
          try await writer.write(piece)
          if random.below(3) == 0 { await Task.yield() }
        }
        writer.end()
        return (written, true)
      } catch {
        return (written, false)
      }
    }
    var random = SeededNoise(seed &+ 1)
    var race = Race()
    let cutAt = cut == .none ? Int.max : random.below(1 << 20)
    consuming: for await _ in signal.stream {
      while true {
        let taken = writer.take(byteLimit: 1 + random.below(StreamMarks.high))
        race.taken += taken.pieces.joined()
        let count = taken.pieces.reduce(0) { $0 + $1.count }
        race.mostWaiting = max(race.mostWaiting, waiting.add(-count) + count)
        if taken.isEnd { break consuming }
        if race.taken.count > cutAt {
          if cut == .close { writer.close() } else { producer.cancel() }
          break consuming
        }
        guard taken.hasMore else { break }
        if random.below(3) == 0 { await Task.yield() }
      }
    }
    (race.written, race.isWhole) = await producer.value
    return race
  }

  @Test("However the two run, everything arrives once and in order, and little waits")
  func wholeRaces() async throws {
    for seed in UInt64(0)..<20 {
      let race = try await Self.race(seed, .none)
      #expect(race.isWhole)
      #expect(race.taken == race.written, "seed \(seed)")
      // Beside what the writer holds: what has just been taken and is not counted off yet, and the
      // pieces that the producer has counted and not written. Without marks it would be all of it.
      #expect(race.mostWaiting <= 2 * StreamMarks.high + 3 * StreamMarks.low, "seed \(seed)")
    }
  }

  @Test(
    "Wherever the peer goes or the producer is cancelled, it ends, and what was sent is a beginning"
  )
  func cutRaces() async throws {
    for seed in UInt64(100)..<120 {
      for cut in [Cut.close, .cancel] {
        let race = try await Self.race(seed, cut)
        #expect(race.written.starts(with: race.taken), "seed \(seed), \(cut)")
      }
    }
  }

  // MARK: Sources

  /// Gives so many numbered pieces, each when it has been told that there is one.
  private final class Source: BodySource {
    struct State {
      var ready: [[UInt8]] = []
      var isEnded = false
      var waiting: BodyWriter?
      var endCount = 0
    }
    let state = Mutex(State())
    var endCount: Int { state.withLock { $0.endCount } }

    func end(for writer: BodyWriter) { state.withLock { $0.endCount += 1 } }

    func take(byteLimit: Int, for writer: BodyWriter) -> BodyPortion {
      state.withLock { state in
        guard state.ready.isEmpty else {
          return BodyPortion([state.ready.removeFirst()], .more)
        }
        if state.isEnded { return BodyPortion([], .end) }
        if writer.beginAwaitingSource() { state.waiting = writer }
        return BodyPortion([], .later)
      }
    }

    func give(_ piece: String?) {
      let writer = state.withLock { state in
        if let piece { state.ready.append(Array(piece.utf8)) } else { state.isEnded = true }
        defer { state.waiting = nil }
        return state.waiting
      }
      writer?.sourceIsReady()
    }
  }

  @Test("A source is asked once the producer's own pieces have left, and told of when it has news")
  func followed() async throws {
    let (signal, news) = (Signal(), Signal())
    let writer = BodyWriter(onReady: signal.ready, onSourceReady: news.ready)
    let source = Source()
    let producer = Task {
      try await writer.write("own ")
      try await writer.follow(source)
      try await writer.write("again")
      writer.end()
    }
    try await waitUntil("the source is there") { signal.count == 2 }
    #expect(writer.take(byteLimit: .max).hasMore, "the source has not been asked")
    #expect(!writer.take(byteLimit: .max).hasMore)
    #expect(!writer.beginAwaitingSource(), "it is awaited already")
    source.give("1 ")
    #expect(news.count == 1)
    source.give("2 ")
    #expect(news.count == 1, "told once")
    #expect(Self.text(writer.take(byteLimit: .max)) == "1 ")
    #expect(Self.text(writer.take(byteLimit: .max)) == "2 ")
    source.give(nil)
    #expect(writer.take(byteLimit: .max).pieces.isEmpty)
    try await producer.value
    let rest = writer.take(byteLimit: .max)
    #expect(Self.text(rest) == "again")
    #expect(rest.isEnd)
    writer.endAwaitingSource()
    #expect(writer.beginAwaitingSource())
  }

  @Test("Who follows a source is woken by the peer's end, and by its own cancellation")
  func wokenFollower() async throws {
    for isCancelled in [true, false] {
      let signal = Signal()
      let writer = BodyWriter(onReady: signal.ready)
      let producer = Task { try await writer.follow(Source()) }
      try await waitUntil("the source is there") { signal.count == 1 }
      if isCancelled { producer.cancel() } else { writer.close() }
      await #expect(throws: WriteError.closed) { try await producer.value }
      await #expect(throws: WriteError.closed) {
        writer.close()
        try await writer.follow(Source())
      }
    }
  }

  @Test("A body that is a source ends with it; whoever leaves it tells it, once")
  func wholeSource() async throws {
    let news = Signal()
    let source = Source()
    let writer = BodyWriter(onReady: news.ready, source: source)
    #expect(!writer.take(byteLimit: .max).hasMore)
    source.give("all")
    #expect(news.count == 1)
    #expect(Self.text(writer.take(byteLimit: .max)) == "all")
    source.give(nil)
    #expect(source.endCount == 0)
    #expect(writer.take(byteLimit: .max).isEnd)
    writer.close()
    #expect(source.endCount == 1)

    let left = Source()
    let closed = BodyWriter(onReady: {}, source: left)
    closed.close()
    closed.close()
    #expect(left.endCount == 1)
    #expect(closed.take(byteLimit: .max).pieces.isEmpty)
  }

  @Test(
    "What is to be done behind a source is done when nobody has it any more, fetched from or not")
  func endingSource() {
    let ended = Atomic(0)
    do {
      let writer = BodyWriter(
        onReady: {}, source: EndingSource(Source()) { ended.add(1, ordering: .relaxed) })
      _ = writer.take(byteLimit: .max)
      #expect(ended.load(ordering: .relaxed) == 0)
      writer.close()
      #expect(ended.load(ordering: .relaxed) == 1)
    }
    do { _ = EndingSource(Source()) { ended.add(1, ordering: .relaxed) } }
    #expect(ended.load(ordering: .relaxed) == 2)
  }

  @Test("Against memory a producer writes all that it has, whatever its size")
  func collected() async throws {
    let bytes = try await BodyWriter.collect { writer in
      for index in 0..<5 {
        try await writer.write([UInt8](repeating: UInt8(index), count: StreamMarks.high + index))
      }
    }
    #expect(bytes.count == 5 * StreamMarks.high + 10)
    struct Refused: Error {}
    await #expect(throws: Refused.self) {
      _ = try await BodyWriter.collect { _ in throw Refused() }
    }
  }
}
