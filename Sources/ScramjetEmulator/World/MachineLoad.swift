import EmulatorKernel
import PayloadCodecs
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The machine's own load, memory and disk, in the form of a hub's load object.
///
/// Read anew when it is older than a second: the system's own figures change no sooner.
enum MachineLoad {
  private struct Reading: Sendable {
    var text: [UInt8] = []
    var taken: Moment?
  }

  private static let last = Mutex(Reading())

  /// As JSON.
  static var written: [UInt8] {
    last.withLock { last in
      let now = Moment.now
      if let taken = last.taken, now - taken < .seconds(1) { return last.text }
      last = Reading(text: object().serialized(), taken: now)
      return last.text
    }
  }

  /// What a hub takes off the free space for its own safety.
  /// Source: transform-hub, `safeOperationLimit`.
  private static let safeBytes = 512 << 20

  private static func object() -> JSON {
    let loads = content("/proc/loadavg").split(separator: " ").prefix(3).compactMap { Double($0) }
    let memory = memory()
    let disk = disk()
    let available = max(0, disk.free - safeBytes)
    let used = max(0, disk.size - disk.free)
    return [
      "avgLoad": JSON(loads.count > 2 ? loads[2] : 0),
      "currentLoad": JSON(loads.first ?? 0),
      "memFree": .integer(memory.free), "memUsed": .integer(memory.used),
      "fsSize": [
        [
          "fs": "/", "available": .integer(available), "size": .integer(disk.size),
          "used": .integer(used),
          "use": JSON(disk.size > 0 ? Double(used) / Double(disk.size) : 0),
        ]
      ],
    ]
  }

  private static func content(_ path: String) -> String {
    guard let data = FileManager.default.contents(atPath: path) else { return "" }
    return String(decoding: data, as: UTF8.self)
  }

  private static func memory() -> (free: Int, used: Int) {
    var total = 0
    var free = 0
    // Both stand in the first lines of fifty.
    for line in content("/proc/meminfo").split(separator: "\n", maxSplits: 8) {
      let words = line.split(separator: " ")
      guard words.count > 1, let kilobytes = Int(words[1]) else { continue }
      if words[0] == "MemTotal:" { total = kilobytes * 1024 }
      if words[0] == "MemAvailable:" { free = kilobytes * 1024 }
    }
    return (free, max(0, total - free))
  }

  private static func disk() -> (size: Int, free: Int) {
    guard let values = try? FileManager.default.attributesOfFileSystem(forPath: "/") else {
      return (0, 0)
    }
    return (number(values[.systemSize]), number(values[.systemFreeSize]))
  }

  private static func number(_ value: Any?) -> Int {
    if let value = value as? Int { return value }
    if let value = value as? UInt64 { return Int(clamping: value) }
    if let value = value as? Int64 { return Int(clamping: value) }
    return 0
  }
}
