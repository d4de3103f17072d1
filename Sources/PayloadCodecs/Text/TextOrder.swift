extension [String] {
  /// The places of its texts in the order of their code points, of equal ones in their own. By merging,
  /// for one type: the library's sort looks the types up at each of its steps where it is called from
  /// generic code.
  @usableFromInline package var placesInOrder: [Int] {
    var places = Array<Int>(indices)
    for start in stride(from: 0, to: count, by: Self.runLength) {
      insert(&places, start..<Swift.min(start + Self.runLength, count))
    }
    var merged = places
    var width = Self.runLength
    while width < count {
      for start in stride(from: 0, to: count, by: 2 * width) {
        let middle = Swift.min(start + width, count)
        merge(places, start..<middle, middle..<Swift.min(middle + width, count), into: &merged)
      }
      swap(&places, &merged)
      width *= 2
    }
    return places
  }

  private static var runLength: Int { 8 }

  /// Puts a few places in order.
  private func insert(_ places: inout [Int], _ run: Range<Int>) {
    for end in run.dropFirst() {
      let place = places[end]
      var index = end
      while index > run.lowerBound, self[place].comesBefore(self[places[index - 1]]) {
        places[index] = places[index - 1]
        index -= 1
      }
      places[index] = place
    }
  }

  private func merge(
    _ places: [Int], _ first: Range<Int>, _ second: Range<Int>, into merged: inout [Int]
  ) {
    var (left, right) = (first.lowerBound, second.lowerBound)
    for index in first.lowerBound..<second.upperBound {
      let takesRight =
        left == first.upperBound
        || right < second.upperBound && self[places[right]].comesBefore(self[places[left]])
      merged[index] = places[takesRight ? right : left]
      if takesRight { right += 1 } else { left += 1 }
    }
  }
}
