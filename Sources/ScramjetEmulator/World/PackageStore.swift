import EmulatorKernel
import PayloadCodecs

/// The packages of a space, in the order in which their file names came.
struct PackageStore: Sendable {
  private var items = WeighedDictionary<ExactText, StoreItem>()
  /// Their file names.
  private var order = OrderedSet<ExactText>()
  private var fileNamesByID: TextMap<String> = [:]
  /// Of all archives together.
  private(set) var byteCount = 0

  var count: Int { items.count }
  var all: some Swift.Sequence<StoreItem> { order.lazy.compactMap { items[$0] } }
  var fileNames: some Swift.Sequence<ExactText> { order }

  func item(fileName: String) -> StoreItem? { items[fileName] }

  /// By file name, else by id or by file name without `.tar.gz`, whichever came first.
  func item(_ name: String) -> StoreItem? {
    if let item = items[name] { return item }
    let byID = fileNamesByID[name].flatMap { items[$0] }
    guard let longer = items[name + ".tar.gz"] else { return byID }
    guard let byID, position(of: byID) < position(of: longer) else { return longer }
    return byID
  }

  private func position(of item: StoreItem) -> Int {
    order.position(of: ExactText(item.fileName)) ?? .max
  }

  /// One of the same file name is replaced in its place.
  /// - Returns: that one.
  mutating func put(_ item: StoreItem) -> StoreItem? {
    let old = items[item.fileName]
    items[item.fileName] = item
    if let old { forget(old) }
    order.append(ExactText(item.fileName))
    fileNamesByID[item.id] = item.fileName
    byteCount &+= item.package.byteCount
    return old
  }

  mutating func remove(_ item: StoreItem) {
    guard let old = items.removeValue(forKey: item.fileName) else { return }
    order.remove(ExactText(item.fileName))
    forget(old)
  }

  private mutating func forget(_ item: StoreItem) {
    fileNamesByID[item.id] = nil
    byteCount &-= item.package.byteCount
  }
}

extension PackageStore: Weighed {
  var heapBytes: Int { items.heapBytes + order.heapBytes + fileNamesByID.spineBytes }
}

/// A snapshot has them as a list.
extension PackageStore: Codable {
  init(from decoder: any Decoder) throws {
    for item in try [StoreItem](from: decoder) { _ = put(item) }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Array(all))
  }
}
