import HTTPModel
package import PayloadCodecs

/// What was said between a client and a service, as an HTTP Archive tells it: whoever wrote that, a
/// browser, a proxy or this program.
package struct Recording: Sendable {
  /// A request with its answer.
  package struct Entry: Sendable {
    /// Its place in the file, from 1.
    package var number = 0
    /// Seconds since 1970; nil where the file has no such time.
    package var started: Double?
    /// Seconds.
    package var took = 0.0
    package var method = ""
    package var isSecure = false
    /// In lower case, without port and brackets.
    package var host = ""
    /// As the URL has it.
    package var authority = ""
    /// Path and query, without a tenant's prefix.
    package var target = ""
    package var requestFields: [(name: String, value: String)] = []
    package var requestContent: [UInt8] = []
    package var status = 0
    package var responseFields: [(name: String, value: String)] = []
    /// Nil: the file does not have it, or not all of it.
    package var responseContent: [UInt8]?
    /// Why not.
    package var contentLack: String?
    /// Why it ended before its end, where it did: what of it came is there.
    package var cut: String?

    package var path: String { String(target.prefix { $0 != "?" }) }
    package var title: String { "\(method) \(target.prefix(200))" }

    package func requestField(_ name: String) -> String? {
      requestFields.last { $0.name.asciiLowercased == name }?.value
    }

    package func responseField(_ name: String) -> String? {
      responseFields.last { $0.name.asciiLowercased == name }?.value
    }

    package var responseJSON: JSON? {
      responseContent.flatMap { $0.isEmpty ? nil : try? JSON(parsing: $0) }
    }

    /// What is asked, to the letter.
    struct Question: Hashable {
      var line: String
      var content: [UInt8]
    }

    var question: Question {
      Question(line: "\(method) \(host) \(target)", content: requestContent)
    }
  }

  /// An entry that nothing can be made of.
  package struct Unusable: Sendable {
    package var number: Int
    package var title: String
    package var reason: String
  }

  package private(set) var entries: [Entry] = []
  package private(set) var unusable: [Unusable] = []

  /// Why a file is no recording, in a sentence without the file's name.
  package struct Problem: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  /// - Parameter isServed: whether a host is one of an emulated API.
  package init(
    _ content: [UInt8], isServed: (_ host: String) -> Bool
  ) throws(Problem) {
    let json: JSON
    do throws(JSONParseError) {
      json = try JSON(parsing: content, weightLimit: 2 << 30)
    } catch {
      let line = content.prefix(error.offset).count { $0 == UInt8(ascii: "\n") } + 1
      throw Problem(description: "is no JSON: \(error) (line \(line))")
    }
    guard let log = json["log"], log.objectValue != nil else {
      throw Problem(description: "is no HTTP Archive: it has no object \"log\"")
    }
    guard let list = log["entries"]?.arrayValue else {
      throw Problem(description: "is no HTTP Archive: \"/log/entries\" is no list")
    }
    for (index, item) in list.enumerated() {
      let number = index + 1
      do throws(EntryReader.Refusal) {
        var reader = try EntryReader(item)
        var entry = try reader.entry(isServed: isServed)
        entry.number = number
        entries.append(entry)
      } catch {
        unusable.append(
          Unusable(number: number, title: EntryReader.title(item), reason: error.reason))
      }
    }
    sortByTime()
  }

  /// Whether requests still show who asked: browsers take that out of what they save.
  package var hasCredentials: Bool {
    entries.contains { entry in
      entry.requestFields.contains { name, _ in
        let name = name.asciiLowercased
        return name == "authorization" || name.hasSuffix("api-key")
      }
    }
  }

  /// In the order in which they began, where all tell it.
  private mutating func sortByTime() {
    guard entries.allSatisfy({ $0.started != nil }) else { return }
    entries = entries.enumerated().sorted { left, right in
      let (first, second) = (left.element.started ?? 0, right.element.started ?? 0)
      return first == second ? left.offset < right.offset : first < second
    }.map(\.element)
  }
}
