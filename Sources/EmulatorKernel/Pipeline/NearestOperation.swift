import HTTPModel
import PayloadCodecs

/// The operation that a request of no operation most resembles, for the form of its failure and for
/// the field `X-Wavetank-Hint`.
package struct NearestOperation: Sendable, Equatable {
  package let serviceIndex: Int
  /// Nil when no word of the path is near one of an operation: any hint would be a guess.
  package let hint: String?
}

/// Beyond these counts a word or a template has no part in the search; all services together have
/// about 110 words, no template of 16 segments.
package enum NearestOperationLimits {
  package static let wordsMax = 256
  package static let wordBytesMax = PathSketch.wordBytesMax
  package static let segmentsMax = 20
}

/// All templates laid out for that search.
///
/// **Cost** of a search: bounded whatever is asked, a few microseconds, no heap calls. `PathSketch`
/// reads a kilobyte; each of its 12 segments is held against the words of about its length, at most
/// `distancesMax` of them letter by letter; each template costs a few operations on sets of words,
/// and the `finalists` alone are compared segment by segment.
final class NearestOperationIndex: Sendable {
  private typealias Limits = NearestOperationLimits

  /// Sets of words: one bit for each.
  typealias WordSet = InlineArray<4, UInt64>

  private struct Word: Sendable, BitwiseCopyable {
    var start: Int
    var length: Int
    var letterSet: UInt64
  }

  private struct Route: Sendable, BitwiseCopyable {
    var words: WordSet
    /// Without `api` and `v1` where a path begins with them: they stand in too many to say anything.
    var tellingWords: WordSet
    /// Different ones.
    var wordCount: Int32
    /// In `codes`.
    var start: Int32
    var length: Int32
    var hasRest: Bool
    var method: UInt8
    var serviceIndex: Int32
  }

  private static let finalists = 8
  private static let distancesMax = 32
  private static let parameterCode: Int16 = -1
  private static let restCode: Int16 = -2
  private static let unknownWordCode: Int16 = -3

  private let words: [Word]
  private let letters: [UInt8]
  /// Where in `words`, which are sorted by length, those of a length begin.
  private let firstOfLength: [Int]
  private let routes: [Route]
  /// The segments of all templates: a word's number or one of the codes above.
  private let codes: [Int16]
  private let methods: [Method]
  private let hints: [String]

  init(_ table: OperationTable) {
    var builder = Builder()
    for entry in table.entries where !entry.operation.isClaimed {
      for route in entry.operation.routes where route.template.segments.count <= Limits.segmentsMax
      {
        builder.sources.append((route, entry))
      }
    }
    builder.collectWords()
    words = builder.words
    letters = builder.letters
    firstOfLength = (0...PathSketch.wordBytesMax + 1).map { length in
      builder.words.firstIndex { $0.length >= length } ?? builder.words.count
    }
    (routes, codes, methods) = builder.routes()
    hints = builder.sources.map { "\($1.operation.name) \($0.method.name) \($0.template.ascii)" }
  }

  func find(_ request: Request) -> NearestOperation? {
    // Both are lent to the steps in their place: they are too large to be copied at each.
    var path = PathSketch(request.target)
    var search = Search(method: code(of: request.method))
    for segment in 0..<path.count { look(segment, &path, &search) }
    chooseCandidates(path.count, &search)
    var best: (cost: Int, index: Int)?
    for index in 0..<search.candidates.count {
      let route = search.candidates.routes[index]
      let cost =
        distance(path.count, routes[route], &search)
        // A wrong method is a small mistake beside a wrong path.
        + (routes[route].method == search.method ? 0 : 5)
        // Words that occur say more than how many segments there are.
        - 60 * common(routes[route].tellingWords, search.exact)
      if cost < best?.cost ?? .max || cost == best?.cost && route < best?.index ?? 0 {
        best = (cost, route)
      }
    }
    guard let best else { return nil }
    let route = routes[best.index]
    let isNear =
      common(route.tellingWords, search.exact) + common(route.tellingWords, search.near) > 0
    return NearestOperation(
      serviceIndex: Int(route.serviceIndex), hint: isNear ? hints[best.index] : nil)
  }
}

// MARK: Searching

extension NearestOperationIndex {
  /// One search: which words the path has, exactly or nearly.
  private struct Search {
    struct Near: BitwiseCopyable {
      var segment: Int32 = 0
      var word: Int16 = 0
      var cost: Int16 = 0
    }

    let method: UInt8
    var exact = WordSet(repeating: 0)
    var near = WordSet(repeating: 0)
    /// By segment; -1: none.
    var exactWord = InlineArray<12, Int16>(repeating: -1)
    var nears = InlineArray<32, Near>(repeating: Near())
    var nearCount = 0
    var distanceCount = 0
    var pattern = WordPattern()
    var candidates = Candidates()
  }

  /// The most promising templates, the best first, in a heap-free list.
  private struct Candidates {
    var routes = InlineArray<8, Int>(repeating: 0)
    var costs = InlineArray<8, Int>(repeating: .max)
    var count = 0

    mutating func offer(_ route: Int, _ cost: Int) {
      guard count < NearestOperationIndex.finalists || cost < costs[count - 1] else { return }
      if count < NearestOperationIndex.finalists { count += 1 }
      var place = count - 1
      while place > 0, costs[place - 1] > cost {
        costs[place] = costs[place - 1]
        routes[place] = routes[place - 1]
        place -= 1
      }
      costs[place] = cost
      routes[place] = route
    }
  }

  private func code(of method: Method) -> UInt8 {
    let method = method == .head ? .get : method
    return methods.firstIndex(of: method).map { UInt8(clamping: $0) } ?? .max
  }

  /// Finds the words that are the segment or near it: at most 35 of 100 letters wrong, since half
  /// the letters wrong is another word.
  private func look(_ segment: Int, _ path: inout PathSketch, _ search: inout Search) {
    let length = path.length(of: segment)
    guard length > 0 else { return }
    let set = path.letterSet(of: segment)
    let first = firstOfLength[(length * 65 + 99) / 100]
    let end = firstOfLength[min(length * 100 / 65, PathSketch.wordBytesMax) + 1]
    for index in first..<end {
      let word = words[index]
      if word.length == length, word.letterSet == set, isWord(index, segment, &path) {
        search.exactWord[segment] = Int16(clamping: index)
        search.exact[index >> 6] |= 1 << UInt64(index & 63)
        continue
      }
      let changes = max(length, word.length) * 35 / 100
      // Each change makes or takes at most two kinds of letters.
      guard (word.letterSet ^ set).nonzeroBitCount <= 2 * changes,
        search.distanceCount < Self.distancesMax
      else { continue }
      compare(segment, with: index, changes, &path, &search)
    }
    if search.pattern.count > 0 {
      search.pattern.clear { path.letter($0, of: segment) }
    }
  }

  private func compare(
    _ segment: Int, with index: Int, _ most: Int, _ path: inout PathSketch,
    _ search: inout Search
  ) {
    search.distanceCount += 1
    let (word, length) = (words[index], path.length(of: segment))
    if search.pattern.count == 0 {
      search.pattern.layOut(count: length) { path.letter($0, of: segment) }
    }
    let distance = search.pattern.distance(to: word.length) { letters[word.start + $0] }
    guard distance <= most else { return }
    search.nears[search.nearCount] = Search.Near(
      segment: Int32(clamping: segment), word: Int16(clamping: index),
      cost: Int16(clamping: 10 + 200 * distance / max(length, word.length)))
    search.nearCount += 1
    search.near[index >> 6] |= 1 << UInt64(index & 63)
  }

  /// Compares the letters, of which both have the same count and the same kinds.
  private func isWord(_ index: Int, _ segment: Int, _ path: inout PathSketch) -> Bool {
    let word = words[index]
    for position in 0..<word.length {
      guard letters[word.start + position] == path.letter(position, of: segment) else {
        return false
      }
    }
    return true
  }

  private func common(_ one: WordSet, _ other: WordSet) -> Int {
    var count = 0
    for index in 0..<4 {
      // Nearly always there is none, and without an instruction for it counting takes a dozen.
      let both = one[index] & other[index]
      if both != 0 { count += both.nonzeroBitCount }
    }
    return count
  }

  /// Those with the least estimated distance: what `distance` would say if all that can stand side by
  /// side does.
  private func chooseCandidates(_ count: Int, _ search: inout Search) {
    let (exact, near, method) = (search.exact, search.near, search.method)
    let optionsCode = code(of: .options)
    for index in routes.indices {
      let route = routes[index]
      // What browsers ask beforehand is not what somebody meant.
      if route.method == optionsCode, method != optionsCode { continue }
      let missing = Int(route.length) - count
      let (exactCount, nearCount) = (common(route.words, exact), common(route.words, near))
      let wrong = max(0, Int(route.wordCount) - exactCount - nearCount - max(0, missing))
      let lengths = missing > 0 ? 60 * missing : (route.hasRest ? -20 : -100) * missing
      let cost =
        150 * wrong + 40 * nearCount + lengths + (route.method == method ? 0 : 5)
        - 60 * common(route.tellingWords, exact)
      search.candidates.offer(index, cost)
    }
  }

  /// Edit distance over segments; 100 is one whole segment too many or too few, less where only the
  /// end is missing.
  private func distance(_ segmentCount: Int, _ route: Route, _ search: inout Search) -> Int {
    let count = Int(route.length)
    var row = InlineArray<21, Int>(repeating: 0)
    for column in 0...count { row[column] = column * 100 }
    for segment in 0..<segmentCount {
      var diagonal = row[0]
      row[0] += 100
      for column in 0..<count {
        let code = codes[Int(route.start) + column]
        let replaced = diagonal + cost(segment, code, &search)
        diagonal = row[column + 1]
        let inserted = diagonal + (code == Self.restCode ? 20 : 100)
        row[column + 1] = min(replaced, inserted, row[column] + 100)
      }
    }
    var least = Int.max
    for column in 0...count { least = min(least, row[column] + (count - column) * 60) }
    return least
  }

  private func cost(_ segment: Int, _ code: Int16, _ search: inout Search) -> Int {
    guard code >= 0 else { return code == Self.unknownWordCode ? 150 : 10 }
    if search.exactWord[segment] == code { return 0 }
    guard search.near[Int(code) >> 6] >> UInt64(code & 63) & 1 != 0 else { return 150 }
    for index in 0..<search.nearCount {
      let near = search.nears[index]
      if near.word == code, near.segment == segment { return Int(near.cost) }
    }
    return 150
  }
}

// MARK: Building

extension NearestOperationIndex {
  private struct Builder {
    var sources: [(route: Operation.Route, entry: OperationTable.Entry)] = []
    var words: [Word] = []
    var letters: [UInt8] = []
    private var numbers: [[UInt8]: Int16] = [:]

    /// All literal segments, in lower case, by length.
    mutating func collectWords() {
      let texts = Set(sources.flatMap { $0.route.template.segments.compactMap(Self.letters) })
        .sorted { $0.count == $1.count ? $0.lexicographicallyPrecedes($1) : $0.count < $1.count }
      for text in texts.prefix(NearestOperationLimits.wordsMax) {
        numbers[text] = Int16(clamping: words.count)
        words.append(
          Word(start: letters.count, length: text.count, letterSet: LetterSet.of(text)))
        letters += text
      }
    }

    /// Nil for what is no word that could be found.
    private static func letters(_ segment: PathTemplate.Segment) -> [UInt8]? {
      guard case .literal(let bytes) = segment,
        (1...PathSketch.wordBytesMax).contains(bytes.count)
      else { return nil }
      return bytes.map(\.asciiLowercased)
    }

    func routes() -> ([Route], codes: [Int16], methods: [Method]) {
      var (routes, codes, methods): ([Route], [Int16], [Method]) = ([], [], [])
      for (source, entry) in sources {
        let start = codes.count
        codes += source.template.segments.map(code)
        if !methods.contains(source.method) { methods.append(source.method) }
        let segments = codes[start...]
        let words = segments.filter { $0 >= 0 || $0 == NearestOperationIndex.unknownWordCode }
        let base = ["api", "v1"].map { numbers[Array($0.utf8)] }
        let isBelowBase = words.count > 2 && words.prefix(2).elementsEqual(base) { $0 == $1 }
        routes.append(
          Route(
            words: Self.set(words[...]),
            tellingWords: Self.set(
              isBelowBase ? words.filter { !base.contains($0) }[...] : words[...]),
            wordCount: Int32(clamping: Set(words).count), start: Int32(clamping: start),
            length: Int32(clamping: segments.count),
            hasRest: segments.last == NearestOperationIndex.restCode,
            method: UInt8(clamping: methods.firstIndex(of: source.method) ?? Int(UInt8.max)),
            serviceIndex: Int32(clamping: entry.serviceIndex)))
      }
      return (routes, codes, methods)
    }

    private func code(_ segment: PathTemplate.Segment) -> Int16 {
      switch segment {
      case .literal:
        Self.letters(segment).flatMap { numbers[$0] } ?? NearestOperationIndex.unknownWordCode
      case .parameter: NearestOperationIndex.parameterCode
      case .rest: NearestOperationIndex.restCode
      }
    }

    private static func set(_ words: ArraySlice<Int16>) -> WordSet {
      var set = WordSet(repeating: 0)
      for word in words where word >= 0 { set[Int(word) >> 6] |= 1 << UInt64(word & 63) }
      return set
    }
  }
}

extension PathTemplate {
  /// The template for a field value, which should stay ASCII.
  fileprivate var ascii: String {
    text.utf8.allSatisfy { $0 < 0x80 }
      ? text
      : segments.map { segment in
        switch segment {
        case .literal(let bytes): "/" + String(decoding: bytes, as: UTF8.self)
        case .parameter(let name): "/{\(name)}"
        case .rest(let name): "/{\(name)...}"
        }
      }.joined()
  }
}
