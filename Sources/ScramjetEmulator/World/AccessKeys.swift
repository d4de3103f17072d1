import EmulatorKernel
import PayloadCodecs

/// The access keys of a space, in the order in which they were made, with what they weigh: a space is
/// weighed at each change of anything in it.
struct AccessKeys: Sendable {
  struct AccessKey: Codable, Sendable {
    var key: String
    var description: String
    var created: VirtualInstant
  }

  private(set) var all: [AccessKey] = []
  private var textBytes = 0

  var count: Int { all.count }

  func contains(_ key: String) -> Bool { all.contains { $0.key == key } }

  mutating func append(_ key: AccessKey) {
    all.append(key)
    textBytes += key.heapBytes
  }

  mutating func remove(_ key: String) {
    all.removeAll { $0.key == key }
    textBytes = all.reduce(0) { $0 + $1.heapBytes }
  }
}

extension AccessKeys: Weighed {
  var heapBytes: Int { all.spineBytes + textBytes }
}

extension AccessKeys.AccessKey: Weighed {
  var heapBytes: Int { key.heapBytes + description.heapBytes }
}

/// A snapshot has them as a list.
extension AccessKeys: Codable {
  init(from decoder: any Decoder) throws {
    for key in try [AccessKey](from: decoder) { append(key) }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(all)
  }
}
