import Lab
import PayloadCodecs

/// HTTP Archives made up for tests.
enum Recordings {
  /// One entry; what is nil is not in it.
  static func entry(
    _ method: String = "GET", _ url: String = "https://api.example/v1/things", status: JSON = 200,
    sent: String? = nil, type: String = "application/json", answer: String? = "{}",
    fields: [(String, String)] = [], at started: String? = nil, took: JSON = 5,
    more: (inout JSONObject) -> Void = { _ in }
  ) -> JSON {
    var request: JSONObject = [
      "method": .string(method), "url": .string(url), "bodySize": .integer(sent?.utf8.count ?? 0),
      "headers": [["name": "Content-Type", "value": .string(type)]],
    ]
    if let sent { request["postData"] = ["mimeType": .string(type), "text": .string(sent)] }
    var content: JSONObject = [
      "size": .integer(answer?.utf8.count ?? 0), "mimeType": .string(type),
    ]
    if let answer { content["text"] = .string(answer) }
    let lines = [("Content-Type", type)] + fields
    var entry: JSONObject = [
      "request": .object(request), "time": took,
      "response": [
        "status": status, "content": .object(content),
        "headers": .array(lines.map { ["name": .string($0.0), "value": .string($0.1)] }),
      ],
    ]
    if let started { entry["startedDateTime"] = .string(started) }
    more(&entry)
    return .object(entry)
  }

  static func read(_ entries: [JSON]) throws -> Recording {
    let file: JSON = ["log": ["version": "1.2", "entries": .array(entries)]]
    return try Recording(file.serialized(), isServed: { $0 == "api.example" })
  }

  static func one(_ entry: JSON) throws -> Recording.Entry {
    let recording = try read([entry])
    guard let first = recording.entries.first else {
      throw Unread(reason: recording.unusable.first?.reason ?? "")
    }
    return first
  }

  struct Unread: Error {
    var reason: String
  }

  static func answer(
    _ content: String, status: Int = 200, type: String = "application/json",
    fields: [(String, String)] = []
  ) -> AnswerComparison.Answer {
    AnswerComparison.Answer(
      status: status, fields: [("Content-Type", type)] + fields.map { (name: $0.0, value: $0.1) },
      content: Array(content.utf8))
  }
}
