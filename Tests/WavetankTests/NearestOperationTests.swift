import EmulatorKernel
import HTTPModel
import Testing
import Wavetank

@Suite("A path of no operation is given the nearest one, at a bounded cost")
struct NearestOperationTests {
  private static func pipeline() async throws -> (Emulator, Pipeline) {
    var configuration = Configuration()
    configuration.port = 0
    configuration.threads = 1
    let emulator = try await Emulator.start(configuration)
    return (emulator, emulator.pipeline)
  }

  @Test("It is the one that a search through all templates finds, of paths with one slip")
  func sameAsPlainSearch() async throws {
    let (emulator, pipeline) = try await Self.pipeline()
    let plain = PlainSearch(pipeline.operations)
    var random = SeededRandom(seed: 7, ["nearest"])
    var (same, count) = (0, 0)
    for _ in 0..<300 {
      let route = plain.routes[Int.random(in: 0..<plain.routes.count, using: &random)]
      let request = Request(route.method, Self.slip(in: Self.path(of: route, &random), &random))
      let found = pipeline.operations.nearest(to: request)
      let (hint, cost) = plain.nearest(to: request)
      count += 1
      // Of equally near ones any will do.
      if found.hint == hint || found.hint.map({ plain.cost(ofHint: $0, request) }) == cost {
        same += 1
      }
    }
    await emulator.stop(within: .zero)
    #expect(same * 100 >= count * 95, "\(same) of \(count)")
  }

  static let odd = [
    "/", "//", "/" + String(repeating: "/", count: 16_000),
    "/" + String(repeating: "a", count: 9_000),
    String(repeating: "/a", count: 8_000), String(repeating: "/api/v1", count: 2_000),
    String(repeating: "/%2F", count: 4_000), "/é/ü", "/\u{0}", "*", "http://a", "http://a/b/c",
    String(repeating: "/instancs/sequencs/topcs/entitis", count: 100),
  ]

  @Test("Any path has an answer and, where no word is near, no hint", arguments: odd)
  func anyPath(_ path: String) async throws {
    let (emulator, pipeline) = try await Self.pipeline()
    let found = pipeline.operations.nearest(to: Request(.get, path))
    await emulator.stop(within: .zero)
    #expect(pipeline.services.indices.contains(found.serviceIndex))
    if !path.contains("api") && !path.contains("instanc") { #expect(found.hint == nil) }
  }

  static let begun = [
    ("/api/v1/workspace/lst", "steamship"), ("/api/v1/cpm/hubs/loadchek", "scramjet"),
    ("/orgs/o/bluprints", "shipyard"),
  ]

  @Test("What goes on beyond any template is told by its beginning", arguments: begun)
  func longTail(_ path: String, _ service: String) async throws {
    let (emulator, pipeline) = try await Self.pipeline()
    let tail = String(repeating: "/x", count: 2_000)
    let found = pipeline.operations.nearest(to: Request(.get, path + tail))
    await emulator.stop(within: .zero)
    #expect(pipeline.services[found.serviceIndex].name == service)
  }

  @Test("All words and templates have a place in the index")
  func room() async throws {
    let (emulator, pipeline) = try await Self.pipeline()
    await emulator.stop(within: .zero)
    let templates = PlainSearch(pipeline.operations).routes.map(\.template.segments)
    var words: Set<[UInt8]> = []
    for case .literal(let word) in templates.joined() { words.insert(Array(word)) }
    #expect(words.count <= NearestOperationLimits.wordsMax)
    #expect(words.map(\.count).max() ?? 0 <= NearestOperationLimits.wordBytesMax)
    #expect(templates.map(\.count).max() ?? 0 <= NearestOperationLimits.segmentsMax)
    #expect(templates.count <= NearestOperationLimits.routesMax)
  }

  private static func path(
    of route: Operation.Route, _ random: inout SeededRandom
  ) -> [String] {
    route.template.segments.map { segment in
      switch segment {
      case .literal(let bytes): String(decoding: bytes, as: UTF8.self)
      case .parameter, .rest:
        "x\(Int.random(in: 0..<1000, using: &random))-\(Int.random(in: 0..<1000, using: &random))"
      }
    }
  }

  private static func slip(in segments: [String], _ random: inout SeededRandom) -> String {
    var segments = segments
    let place = Int.random(in: 0..<segments.count, using: &random)
    var letters = Array(segments[place])
    let letter = Int.random(in: 0..<letters.count, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: letters.remove(at: letter)
    case 1: letters.insert("q", at: letter)
    case 2: letters[letter] = "q"
    case 3: letters.swapAt(letter, max(0, letter - 1))
    case 4: segments.insert("q", at: place)
    default: segments.append("q")
    }
    if segments.indices.contains(place), segments[place] != "q" {
      segments[place] = String(letters)
    }
    return "/" + segments.joined(separator: "/")
  }
}

/// The same search, without index and bounds: every template, every word.
private struct PlainSearch {
  let routes: [Operation.Route]
  private let names: [String]

  init(_ table: OperationTable) {
    let all = table.entries.filter { !$0.operation.isClaimed }.flatMap { entry in
      entry.operation.routes.map { (entry.operation.name, $0) }
    }.filter { $0.1.method != .options }
    routes = all.map(\.1)
    names = all.map(\.0)
  }

  func nearest(to request: Request) -> (hint: String?, cost: Int) {
    let path = Self.segments(request)
    var best: (cost: Int, index: Int) = (.max, 0)
    for index in routes.indices {
      let cost = cost(index, path, request)
      if cost < best.cost { best = (cost, index) }
    }
    let isNear = Self.words(routes[best.index].template).contains { word in
      path.contains { Self.cost($0, .literal(word[...])) <= 80 }
    }
    return (isNear ? hint(best.index) : nil, best.cost)
  }

  func cost(ofHint hint: String, _ request: Request) -> Int {
    routes.indices.first { self.hint($0) == hint }.map {
      cost($0, Self.segments(request), request)
    } ?? .max
  }

  private func hint(_ index: Int) -> String {
    let text = routes[index].template.text.replacing("…}", with: "...}")
    return "\(names[index]) \(routes[index].method.name) \(text)"
  }

  private func cost(_ index: Int, _ path: [[UInt8]], _ request: Request) -> Int {
    let template = routes[index].template
    var previous = Array(0...template.segments.count).map { $0 * 100 }
    for segment in path {
      var current = [previous[0] + 100]
      for (column, expected) in template.segments.enumerated() {
        var inserted = previous[column + 1] + 100
        if case .rest = expected { inserted = previous[column + 1] + 20 }
        let replaced = previous[column] + Self.cost(segment, expected)
        current.append(min(replaced, inserted, current[column] + 100))
      }
      previous = current
    }
    let count = template.segments.count
    let distance = previous.enumerated().map { $1 + (count - $0) * 60 }.min() ?? 0
    return distance + (routes[index].method == request.method ? 0 : 5)
      - 60 * Set(Self.words(template)).count { path.contains($0) }
  }

  private static func segments(_ request: Request) -> [[UInt8]] {
    request.target.bytes[request.target.pathRange].split(separator: UInt8(ascii: "/")).prefix(12)
      .map { $0.map(\.asciiLowercased) }
  }

  private static func words(_ template: PathTemplate) -> [[UInt8]] {
    var words: [[UInt8]] = []
    for case .literal(let word) in template.segments { words.append(word.map(\.asciiLowercased)) }
    let base = ["api", "v1"].map { Array($0.utf8) }
    let isBelowBase = words.count > 2 && words.starts(with: base)
    return isBelowBase ? words.filter { !base.contains($0) } : words
  }

  private static func cost(_ segment: [UInt8], _ expected: PathTemplate.Segment) -> Int {
    guard case .literal(let text) = expected else { return 10 }
    let word = text.map(\.asciiLowercased)
    if segment == word { return 0 }
    let length = max(segment.count, word.count)
    let changes = changes(segment, word)
    return changes <= length * 35 / 100 ? 10 + 200 * changes / length : 150
  }

  /// Optimal string alignment, by the table.
  private static func changes(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var table = [Array(0...right.count)]
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        var least = min(
          table[row][column + 1] + 1, current[column] + 1,
          table[row][column] + (left[row] == right[column] ? 0 : 1))
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          least = min(least, table[row - 1][column - 1] + 1)
        }
        current.append(least)
      }
      table.append(current)
    }
    return table[left.count][right.count]
  }
}
