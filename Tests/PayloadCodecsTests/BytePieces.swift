import Foundation

extension [UInt8] {
  init(base64 text: String) { self = Data(base64Encoded: text).map(Array.init) ?? [] }

  /// The bytes in pieces that end at `cuts`.
  func pieces(cutAt cuts: [Int]) -> [[UInt8]] {
    let ends = cuts.filter { $0 > 0 && $0 < count }.sorted() + [count]
    var start = 0
    return ends.map { end in
      defer { start = end }
      return Array(self[start..<end])
    }
  }

  func pieces(of size: Int) -> [[UInt8]] {
    pieces(cutAt: stride(from: size, to: count, by: size).map { $0 })
  }
}
