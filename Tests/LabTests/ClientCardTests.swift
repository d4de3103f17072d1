import Lab
import PayloadCodecs
import Testing

@Suite("The card of a client")
struct ClientCardTests {
  private static let document: JSON = [
    "paths": [
      "/a": [
        "get": [
          "operationId": "s.a", "summary": "A.",
          "parameters": [
            ["name": "limit", "in": "query"], ["name": "page", "in": "query"],
            ["name": "X-Id", "in": "header"],
          ],
          "responses": ["200": [:], "404": [:], "default": [:]],
        ],
        "post": [
          "operationId": "s.create",
          "requestBody": [
            "content": [
              "application/json": ["schema": ["properties": ["name": [:], "tags": [:]]]]
            ]
          ],
          "responses": ["201": [:]],
        ],
      ],
      "/b": ["get": ["operationId": "s.b", "responses": ["200": [:]]]],
    ]
  ]

  private func card(_ exchanges: [LabExchange]) -> ClientCard {
    ClientCard(exchanges, ContractCatalogue([("s", Self.document)]))
  }

  private func kinds(_ card: ClientCard) -> [ClientCard.Remark.Kind] { card.remarks.map(\.kind) }

  @Test("What of the contract was used and what never: operations, parameters, members, statuses")
  func coverage() {
    let card = card([
      Exchanges.made(1, "s.a", target: "/a?limit=3"),
      Exchanges.made(2, "s.create", "POST", status: 201, content: #"{"name": "x"}"#),
    ])
    #expect(card.uses.map(\.operation) == ["s.a", "s.create"])
    #expect(card.uses[0].unusedQuery == ["page"])
    #expect(card.uses[0].unseenStatuses == [404])
    #expect(card.uses[1].unusedMembers == ["tags"])
    #expect(card.unused == ["s.b"])
    #expect(card.remarks.isEmpty)
  }

  @Test("An answer that a fault kept from the client was not seen by it")
  func keptFromTheClient() throws {
    var uses: [LabExchange] = []
    for (number, fault) in ["reset", "empty", "refuse", "truncate"].enumerated() {
      let json: JSON = [
        "number": .integer(number + 1), "operation": "s.a", "method": "GET", "target": "/a",
        "status": 200, "ending": "fault", "fault": .string(fault), "requestBytes": 0,
        "responseBytes": .integer(fault == "truncate" ? 10 : 0),
      ]
      uses.append(try #require(LabExchange(json)))
    }
    #expect(uses.map(\.outcome) == ["reset", "empty", "refuse", "200"])
    let card = card(uses)
    #expect(card.uses.first?.statuses == [200: 1])
    #expect(card.text.contains("1 × 200, 3 × no answer"))
  }

  @Test("What was accepted leniently, and paths of no operation, are remarks, each once")
  func lenient() {
    var first = Exchanges.made(1, "s.a")
    first.remarks = ["The contract wants a name."]
    var second = first
    second.number = 2
    second.responseContent = "other"
    let card = card([first, second, Exchanges.made(3, nil, status: 404, target: "/nope")])
    #expect(kinds(card) == [.lenient, .unknownPath])
    #expect(card.remarks[0].exchanges == [1, 2])
  }

  @Test("What was refused was not accepted; what a rule says of itself is nobody's leniency")
  func refused() {
    var refused = Exchanges.made(1, "s.a", status: 401)
    refused.remarks = ["The scenario refuses this key."]
    var struck = Exchanges.made(2, "s.b", rule: "r")
    struck.remarks = ["rule \"r\": the variable \"a\" is too large and stays as it is"]
    var both = Exchanges.made(3, "s.create", "POST", rule: "r")
    both.remarks = ["The contract wants a name."]
    let connection = Exchanges.made(4, nil, "TLS", status: nil, target: "https://x", rule: "r")
    let card = card([refused, struck, both, connection])
    #expect(kinds(card) == [.lenient])
    #expect(card.remarks.first?.exchanges == [3])
    #expect(card.exchanges == 3)
  }

  @Test("Looking again after the end, and asking again what is known, are remarks; polling is none")
  func misread() {
    func status(_ number: Int, _ state: String) -> LabExchange {
      Exchanges.made(number, "s.task.status", "POST", answer: #"{"status":{"state":"\#(state)"}}"#)
    }
    let polls = card([status(1, "running"), status(2, "running"), status(3, "succeeded")])
    #expect(polls.remarks.isEmpty)
    #expect(polls.polling.map(\.looks) == [3])
    #expect(kinds(card([status(1, "succeeded"), status(2, "succeeded")])) == [.polledAfterEnd])
    func refused(_ number: Int) -> LabExchange {
      Exchanges.made(number, "s.a", status: 404, answer: #"{"status":{"state":"failed"}}"#)
    }
    #expect(card([refused(1), refused(2)]).remarks.isEmpty)
    let again = card([Exchanges.made(1, "s.a"), Exchanges.made(2, "s.a")])
    #expect(kinds(again) == [.askedAgain])
    let changed = card([Exchanges.made(1, "s.a"), Exchanges.made(2, "s.a", answer: "[]")])
    #expect(changed.remarks.isEmpty)
  }

  @Test(
    "What asks the same is counted together: by content, too, of which what is not known fits any",
    arguments: [
      (["a", "b", "a", "b", "a", "b"], [3, 3]), (["a", "b", "a", "", "a", "", "b"], [3, 4]),
      (["", "a", "b", "a"], [4]), (["a", "", "b", "", "", "b"], [4]),
      (["id 123456789", "id 987654321", "id 5", "id 123123123"], [3]),
    ])
  func sameQuestions(_ contents: [String], _ looks: [Int]) {
    let card = card(
      contents.enumerated().map {
        Exchanges.made($0.offset + 1, "s.task.status", "POST", content: $0.element)
      })
    #expect(card.polling.map(\.looks) == looks)
  }

  @Test("The same again after a failure is a retry; before Retry-After it is a remark")
  func retries() {
    var refused = Exchanges.made(1, "s.a", status: 429, at: 1)
    refused.responseFields.append((name: "Retry-After", value: "5"))
    let early = card([refused, Exchanges.made(2, "s.a", at: 2)])
    #expect(early.retries == 1 && kinds(early) == [.ignoredRetryAfter])
    let late = card([refused, Exchanges.made(2, "s.a", at: 7)])
    #expect(late.retries == 1 && late.remarks.isEmpty)
  }

  @Test("A stream that is open at the end is a remark; connections are counted")
  func streams() {
    let card = card([
      Exchanges.made(1, "s.a", ending: "in flight", connection: 1),
      Exchanges.made(2, "s.b", connection: 2),
    ])
    #expect(kinds(card) == [.unclosedStream])
    #expect(card.connections == 2)
  }

  @Test("In each form values are text")
  func forms() throws {
    var exchange = Exchanges.made(1, "s.a")
    exchange.remarks = ["<script>\u{1}"]
    let card = card([exchange])
    #expect(card.html.contains("&lt;script&gt;") && !card.html.contains("<script"))
    #expect(card.junit.contains("failures=\"1\"") && !card.junit.contains("<script"))
    #expect(card.json["remarks"]?[0]?["kind"] == "lenient")
    #expect(card.text.contains("Accepted leniently"))
  }
}
