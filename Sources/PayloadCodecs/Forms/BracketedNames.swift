/// Nested values flattened into names: `tags[0][value][key]`.
///
/// Source: the Steamship SDK's multipart requests; the notation is that of PHP and Rails.
package enum BracketedNames {
  package enum RebuildError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One name gives a text where another one needs a list or an object.
    case conflict(name: String)
    case tooDeep(name: String, limit: Int)

    package var description: String {
      switch self {
      case .conflict(let name):
        "\"\(name.clippedScalars)\" wants a list or an object where another has a text"
      case .tooDeep(let name, let limit):
        "\"\(name.clippedScalars)\" has more than \(limit) brackets"
      }
    }
  }

  /// Brackets of one name. Default: far above any client's data.
  package static let depthMax = 32

  /// One object from all names. Keys that count 0, 1, 2… make a list (in that order, whatever order
  /// they came in), all others an object; an empty key (`a[]`) takes the next number. All values are
  /// strings: the notation does not tell 3 from "3". Of several values for one plain name the last
  /// one counts.
  package static func rebuild(
    _ pairs: [(name: String, value: String)]
  ) throws(RebuildError) -> JSON {
    if let object = plain(pairs) { return .object(object) }
    let root = Node()
    for (name, value) in pairs { try root.insert(keys(name), value, name: name) }
    return .object(JSONObject(root.members))
  }

  /// The object of a few names that are what they are; nil: some are nested, or there are many.
  private static func plain(_ pairs: [(name: String, value: String)]) -> JSONObject? {
    guard pairs.count <= 16, pairs.allSatisfy({ !$0.name.utf8.contains(UInt8(ascii: "[")) }) else {
      return nil
    }
    var object = JSONObject()
    object.members.reserveCapacity(pairs.count)
    for (name, value) in pairs { object[name] = .string(value) }
    return object
  }

  /// `a[b][c]` is a, b, c. A name whose brackets do not close is taken as it is.
  static func keys(_ name: String) -> [String] {
    let bytes = Array(name.utf8)
    guard let open = bytes.firstIndex(of: UInt8(ascii: "[")), open > 0 else { return [name] }
    var keys = [String(decoding: bytes[..<open], as: UTF8.self)]
    var index = open
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "["),
        let close = bytes[index...].firstIndex(of: UInt8(ascii: "]"))
      else { return [name] }
      keys.append(String(decoding: bytes[index + 1..<close], as: UTF8.self))
      index = close + 1
    }
    return keys
  }

  /// A value under construction.
  private final class Node {
    private var text: String?
    private var order: [String] = []
    private var children: TextMap<Node> = [:]

    func insert(_ keys: [String], _ value: String, name: String) throws(RebuildError) {
      guard keys.count <= depthMax else { throw .tooDeep(name: name, limit: depthMax) }
      var node = self
      for key in keys {
        guard node.text == nil else { throw .conflict(name: name) }
        let key = key.isEmpty && node !== self ? String(node.order.count) : key
        if let child = node.children[key] {
          node = child
        } else {
          let child = Node()
          node.children[key] = child
          node.order.append(key)
          node = child
        }
      }
      guard node.order.isEmpty else { throw .conflict(name: name) }
      node.text = value
    }

    var members: [(key: String, value: JSON)] {
      order.compactMap { key in children[key].map { (key, $0.json) } }
    }

    private var json: JSON {
      if let text { return .string(text) }
      let list = (0..<order.count).compactMap { children[String($0)]?.json }
      return list.count == order.count ? .array(list) : .object(JSONObject(members))
    }
  }
}
