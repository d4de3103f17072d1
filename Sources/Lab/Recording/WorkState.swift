package import PayloadCodecs

/// What an answer tells of how far some work is: by that a client knows whether to look again.
package struct WorkState: Sendable, Equatable {
  package var word: String
  /// Where it stands, as a JSON Pointer.
  package var place: String

  /// Words for what goes on, in all the forms in which APIs write them.
  private static let underWay: Set<String> = [
    "waiting", "running", "pending", "queued", "initializing", "starting", "started", "stopping",
    "scheduled", "processing", "inprogress", "notstarted", "submitted", "created", "uploading",
    "deploying", "active",
  ]
  private static let over: Set<String> = [
    "succeeded", "success", "failed", "failure", "completed", "complete", "errored", "error",
    "killed", "gone", "cancelled", "canceled", "stopped", "done", "finished", "ready", "incomplete",
    "timedout",
  ]

  private static let places = [
    ["status", "state"], ["status"], ["state"], ["data", "attributes", "status"],
    ["data", "status"], ["data", "state"],
  ]

  private static func plain(_ word: String) -> String {
    word.asciiLowercased.filter { $0.isLetter }
  }

  /// Nil: it tells of none.
  package init?(_ answer: JSON) {
    for path in Self.places {
      var value: JSON? = answer
      for key in path { value = value?[key] }
      guard let word = value?.stringValue else { continue }
      let plain = Self.plain(word)
      guard Self.underWay.contains(plain) || Self.over.contains(plain) else { continue }
      (self.word, place) = (word, "/" + path.joined(separator: "/"))
      return
    }
    return nil
  }

  package var isFinal: Bool { Self.over.contains(Self.plain(word)) }
}

extension Recording.Entry {
  /// Whether it may be asked again without making anything twice.
  private var isQuestion: Bool {
    let last = path.split(separator: "/").last.map { String($0).asciiLowercased } ?? ""
    return method == "GET" || method == "HEAD" || ["status", "get", "list", "query"].contains(last)
  }

  /// Whether an answer is not yet the one that the client had in the end: so it is asked again.
  /// - Parameter earlier: statuses of the client's earlier looks; nil: it asked once.
  package func awaitsMore(_ answer: AnswerComparison.Answer, earlier: Set<Int>?) -> Bool {
    guard isQuestion || earlier != nil else { return false }
    // The client, too, was told to come again in these words.
    if let earlier, status < 300, answer.status != status, earlier.contains(answer.status),
      Recording.comeAgain.contains(answer.status)
    {
      return true
    }
    guard let recorded = responseJSON.flatMap({ WorkState($0) }), recorded.isFinal,
      let found = answer.json.flatMap({ WorkState($0) })
    else { return false }
    return !found.isFinal
  }
}

extension Recording {
  /// Statuses by which a client is told to come again.
  fileprivate static let comeAgain: Set<Int> = [202, 404, 425, 429, 503]

  /// Entries that need not be compared, since the client asked the same again until it got what it was
  /// after: of each such row of looks the last one counts. How many there are depends on time alone.
  /// - Returns: their numbers, each with that of the look that counts.
  package var supersededLooks: [Int: Int] {
    var superseded: [Int: Int] = [:]
    var nexts: [Int: Int] = [:]
    var lasts: [Entry.Question: Int] = [:]
    for (index, entry) in entries.enumerated() {
      if let before = lasts.updateValue(index, forKey: entry.question) { nexts[before] = index }
    }
    for (index, entry) in entries.enumerated() {
      guard let later = nexts[index] else { continue }
      let between = entries[(index + 1)..<later]
      let state = entry.responseJSON.flatMap { WorkState($0) }
      if let state, !state.isFinal, entry.status < 300 {
        superseded[entry.number] = entries[later].number
      } else if Self.comeAgain.contains(entry.status),
        between.allSatisfy({ $0.method == "GET" })
      {
        superseded[entry.number] = entries[later].number
      }
    }
    return superseded
  }
}
