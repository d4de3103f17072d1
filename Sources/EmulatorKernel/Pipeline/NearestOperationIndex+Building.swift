import HTTPModel
import PayloadCodecs

extension NearestOperationIndex {
  struct Source {
    let route: Operation.Route
    let segments: [PathTemplate.Segment]
    let entry: OperationTable.Entry
  }

  struct Builder {
    var sources: [Source] = []
    var words: [Word] = []
    var letters: [UInt8] = []
    private var numbers: [[UInt8]: Int16] = [:]

    /// All literal segments, in lower case, by length.
    mutating func collectWords() {
      let texts = Set(sources.flatMap { $0.segments.compactMap(Self.letters) })
        .sorted { $0.count == $1.count ? $0.lexicographicallyPrecedes($1) : $0.count < $1.count }
      for text in texts.prefix(NearestOperationLimits.wordsMax) {
        numbers[text] = Int16(clamping: words.count)
        words.append(Word(start: letters.count, length: text.count))
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
      for source in sources {
        let start = codes.count
        codes += source.segments.map(code)
        let method = source.route.method
        if !methods.contains(method) { methods.append(method) }
        let segments = codes[start...]
        let words = segments.filter { $0 >= 0 || $0 == NearestOperationIndex.unknownWordCode }
        let base = ["api", "v1"].map { numbers[Array($0.utf8)] }
        let isBelowBase = words.count > 2 && words.prefix(2).elementsEqual(base) { $0 == $1 }
        routes.append(
          Route(
            shape: Shape(
              wordCount: Int32(clamping: Set(words).count), length: Int32(clamping: segments.count),
              hasRest: segments.last == NearestOperationIndex.restCode,
              method: UInt8(clamping: methods.firstIndex(of: method) ?? Int(UInt8.max))),
            words: Self.set(words[...]),
            tellingWords: Self.set(
              isBelowBase ? words.filter { !base.contains($0) }[...] : words[...]),
            start: Int32(clamping: start), serviceIndex: Int32(clamping: source.entry.serviceIndex))
        )
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

  /// Templates sorted for the search.
  struct RouteGroups {
    private(set) var commonWords: [Int] = []
    private(set) var commonSet = WordSet(repeating: 0)
    private(set) var groups: [Group] = []
    private(set) var members: [Int] = []
    private(set) var shapes: [GroupShape] = []
    private(set) var routesWithWord: [Int] = []
    private(set) var firstWithWord = [0]

    private struct Key: Hashable {
      var shape: Shape
      var words: UInt64
      var tellingWords: UInt64
    }

    init(_ routes: [Route], wordCount: Int) {
      for word in 0..<wordCount {
        let having = routes.indices.filter { Self.has(routes[$0].words, word) }
        if 4 * having.count > routes.count, commonWords.count < UInt64.bitWidth {
          commonWords.append(word)
          commonSet[word >> 6] |= 1 << UInt64(word & 63)
        } else {
          routesWithWord += having
        }
        firstWithWord.append(routesWithWord.count)
      }
      var byKey: [Key: [Int]] = [:]
      for (index, route) in routes.enumerated() {
        let key = Key(
          shape: route.shape, words: common(route.words), tellingWords: common(route.tellingWords))
        byKey[key, default: []].append(index)
      }
      var shapeNumbers: [Shape: Int] = [:]
      // By their shapes, and each shape's in the order of their first templates: a hash table's would be
      // another in each process.
      let inOrder = byKey.sorted { $0.value[0] < $1.value[0] }
      for (key, _) in inOrder where shapeNumbers[key.shape] == nil {
        shapeNumbers[key.shape] = shapeNumbers.count
      }
      func isBefore(_ one: Key, _ other: Key) -> Bool {
        one.shape.length == other.shape.length
          ? (shapeNumbers[one.shape] ?? 0, byKey[one]?[0] ?? 0)
            < (shapeNumbers[other.shape] ?? 0, byKey[other]?[0] ?? 0)
          : one.shape.length < other.shape.length
      }
      for (key, indices) in inOrder.sorted(by: { isBefore($0.key, $1.key) }) {
        if shapes.last?.shape != key.shape {
          shapes.append(GroupShape(shape: key.shape, first: groups.count, end: groups.count))
        }
        shapes[shapes.count - 1].end += 1
        groups.append(
          Group(
            shape: key.shape, words: key.words, tellingWords: key.tellingWords,
            first: members.count, end: members.count + indices.count))
        members += indices
      }
    }

    private static func has(_ set: WordSet, _ word: Int) -> Bool {
      set[word >> 6] >> UInt64(word & 63) & 1 != 0
    }

    private func common(_ set: WordSet) -> UInt64 {
      commonWords.enumerated().reduce(0) { bits, one in
        Self.has(set, one.element) ? bits | 1 << UInt64(one.offset) : bits
      }
    }
  }
}

extension PathTemplate {
  /// The template for a field value, which should stay ASCII.
  var ascii: String {
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
