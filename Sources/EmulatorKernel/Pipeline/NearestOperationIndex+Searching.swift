import HTTPModel
import PayloadCodecs

// Searching.
extension NearestOperationIndex {
  func find(_ request: Request) -> NearestOperation? {
    // Both are lent to the steps in their place: they are too large to be copied at each.
    var path = PathSketch(request.target)
    var search = Search(method: code(of: request.method))
    for segment in 0..<path.count { look(segment, &path, &search) }
    chooseCandidates(path.count, &search)
    var best: (cost: Int, index: Int)?
    for index in 0..<search.candidates.count {
      let route = search.candidates.routes[index]
      if let best, leastCost(ofCandidate: index, search) > best.cost { continue }
      let cost =
        distance(path.count, routes[route], &search)
        // A wrong method is a small mistake beside a wrong path.
        + (routes[route].shape.method == search.method ? 0 : 5)
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

  /// What a candidate costs at least: less than its estimate where words are nearer than assumed there,
  /// and where one that is missing is what a rest can make good.
  private func leastCost(ofCandidate index: Int, _ search: borrowing Search) -> Int {
    let shape = routes[search.candidates.routes[index]].shape
    return search.candidates.costs[index] - 40 * search.nearCount
      - (shape.hasRest ? 30 * Int(shape.wordCount) : 0)
  }

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
    /// The segments that have some, a bit for each.
    var segmentsWithNears: UInt16 = 0
    var distanceCount = 0
    var pattern = WordPattern()
    var candidates = Candidates()
    var compared = Compared()
  }

  /// The templates that were compared segment by segment, as the path sees them: all words that it has
  /// not, nor anything like them, are the same to it.
  private struct Compared {
    var codes = InlineArray<160, Int16>(repeating: 0)
    var lengths = InlineArray<8, Int>(repeating: 0)
    var distances = InlineArray<8, Int>(repeating: 0)
    var count = 0
  }

  /// The most promising templates, the best first, in a heap-free list.
  private struct Candidates {
    var routes = InlineArray<8, Int>(repeating: 0)
    var costs = InlineArray<8, Int>(repeating: .max)
    var count = 0

    /// What costs more has no place.
    private(set) var limit = Int.max

    /// - Returns: false for what is no better than those that are there.
    mutating func offer(_ route: Int, _ cost: Int) -> Bool {
      guard count < NearestOperationIndex.finalists || isBefore(route, cost, count - 1) else {
        return false
      }
      if count < NearestOperationIndex.finalists { count += 1 }
      var place = count - 1
      while place > 0, isBefore(route, cost, place - 1) {
        costs[place] = costs[place - 1]
        routes[place] = routes[place - 1]
        place -= 1
      }
      costs[place] = cost
      routes[place] = route
      if count == NearestOperationIndex.finalists { limit = costs[count - 1] }
      return true
    }

    private func isBefore(_ route: Int, _ cost: Int, _ place: Int) -> Bool {
      cost < costs[place] || cost == costs[place] && route < routes[place]
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
    let letterSets = letterSets
    let sets = letterSets.span
    for other in (length * 65 + 99) / 100...min(length * 100 / 65, PathSketch.wordBytesMax) {
      let changes = max(length, other) * 35 / 100
      for index in firstOfLength[other]..<firstOfLength[other + 1] {
        let differing = sets[index] ^ set
        if differing == 0, other == length, isWord(index, segment, &path) {
          search.exactWord[segment] = Int16(clamping: index)
          search.exact[index >> 6] |= 1 << UInt64(index & 63)
          continue
        }
        // Each change makes or takes at most two kinds of letters.
        guard differing.nonzeroBitCount <= 2 * changes, search.distanceCount < Self.distancesMax
        else { continue }
        compare(segment, with: index, changes, &path, &search)
      }
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
    search.segmentsWithNears |= 1 << segment
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

  /// Those with the least estimated distance: what `distance` would say if all that can stand side by
  /// side does.
  private func chooseCandidates(_ count: Int, _ search: inout Search) {
    let optionsCode = code(of: .options)
    // What browsers ask beforehand is not what somebody meant.
    let skipped = search.method == optionsCode ? nil : optionsCode
    var seen = InlineArray<16, UInt64>(repeating: 0)
    for part in 0..<usedParts {
      var rest = (search.exact[part] | search.near[part]) & ~commonSet[part]
      while rest != 0 {
        let word = part << 6 + rest.trailingZeroBitCount
        rest &= rest &- 1
        for place in firstWithWord[word]..<firstWithWord[word + 1] {
          let index = routesWithWord[place]
          guard seen[index >> 6] >> UInt64(index & 63) & 1 == 0 else { continue }
          seen[index >> 6] |= 1 << UInt64(index & 63)
          look(atRoute: index, count, skipped, &search)
        }
      }
    }
    lookAtGroups(count, skipped, but: seen, &search)
  }

  private func look(
    atRoute index: Int, _ count: Int, _ skipped: UInt8?, _ search: inout Search
  ) {
    let route = routes[index]
    guard route.shape.method != skipped else { return }
    let cost = estimate(
      route.shape, count, search.method, exact: common(route.words, search.exact),
      near: common(route.words, search.near), telling: common(route.tellingWords, search.exact))
    if cost <= search.candidates.limit { _ = search.candidates.offer(index, cost) }
  }

  /// Templates of which no word is the path's, but for common ones.
  private func lookAtGroups(
    _ count: Int, _ skipped: UInt8?, but seen: borrowing InlineArray<16, UInt64>,
    _ search: inout Search
  ) {
    var (exact, near): (UInt64, UInt64) = (0, 0)
    for (bit, word) in commonWords.enumerated() {
      exact |= (search.exact[word >> 6] >> UInt64(word & 63) & 1) << UInt64(bit)
      near |= (search.near[word >> 6] >> UInt64(word & 63) & 1) << UInt64(bit)
    }
    let common = (exact: Self.count(exact), near: Self.count(near))
    let isWithoutCommon = exact | near == 0
    // From about the path's length upwards, then downwards: so the best come early. In which order they
    // come changes nothing else.
    let middle = firstShapeOfLength[min(count, PathSketch.segmentsMax)]
    for place in 0..<shapes.count {
      let shape = shapes[place + middle < shapes.count ? place + middle : shapes.count - 1 - place]
      guard shape.shape.method != skipped else { continue }
      // No group of the shape is nearer than one would be that has all common words of the path.
      let least = estimate(
        shape.shape, count, search.method, exact: common.exact + common.near, near: 0,
        telling: common.exact)
      guard least <= search.candidates.limit else { continue }
      for place in shape.first..<shape.end {
        let group = groups[place]
        let cost =
          isWithoutCommon
          ? least
          : estimate(
            group.shape, count, search.method, exact: Self.count(group.words & exact),
            near: Self.count(group.words & near), telling: Self.count(group.tellingWords & exact))
        if cost <= search.candidates.limit { offer(group, at: cost, but: seen, &search) }
      }
    }
  }

  private func offer(
    _ group: Group, at cost: Int, but seen: borrowing InlineArray<16, UInt64>,
    _ search: inout Search
  ) {
    for place in group.first..<group.end {
      let index = members[place]
      if seen[index >> 6] >> UInt64(index & 63) & 1 != 0 { continue }
      // Those behind it are as far, and stand behind it.
      guard search.candidates.offer(index, cost) else { return }
    }
  }

  /// - Parameters:
  ///   - count: how many segments the path has.
  ///   - exact: how many of the template's words the path has; `near` and `telling` are meant alike.
  private func estimate(
    _ shape: Shape, _ count: Int, _ method: UInt8, exact: Int, near: Int, telling: Int
  ) -> Int {
    let missing = Int(shape.length) - count
    let wrong = max(0, Int(shape.wordCount) - exact - near - max(0, missing))
    let lengths = missing > 0 ? 60 * missing : (shape.hasRest ? -20 : -100) * missing
    return 150 * wrong + 40 * near + lengths + (shape.method == method ? 0 : 5) - 60 * telling
  }

  private func common(_ one: WordSet, _ other: WordSet) -> Int {
    var count = 0
    for index in 0..<usedParts { count += Self.count(one[index] & other[index]) }
    return count
  }

  /// Nearly always there is none, and without an instruction for it counting takes a dozen.
  private static func count(_ set: UInt64) -> Int { set == 0 ? 0 : set.nonzeroBitCount }

  /// Edit distance over segments; 100 is one whole segment too many or too few, less where only the
  /// end is missing. Of templates that are alike to the path it is looked for once.
  private func distance(_ segmentCount: Int, _ route: Route, _ search: inout Search) -> Int {
    let count = Int(route.shape.length)
    let place = search.compared.count
    let start = place * Limits.segmentsMax
    for column in 0..<count {
      var code = codes[Int(route.start) + column]
      if code >= 0 {
        let (part, bit) = (Int(code) >> 6, UInt64(code & 63))
        if (search.exact[part] | search.near[part]) >> bit & 1 == 0 { code = Self.unknownWordCode }
      }
      search.compared.codes[start + column] = code
    }
    for other in 0..<place where search.compared.lengths[other] == count {
      let first = other * Limits.segmentsMax
      var column = 0
      while column < count,
        search.compared.codes[first + column] == search.compared.codes[start + column]
      {
        column += 1
      }
      if column == count { return search.compared.distances[other] }
    }
    let distance = distance(segmentCount, to: start..<start + count, &search)
    search.compared.lengths[place] = count
    search.compared.distances[place] = distance
    search.compared.count += 1
    return distance
  }

  /// The same of a template that stands at `place` of the compared ones.
  private func distance(
    _ segmentCount: Int, to place: Range<Int>, _ search: inout Search
  ) -> Int {
    let count = place.count
    var row = InlineArray<21, Int>(repeating: 0)
    for column in 0...count { row[column] = column * 100 }
    // Its words, a bit for each, and where the rest stands, which is the last.
    var words: UInt32 = 0
    for column in 0..<count {
      let code = search.compared.codes[place.lowerBound + column]
      if code >= 0 || code == Self.unknownWordCode { words |= 1 << UInt32(column) }
    }
    let hasRest = count > 0 && search.compared.codes[place.upperBound - 1] == Self.restCode
    for segment in 0..<segmentCount {
      if search.exactWord[segment] < 0, search.segmentsWithNears >> segment & 1 == 0 {
        Self.passStranger(segment, count, words, hasRest, &row)
        continue
      }
      let exact = search.exactWord[segment]
      let hasNears = search.segmentsWithNears >> segment & 1 != 0
      // What stands left above, and left, of the place that is filled in.
      var (diagonal, left) = (segment * 100, (segment + 1) * 100)
      row[0] = left
      for column in 0..<count {
        let code = search.compared.codes[place.lowerBound + column]
        let above = row[column + 1]
        let replaced: Int =
          if code < 0 {
            code == Self.unknownWordCode ? 150 : 10
          } else if code == exact {
            0
          } else {
            hasNears ? nearCost(segment, code, &search) : 150
          }
        // Far from any overflow: at most a dozen segments of 150 each.
        left = min(
          diagonal &+ replaced, min(above &+ (code == Self.restCode ? 20 : 100), left &+ 100))
        diagonal = above
        row[column + 1] = left
      }
    }
    var least = Int.max
    for column in 0...count { least = min(least, row[column] + (count - column) * 60) }
    return least
  }

  /// A row of that table for a segment that is none of the words nor like one.
  private static func passStranger(
    _ segment: Int, _ count: Int, _ words: UInt32, _ hasRest: Bool,
    _ row: inout InlineArray<21, Int>
  ) {
    var (diagonal, left) = (segment * 100, (segment + 1) * 100)
    row[0] = left
    var rest = words
    for column in 0..<count {
      let above = row[column + 1]
      left = min(diagonal &+ 10 &+ 140 &* Int(rest & 1), min(above, left) &+ 100)
      if hasRest, column == count - 1 { left = min(left, above &+ 20) }
      rest >>= 1
      diagonal = above
      row[column + 1] = left
    }
  }

  private func nearCost(_ segment: Int, _ code: Int16, _ search: inout Search) -> Int {
    guard search.near[Int(code) >> 6] >> UInt64(code & 63) & 1 != 0 else { return 150 }
    for index in 0..<search.nearCount {
      let near = search.nears[index]
      if near.word == code, near.segment == segment { return Int(near.cost) }
    }
    return 150
  }
}
