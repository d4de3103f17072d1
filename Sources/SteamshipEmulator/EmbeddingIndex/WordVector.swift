import EmulatorKernel
import PayloadCodecs

/// A text as a point in space: how often each of its words occurs, each word's stem hashed to one of
/// `dimensions` axes, at length 1. Texts that share words lie near each other, "cars" near "car".
///
/// Fidelity: assumed: stands in for a model's embedding (contract §8: cosine over a bag of words
/// satisfies the SDK's index tests).
struct WordVector: Codable, Sendable, Equatable {
  static let dimensions = 512

  /// Axes in ascending order, with the lengths along them.
  private(set) var axes: [Int] = []
  private(set) var lengths: [Double] = []

  init(_ text: String) {
    // Once for each word, then once each.
    Canned.forEachWord(of: text) { word, _, _ in
      var hash = StableHash(seed: 0)
      hash.combine(Self.stem(String(word)))
      axes.append(Int(hash.value % UInt64(Self.dimensions)))
    }
    guard !axes.isEmpty else { return }
    axes.sort()
    lengths.reserveCapacity(axes.count)
    for index in axes.indices {
      let axis = axes[index]
      if index > 0, axes[lengths.count - 1] == axis {
        lengths[lengths.count - 1] += 1
      } else {
        axes[lengths.count] = axis
        lengths.append(1)
      }
    }
    axes.removeLast(axes.count - lengths.count)
    let norm = lengths.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for index in lengths.indices { lengths[index] /= norm }
  }

  /// A vector that a model has made, at length 1.
  init(dense vector: [Double]) {
    let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard norm > 0, norm.isFinite else { return }
    axes = Array(vector.indices)
    lengths = vector.map { $0 / norm }
  }

  /// A word in small letters, those of all alphabets, without the ending of its plural.
  static func stem(_ word: String) -> String {
    let word = word.lowercased()
    guard word.utf8.count > 3, word.hasSuffix("s"), !word.hasSuffix("ss") else { return word }
    return word.hasSuffix("ies") ? word.dropLast(3) + "y" : String(word.dropLast())
  }

  /// The cosine of the angle between two vectors: 1 for the same direction, 0 without a common word.
  func cosine(_ other: WordVector) -> Double {
    var sum = 0.0
    var (left, right) = (0, 0)
    while left < axes.count, right < other.axes.count {
      if axes[left] == other.axes[right] {
        sum += lengths[left] * other.lengths[right]
        left += 1
        right += 1
      } else if axes[left] < other.axes[right] {
        left += 1
      } else {
        right += 1
      }
    }
    return min(sum, 1)
  }

  /// All coordinates.
  var dense: [Double] {
    var all = [Double](repeating: 0, count: Self.dimensions)
    for (axis, length) in zip(axes, lengths) { all[axis] = length }
    return all
  }
}
