import EmulatorKernel
import Foundation
import Testing

@testable import ScramjetEmulator

/// The shared log against a plain model: every reader has its own copy of what it must still get.
@Suite struct StreamLogTests {
  private struct Model {
    var kept: [UInt8] = []
    var readers: [Int: (position: Int, pending: [UInt8])] = [:]
  }

  private static let seeds: [UInt64] = [1, 2, 3, 5, 8, 13, 21, 34]

  @Test(
    "Random readers and writers see what a model with a copy per reader sees", arguments: seeds)
  func readersSeeTheirOwn(seed: UInt64) {
    var random = SeededRandom(seed: seed, ["stream log"])
    var log = StreamLog(.untilRead, mark: 64)
    var model = Model()
    var next = 0
    for turn in 0..<2_000 {
      switch random.next() % 5 {
      case 0, 1:
        let bytes = [UInt8](repeating: UInt8(turn % 251), count: Int(random.next() % 9))
        log.append(bytes)
        if model.readers.isEmpty { model.kept += bytes }
        for id in model.readers.keys { model.readers[id]?.pending += bytes }
      case 2:
        guard model.readers.count < 6 else { continue }
        let pending = model.readers.isEmpty ? model.kept : []
        if model.readers.isEmpty { model.kept = [] }
        model.readers[next] = (log.attach(), pending)
        next += 1
      case 3:
        guard let id = model.readers.keys.sorted().randomElement(using: &random),
          let reader = model.readers[id]
        else { continue }
        let limit = random.next() % 2 == 0 ? 1 : 1_000
        let taken = log.take(from: reader.position, byteLimit: limit)
        let bytes = Array(taken.pieces.joined())
        #expect(Array(reader.pending.prefix(bytes.count)) == bytes)
        if limit > 1 { #expect(bytes.count == reader.pending.count) }
        model.readers[id] = (taken.next, Array(reader.pending.dropFirst(bytes.count)))
      default:
        guard let id = model.readers.keys.sorted().randomElement(using: &random),
          let reader = model.readers.removeValue(forKey: id)
        else { continue }
        log.detach(from: reader.position)
        // What nobody has got is kept for the next first reader.
        if model.readers.isEmpty { model.kept = Array(remaining(log)) }
      }
      #expect(log.readerCount == model.readers.count)
      let most = model.readers.values.map(\.pending.count).max() ?? model.kept.count
      #expect(log.byteCount == most)
    }
  }

  private func remaining(_ log: StreamLog) -> [UInt8] {
    var copy = log
    let start = copy.attach()
    return Array(copy.take(from: start, byteLimit: .max).pieces.joined())
  }

  @Test("The slowest reader decides whether there is room (contract §1.8)")
  func slowestReaderRules() {
    var log = StreamLog(.untilRead, mark: 4)
    let slow = log.attach()
    let quick = log.attach()
    log.append([1, 2, 3, 4])
    let after = log.take(from: quick, byteLimit: .max)
    #expect(!log.hasRoom)
    _ = log.take(from: slow, byteLimit: .max)
    #expect(log.hasRoom && log.byteCount == 0)
    #expect(log.take(from: after.next, byteLimit: .max).pieces.isEmpty)
  }

  @Test("A history gives every reader the last of it and never holds a writer back")
  func history() {
    var log = StreamLog(.history(chunks: 3, bytes: 100))
    let early = log.attach()
    for number in 0..<10 { log.append([UInt8(number)]) }
    #expect(log.hasRoom)
    #expect(log.take(from: early, byteLimit: .max).pieces == [[7], [8], [9]])
    let late = log.attach()
    #expect(log.take(from: late, byteLimit: .max).pieces == [[7], [8], [9]])
  }

  @Test(
    "Lines of a history that nobody reads come as they were written, and are bounded by their bytes"
  )
  func lines() {
    var log = StreamLog(.history(chunks: 100_000, bytes: 64 * 1024))
    var expected: [UInt8] = []
    for number in 0..<2_000 {
      let line = Array("line \(number), and what it has to say about it\n".utf8)
      let isAwaited = log.append(line: line.span)
      #expect(!isAwaited)
      expected += line
    }
    #expect(log.bytesWritten == expected.count)
    #expect(log.byteCount <= 64 * 1024 && log.byteCount > 60 * 1024)
    // The first reader finds the last of them, whole.
    let reader = log.attach()
    let kept = log.take(from: reader, byteLimit: .max)
    let bytes = Array(kept.pieces.joined())
    #expect(bytes.count == log.byteCount)
    #expect(bytes == Array(expected.suffix(bytes.count)))
    #expect(bytes.starts(with: "line ".utf8))
    // From now on somebody is told of each, and gets it alone.
    for line in [[1], [2]] as [[UInt8]] {
      let isAwaited = log.append(line: line.span)
      #expect(isAwaited)
    }
    let news = log.take(from: kept.next, byteLimit: .max)
    #expect(news.pieces == [[1], [2]])
    // One that has left holds nothing back.
    log.detach(from: news.next)
    let last: [UInt8] = [3]
    let isAwaited = log.append(line: last.span)
    #expect(!isAwaited)
    let late = log.attach()
    #expect(log.take(from: late, byteLimit: .max).pieces.joined().suffix(3) == [1, 2, 3])
  }

  @Test("Lines that come together are kept as if they came one by one", arguments: seeds)
  func linesTogether(seed: UInt64) {
    var random = SeededRandom(seed: seed, ["lines"])
    var logs = [StreamLog](
      repeating: StreamLog(.history(chunks: 50, bytes: 64 * 1024)), count: 2)
    var reader: Int?
    for turn in 0..<500 {
      let lines = (0..<1 + random.next() % 7).map { number in
        Array("\(turn).\(number) \(String(repeating: "x", count: Int(random.next() % 300)))\n".utf8)
      }
      let together = Array(lines.joined())
      var isNews = false
      for line in lines where logs[0].append(line: line.span) { isNews = true }
      let isAwaited = logs[1].append(lines: together.span)
      #expect(isNews == isAwaited)
      if random.next() % 40 == 0 {
        if let position = reader {
          for index in logs.indices { logs[index].detach(from: position) }
          reader = nil
        } else {
          let positions = logs.indices.map { logs[$0].attach() }
          #expect(positions[0] == positions[1])
          reader = positions[0]
        }
      }
      guard let position = reader else { continue }
      let taken = logs.indices.map { logs[$0].take(from: position, byteLimit: 2_000) }
      #expect(taken[0].pieces == taken[1].pieces && taken[0].next == taken[1].next)
      reader = taken[0].next
    }
    #expect(logs[0].byteCount == logs[1].byteCount && logs[0].end == logs[1].end)
    #expect(remaining(logs[0]) == remaining(logs[1]))
  }

  /// What may be done to a log that has first lines, each by itself and before anything else.
  private static let firstUses: [@Sendable (inout StreamLog) -> [[UInt8]]] = [
    { log in
      let line = Array("news\n".utf8)
      return [[log.append(line: line.span) ? 1 : 0]]
    },
    { log in
      let lines = Array("a\nb\n".utf8)
      return [[log.append(lines: lines.span) ? 1 : 0]]
    },
    { log in
      log.append([7])
      return []
    },
    { log in log.take(from: log.attach(), byteLimit: .max).pieces },
    { log in log.take(from: log.reattach(at: 0), byteLimit: .max).pieces },
    { log in log.watched(from: log.watch(), byteLimit: .max).pieces },
    { log in
      log.finish()
      return log.take(from: log.attach(), byteLimit: .max).pieces
    },
  ]

  @Test("First lines that nobody has seen are there for whoever comes, and in a snapshot")
  func opening() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let lines = Array("first\nsecond\n".utf8)
    let unseen = StreamLog(.history(chunks: 9, bytes: 4096), opening: { lines })
    var plain = StreamLog(.history(chunks: 9, bytes: 4096))
    let isAwaited = plain.append(lines: lines.span)
    #expect(!isAwaited)
    for use in Self.firstUses {
      var logs = [unseen, plain]
      let seen = logs.indices.map { use(&logs[$0]) }
      #expect(seen[0] == seen[1])
      #expect(try encoder.encode(logs[0]) == encoder.encode(logs[1]))
    }
    #expect(try encoder.encode(unseen) == encoder.encode(plain))
    #expect(unseen.written.byteCount == lines.count && unseen.written.end == plain.end)
    #expect(unseen.written.bytesWritten == lines.count && unseen.written.lastByte == 0x0A)
  }

  @Test("A live stream gives only what comes while a reader is there")
  func live() {
    var log = StreamLog(.live)
    log.append([1])
    let reader = log.attach()
    log.append([2])
    #expect(log.take(from: reader, byteLimit: .max).pieces == [[2]])
    log.append([3])
    log.detach(from: reader)
    #expect(log.byteCount == 0)
  }

  @Test("Who watches sees what is kept and what passes, takes nothing and holds nobody up")
  func watching() {
    var log = StreamLog(.untilRead, mark: 4)
    log.append([1, 2])
    let watcher = log.watch()
    let reader = log.attach()
    #expect(log.readerCount == 1)
    #expect(log.take(from: reader, byteLimit: .max).pieces == [[1, 2]])
    log.append([3])
    let seen = log.watched(from: watcher, byteLimit: .max)
    #expect(seen.pieces == [[1, 2], [3]])
    #expect(log.watched(from: seen.next, byteLimit: .max).pieces == [])
    #expect(log.byteCount == 1)
    #expect(log.bytesWritten == 3)
    let before = log.heapBytes
    log.endWatching()
    #expect(log.heapBytes < before)
    // A stream that keeps nothing shows it all the same.
    var live = StreamLog(.live)
    let alone = live.watch()
    let isSeen = live.append([9])
    #expect(isSeen)
    #expect(live.watched(from: alone, byteLimit: .max).pieces == [[9]])
    #expect(live.byteCount == 0)
  }

  @Test("What a watcher may look back at is bounded")
  func tail() {
    var log = StreamLog(.history(chunks: 2, bytes: 100))
    let watcher = log.watch()
    let chunk = [UInt8](repeating: 7, count: 1_000)
    for _ in 0..<1_000 { log.append(chunk) }
    #expect(log.heapBytes < StreamTail.bytesMax * 2)
    let seen = log.watched(from: watcher, byteLimit: .max)
    #expect(seen.pieces.count * 1_000 <= StreamTail.bytesMax)
    #expect(log.watched(from: seen.next, byteLimit: .max).pieces == [])
  }

  @Test("How far each reader is behind is told, in bytes")
  func lags() {
    var log = StreamLog(.untilRead)
    let quick = log.attach()
    _ = log.attach()
    log.append([1, 2, 3])
    log.append([4])
    _ = log.take(from: quick, byteLimit: 1)
    #expect(log.lags(limit: 8).sorted() == [1, 4])
    #expect(log.lags(limit: 1).count == 1)
  }

  @Test("Nothing is given twice when a quick reader leaves before a slow one (contract §1.8)")
  func nothingTwice() {
    var log = StreamLog(.untilRead)
    let slow = log.attach()
    let quick = log.attach()
    log.append([1])
    let after = log.take(from: quick, byteLimit: .max).next
    log.append([2])
    log.detach(from: after)
    log.detach(from: slow)
    let next = log.attach()
    #expect(log.take(from: next, byteLimit: .max).pieces == [[2]])
  }
}

@Suite struct AgendaTests {
  @Test("Jobs come in order of due time, then of creation", arguments: [1, 7, 42] as [UInt64])
  func order(seed: UInt64) {
    var random = SeededRandom(seed: seed, ["agenda"])
    var agenda = Agenda()
    var plain: [(due: Int64, order: Int)] = []
    for order in 0..<500 {
      let due = Int64(random.next() % 40)
      agenda.add(.remove(instance: Key(serial: order)), at: VirtualInstant(seconds: due))
      plain.append((due, order))
    }
    plain.sort { $0 < $1 }
    for expected in plain {
      #expect(agenda.nextDue == VirtualInstant(seconds: expected.due))
      #expect(
        agenda.popDue(VirtualInstant(seconds: 1_000))
          == .remove(instance: Key(serial: expected.order)))
    }
    #expect(agenda.nextDue == nil)
  }

  @Test("Nothing is popped before it is due")
  func notEarly() {
    var agenda = Agenda()
    agenda.add(.catchUp, at: VirtualInstant(seconds: 10))
    #expect(agenda.popDue(VirtualInstant(seconds: 9)) == nil)
    #expect(agenda.popDue(VirtualInstant(seconds: 10)) == .catchUp)
  }
}
