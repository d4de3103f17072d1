import PayloadCodecs

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Scenario files on disk.
package enum ScenarioFiles {
  /// Files named by `respond.file` may be larger than scenarios.
  private static let byteLimit = 64 << 20

  /// Reads a regular file whole; pipes and devices, which may never end, are refused.
  package static func read(_ path: String) throws(ScenarioFileError) -> [UInt8] {
    let attributes: [FileAttributeKey: Any]
    do {
      let real = URL(filePath: path).resolvingSymlinksInPath().path
      attributes = try FileManager.default.attributesOfItem(atPath: real)
    } catch {
      throw .missing
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw .unreadable("it is no regular file")
    }
    let size = (attributes[.size] as? UInt64) ?? UInt64((attributes[.size] as? Int) ?? 0)
    guard size <= UInt64(byteLimit) else { throw .tooLarge(Int(clamping: size)) }
    do {
      return [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw .unreadable("\(error)".clipped(to: 200))
    }
  }

  /// When a file was last changed, in nanoseconds since 1970, and its size: what tells that a
  /// watched file is another one.
  package static func fingerprint(_ path: String) -> [Int64] {
    let real = URL(filePath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: real) else {
      return []
    }
    let date = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    let size = (attributes[.size] as? UInt64) ?? UInt64((attributes[.size] as? Int) ?? 0)
    return [Int64(clampingDouble: date * 1e9), Int64(clamping: size)]
  }
}

extension Int64 {
  fileprivate init(clampingDouble value: Double) {
    self = Int64(exactly: value.rounded()) ?? 0
  }
}
