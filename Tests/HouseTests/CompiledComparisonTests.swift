#if DEBUG
  import Testing

  #if canImport(FoundationEssentials)
    import FoundationEssentials
  #else
    import Foundation
  #endif
  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  /// Swift compares strings by Unicode's normalisation, the real services by code points. Whether a
  /// file does the former is hard to see in its text (`==` may mean either, the compiler writes some
  /// itself), but what it calls stands in the object file that the compiler made of it.
  @Suite struct CompiledComparisonTests {
    /// Symbols of the standard library, without the `$s` in front (which would make these literals look
    /// like symbols), and what to do instead.
    static let symbols = [
      "SS2eeoiySbSS_SStFZ": "strings are compared normalised: import PayloadCodecs",
      "SS1loiySbSS_SStFZ": "strings are ordered normalised: import PayloadCodecs",
      "SSSHsWP": "a string is a key by its normalisation: use TextMap, TextSet or ExactText",
      "SSSQsWP": "generic code compares strings normalised: see ExactComparison.swift",
      "SSSLsWP": "generic code orders strings normalised: see ExactComparison.swift",
      "SJ2eeoiySbSJ_SJtFZ": "characters are compared: go over unicodeScalars or utf8",
      "SJSQsWP": "generic code compares characters: see CodePoints.swift",
      "SS5countSivg": "characters are counted: import PayloadCodecs",
    ]

    /// Parts of names where a type is a dictionary or a set of strings.
    static let types = ["SDySS", "ShySS"]

    /// It stands in the file of every enumeration with strings as raw values, which are our own words;
    /// there `types` have to do.
    static let symbolOfRawValues = "SSSHsWP"

    /// Modules in which a client's text is compared.
    static let modules = [
      "ControlPlane", "Determinism", "EmulatorKernel", "HTTPModel", "PayloadCodecs", "Scenarios",
      "ScramjetEmulator", "ShipyardEmulator", "SteamshipEmulator", "Wavetank",
    ]

    /// Files that may, each with its reason.
    static let exceptions = [
      "Sources/ControlPlane/OpenAPI/OpenAPIDocument.swift": "paths of our own",
      "Sources/Scenarios/Loading/ScenarioFiles.swift": "Foundation's kinds of files",
      "Sources/HTTPModel/ContentStream.swift": "names of the snapshot's own members",
      "Sources/HTTPModel/Method.swift": "tokens, which are ASCII",
      "Sources/HTTPModel/Responder.swift": "numeric addresses, ASCII",
      "Sources/HTTPModel/RouteTable.swift": "templates of our own; paths are matched by bytes",
      "Sources/PayloadCodecs/Text/ExactText.swift": "asks the library before it compares bytes",
      "Sources/PayloadCodecs/Text/TextMap.swift": "asks whether others would take two keys for one",
    ]

    @Test("No compiled file of kernel, codecs and services compares strings by normalisation")
    func noneCompares() throws {
      var seen = 0
      for file in Repository.sources {
        let parts = file.path.split(separator: "/")
        guard parts.count > 2, Self.modules.contains(String(parts[1])) else { continue }
        let object = Self.object(module: String(parts[1]), file: String(parts[parts.count - 1]))
        // A file that has no code of its own may have no object.
        guard let object else { continue }
        seen += 1
        guard Self.exceptions[file.path] == nil else { continue }
        for (symbol, advice) in Self.symbols where Self.holds(object, symbol) {
          if symbol == Self.symbolOfRawValues, Self.hasRawValues(file) {
            guard Self.types.contains(where: { Self.holds(object, part: $0) }) else { continue }
          }
          Issue.record("\(file.path): \(advice)")
        }
      }
      #expect(seen > 250, "the object files were not found")
    }

    @Test("The symbols are those that this compiler writes")
    func seesItself() throws {
      let object = try #require(
        Self.object(module: "HouseTests", file: "CompiledComparisonTests.swift"))
      let (left, right) = ("a" + String(Self.modules.count), Self.modules[0])
      // One use of each.
      #expect((left == right) == (left < right && left > right))
      #expect(Set([left, right]).count == 2)
      #expect([left, right].sorted().firstIndex(of: left) != nil)
      #expect(left.count > 1 && left.first == "a" && left.first != right.last)
      for symbol in Self.symbols.keys { #expect(Self.holds(object, symbol), "\(symbol)") }
      #expect([left: 1].count == 1)
      for type in Self.types { #expect(Self.holds(object, part: type), "\(type)") }
    }

    @Test("Every exception is needed")
    func exceptionsAreNeeded() throws {
      for path in Self.exceptions.keys {
        let parts = path.split(separator: "/")
        let object = try #require(
          Self.object(module: String(parts[1]), file: String(parts[parts.count - 1])))
        #expect(Self.symbols.keys.contains { Self.holds(object, $0) }, "\(path)")
      }
    }

    /// The object file beside this test's own binary.
    private static func object(module: String, file: String) -> Data? {
      guard
        let binary = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      else { return nil }
      let folder = binary.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")
      return FileManager.default.contents(atPath: "\(folder)/\(module).build/\(file).o")
    }

    private static func hasRawValues(_ file: TextFile) -> Bool {
      String(decoding: file.text.bytes, as: UTF8.self).contains(/enum \w+: *String\b/)
    }

    /// A whole name of the table of symbols.
    private static func holds(_ object: Data, _ symbol: String) -> Bool {
      holds(object, bytes: [0] + Array("$s\(symbol)".utf8) + [0])
    }

    private static func holds(_ object: Data, part: String) -> Bool {
      holds(object, bytes: Array(part.utf8))
    }

    private static func holds(_ object: Data, bytes name: [UInt8]) -> Bool {
      // A byte that is rare in such a file, where there is one.
      let rare = name.firstIndex(of: UInt8(ascii: "$")) ?? 0
      // SAFETY: `memchr` and `memcmp` read within the object's count, during this call.
      return unsafe object.withUnsafeBytes { bytes in
        var start = 0
        while start + name.count <= bytes.count, let base = bytes.baseAddress,
          let place = unsafe memchr(
            base + start + rare, Int32(name[rare]), bytes.count - start - rare)
        {
          let found = unsafe place - UnsafeMutableRawPointer(mutating: base) - rare
          if unsafe found + name.count <= bytes.count && memcmp(base + found, name, name.count) == 0
          {
            return true
          }
          start = found + 1
        }
        return false
      }
    }
  }
#endif
