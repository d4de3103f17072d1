import HTTPModel
package import PayloadCodecs

/// One exchange, as `GET /_wavetank/journal?detail=whole` tells it.
package struct LabExchange: Sendable, Equatable {
  package var number: Int
  package var service: String?
  package var operation: String?
  package var method: String
  package var target: String
  /// Nil: no answer went out, be it that a fault took its place.
  package var status: Int?
  package var rules: [String]
  package var remarks: [String]
  package var ending: String
  package var fault: String?
  /// Seconds on the wall, from an instant of the server's own.
  package var began: Double?
  /// Seconds.
  package var duration: Double?
  package var connection: Int?
  /// It came over TLS.
  package var isSecure: Bool
  /// Its content is used as it comes: see `all`.
  package var isStreamed = false
  package var requestBytes: Int
  package var responseBytes: Int
  package var requestFields: [(name: String, value: String)]
  package var responseFields: [(name: String, value: String)]
  /// The first bytes, where they are text.
  package var requestContent: String?
  package var responseContent: String?

  package init?(_ json: JSON) {
    guard let number = json["number"]?.intValue, let method = json["method"]?.stringValue,
      let target = json["target"]?.stringValue
    else { return nil }
    (self.number, self.method, self.target) = (number, method, target)
    service = json["service"]?.stringValue
    operation = json["operation"]?.stringValue
    status = Self.status(json)
    rules = json["rules"]?.arrayValue?.compactMap(\.stringValue) ?? []
    remarks = json["remarks"]?.arrayValue?.compactMap(\.stringValue) ?? []
    ending = json["ending"]?.stringValue ?? ""
    fault = json["fault"]?.stringValue
    began = json["beganMilliseconds"]?.doubleValue.map { $0 / 1000 }
    duration = json["durationMilliseconds"]?.doubleValue.map { $0 / 1000 }
    connection = json["connection"]?.intValue
    isSecure = json["secure"]?.boolValue ?? false
    requestBytes = json["requestBytes"]?.intValue ?? 0
    responseBytes = json["responseBytes"]?.intValue ?? 0
    requestFields = Self.fields(json["request"])
    responseFields = Self.fields(json["response"])
    requestContent = json["request"]?["content"]?.stringValue
    responseContent = json["response"]?["content"]?.stringValue
  }

  /// The status that the client has seen of an exchange of the journal: not that of an answer that a fault
  /// kept from it.
  package static func status(_ json: JSON) -> Int? {
    let hidden = ["reset", "empty", "refuse"]
    let isHidden =
      json["ending"]?.stringValue == "fault" && json["responseBytes"]?.intValue ?? 0 == 0
      && json["fault"]?.stringValue.map(hidden.contains) == true
    return isHidden ? nil : json["status"]?.intValue
  }

  /// What became of it in a word: the status, or the fault in its place.
  package static func outcome(_ json: JSON) -> String {
    status(json).map(String.init) ?? json["fault"]?.stringValue ?? "no answer"
  }

  /// The same of this one.
  package var outcome: String { status.map(String.init) ?? fault ?? "no answer" }

  private static func fields(_ message: JSON?) -> [(name: String, value: String)] {
    (message?["fields"]?.arrayValue ?? []).compactMap { field in
      guard let name = field["name"]?.stringValue, let value = field["value"]?.stringValue else {
        return nil
      }
      return (name, value)
    }
  }

  /// All of a journal, in order of arrival.
  /// - Parameter streamed: the operations whose content is used as it comes.
  package static func all(_ journal: JSON, streamed: Set<String> = []) -> [LabExchange] {
    var exchanges = (journal["entries"]?.arrayValue ?? []).compactMap(LabExchange.init)
      .sorted { $0.number < $1.number }
    guard !streamed.isEmpty else { return exchanges }
    for index in exchanges.indices {
      exchanges[index].isStreamed = exchanges[index].operation.map(streamed.contains) ?? false
    }
    return exchanges
  }

  package static func == (left: LabExchange, right: LabExchange) -> Bool {
    left.number == right.number && left.method == right.method && left.target == right.target
      && left.status == right.status && left.ending == right.ending
  }

  /// The host that it was meant for, without a port; nil where that is an address or loopback's name.
  package var hostName: String? {
    let field = requestFields.first { $0.name.asciiLowercased == "host" }
    guard let host = field?.value.asciiLowercased.utf8.prefix(while: { $0 != UInt8(ascii: ":") }),
      // In numbers, or in brackets.
      host.contains(where: { $0 &- UInt8(ascii: "a") < 26 }), host.first != UInt8(ascii: "["),
      !host.elementsEqual("localhost".utf8)
    else { return nil }
    return String(Substring(host))
  }

  /// It changes nothing, by its method or by its operation's name.
  package var isQuestion: Bool {
    let last = operation?.split(separator: ".").last ?? ""
    return method == "GET" || method == "HEAD"
      || ["get", "list", "status", "query"].contains(last)
  }

  package func responseField(_ name: String) -> String? {
    responseFields.first { $0.name.asciiLowercased == name }?.value
  }

  package var hasJSONAnswer: Bool {
    responseField("content-type")?.asciiLowercased.contains("json") == true && responseBytes > 1
  }

  /// When it was over, in seconds on the wall.
  package var ended: Double? {
    guard let began, let duration else { return nil }
    return began + duration
  }

  /// What is asked for, apart from ids and times.
  struct Question: Hashable {
    var method: String
    var operation: String?
    var target: String
  }

  var question: Question {
    Question(method: method, operation: operation, target: PlainText.of(target))
  }

  /// What is said with it, apart from ids and times; nil: a content that a fault left unread is not known.
  var saying: String? {
    requestContent.flatMap { $0.isEmpty ? nil : PlainText.of($0) }
  }

  /// Whether it asks the same again, apart from ids and times.
  package func asksTheSame(as other: LabExchange) -> Bool {
    guard method == other.method, operation == other.operation, question == other.question
    else { return false }
    guard let saying, let others = other.saying else { return true }
    return saying == others
  }
}
