import EmulatorKernel
import PayloadCodecs

/// One page of a listing.
///
/// The token is opaque to clients: it holds the last serial number that was shown, so pages stay
/// right while records come and go. An unknown token means the first page; the token is absent on
/// the last page (a client's loop would never end otherwise).
///
/// Source: SDK `base/request.py`, `ListRequest`; contract §3.8.
struct Page<Record> {
  let keys: [Key<Record>]
  let nextToken: String?

  /// Fidelity: assumed (contract §8).
  static var sizeByDefault: Int { 50 }
  static var tokenPrefix: String { "after-" }

  /// - Parameter keys: in order of creation.
  init(
    of keys: [Key<Record>], _ arguments: Arguments, where isShown: (Key<Record>) -> Bool
  ) throws(SteamshipError) {
    let size = try arguments.int("pageSize") ?? Self.sizeByDefault
    guard size > 0 else { throw .invalid("The field \"pageSize\" must be above 0, not \(size).") }
    let isAscending = try arguments.choice("sortOrder", SortOrder.self) == .ascending
    let last = try arguments.name("pageToken").flatMap(Self.serial)
    var found: [Key<Record>] = []
    found.reserveCapacity(min(size, keys.count))
    var isComplete = true
    // One key beyond the page tells whether there is another page.
    func take(_ key: Key<Record>) -> Bool {
      guard isShown(key) else { return true }
      guard found.count < size else {
        isComplete = false
        return false
      }
      found.append(key)
      return true
    }
    if isAscending {
      let start = last.map { last in keys.partitioningIndex { $0.serial > last } } ?? 0
      for key in keys[start...] where !take(key) { break }
    } else {
      let end = last.map { last in keys.partitioningIndex { $0.serial >= last } } ?? keys.count
      for key in keys[..<end].reversed() where !take(key) { break }
    }
    self.keys = found
    nextToken = isComplete ? nil : found.last.map { "\(Self.tokenPrefix)\($0.serial)" }
  }

  private static func serial(_ token: String) -> Int? {
    guard token.hasPrefix(tokenPrefix) else { return nil }
    return Int(token.dropFirst(tokenPrefix.count)).flatMap { $0 > 0 ? $0 : nil }
  }

  /// **Shape**: `{NAME: [flat objects], "nextPageToken"?}`.
  /// - Parameter write: writes one of them.
  func reply(_ name: StaticString, _ write: (Key<Record>, inout JSONWriter) -> Void) -> RuleResult {
    RuleResult { json in
      json.object { json in
        json.key(name)
        json.array(keys, count: keys.count, write)
        json.member(ifPresent: "nextPageToken", nextToken)
      }
    }
  }
}

/// Source: SDK `base/request.py`, `SortOrder`.
enum SortOrder: String, CaseIterable {
  case ascending = "ASC"
  case descending = "DESC"
}

extension Array {
  /// The first index whose element belongs to the second part of a sorted array.
  func partitioningIndex(where belongsToSecond: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if belongsToSecond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
