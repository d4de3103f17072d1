import EmulatorKernel
import HTTPModel
import KernelTestKit
import Testing

@Suite struct JournalTests {
  static func entry(_ number: UInt64, target: String = "/x") -> JournalOpening {
    JournalOpening(
      Request(.get, target), target: RequestTarget(target),
      exchange: Exchange(connectionID: 1, sequenceNumber: number, peer: .none), operationIndex: nil,
      arrived: VirtualInstant(seconds: 0), began: .now)
  }

  static func exchange(_ number: UInt64) -> Exchange {
    Exchange(connectionID: 1, sequenceNumber: number, peer: .none)
  }

  static let bounds: [(limit: Int, count: UInt64)] = [
    (1, 10), (2, 3), (63, 64), (64, 64), (64, 65), (100, 1_000), (1_000, 128),
  ]

  @Test("The ring keeps the newest and counts what it dropped (DESIGN §8)", arguments: bounds)
  func count(_ limit: Int, _ count: UInt64) {
    let journal = Journal(limits: JournalLimits(entries: limit))
    for number in 1...count {
      #expect(journal.open(Self.entry(number, target: "/\(number)")) == number)
    }
    let kept = min(UInt64(limit), count)
    #expect(journal.entries.map(\.number) == Array((count - kept + 1)...count))
    #expect(journal.status.total == count)
    #expect(journal.status.dropped == count - kept)
    #expect(journal.status.first == count - kept + 1)
    #expect(journal.entry(count - kept) == nil)
    #expect(journal.entry(count)?.exchange.sequenceNumber == count)
    #expect(journal.entry(count + 1) == nil)
    #expect(journal.entries.allSatisfy { $0.target.text == "/\($0.number)" })
  }

  @Test("An emptied ring takes its places anew, wherever its numbers are", arguments: bounds)
  func emptied(_ limit: Int, _ count: UInt64) {
    let journal = Journal(limits: JournalLimits(entries: limit))
    var last: UInt64 = 0
    func fill() {
      for _ in 0..<count {
        last += 1
        #expect(journal.open(Self.entry(last, target: "/\(last)")) == last)
      }
    }
    for after in [nil, 12_345, nil] as [UInt64?] {
      fill()
      if let after { journal.restart(after: after) } else { journal.clear() }
      last = after ?? last
      #expect(journal.entries.isEmpty && journal.entry(last) == nil)
      fill()
      let kept = min(UInt64(limit), count)
      #expect(journal.entries.map(\.number) == Array((last - kept + 1)...last))
      #expect(journal.entries.allSatisfy { $0.target.text == "/\($0.number)" })
      #expect(journal.last(1, after: 0).entries.map(\.number) == [last])
    }
  }

  @Test("The ring is bounded by bytes, also when entries grow later")
  func bytes() {
    let journal = Journal(
      limits: JournalLimits(entries: 1000, bytes: 10_000, contentPrefix: 100_000))
    for number in 1...100 {
      _ = journal.open(Self.entry(UInt64(number), target: "/" + String(repeating: "a", count: 500)))
    }
    #expect(journal.status.bytes <= 10_000)
    #expect(journal.status.count < 20)
    #expect(journal.status.dropped == 100 - UInt64(journal.status.count))
    // The newest stays whatever its size; the others make room.
    journal.answered(
      100, of: Self.exchange(100),
      Response(.ok, body: .bytes([UInt8](repeating: 0, count: 50_000))))
    #expect(journal.entries.map(\.number) == [100])
    _ = journal.open(Self.entry(101))
    #expect(journal.entries.map(\.number) == [101])
    #expect(journal.status.bytes < 2_000)
  }

  @Test("Short entries drop no more long ones than they need the room of")
  func longAndShort() {
    let journal = Journal(limits: JournalLimits(bytes: 400_000, contentPrefix: 100_000))
    let content = [UInt8](repeating: 0, count: 16_000)
    for number in 1...100 as ClosedRange<UInt64> {
      _ = journal.open(Self.entry(number))
      guard number <= 20 else { continue }
      journal.answered(number, of: Self.exchange(number), Response(.ok, body: .bytes(content)))
    }
    // Eighty short ones take the room of eight long ones at most.
    #expect(journal.status.dropped <= 8)
    #expect(journal.status.bytes <= 400_000)
  }

  @Test("An entry is changed by its own exchange alone")
  func update() {
    let journal = Journal()
    let number = journal.open(Self.entry(1))
    #expect(!journal.answered(number, of: Self.exchange(2), Response(.ok)))
    #expect(journal.entry(number)?.status == nil)
    #expect(journal.answered(number, of: Self.exchange(1), Response(.ok)))
    journal.clear()
    #expect(!journal.answered(number, of: Self.exchange(1), Response(.ok)))
    journal.restart()
    #expect(journal.open(Self.entry(7)) == 1)
    #expect(!journal.answered(1, of: Self.exchange(1), Response(.ok)))
  }

  @Test("Clearing is no loss; numbers go on")
  func clear() {
    let journal = Journal(limits: JournalLimits(entries: 2))
    for number in 1...5 { _ = journal.open(Self.entry(UInt64(number))) }
    journal.clear()
    let status = journal.status
    #expect((status.count, status.bytes) == (0, 0))
    #expect((status.total, status.dropped) == (5, 0))
    #expect(status.first == nil)
    #expect(journal.open(Self.entry(6)) == 6)
    #expect(journal.entries.map(\.number) == [6])
  }

  @Test("A follower gets what ends, bounded; it is told what it missed")
  func follower() async {
    let journal = Journal(limits: JournalLimits(entries: 10))
    let follower = journal.follow()
    for number in 1...1_500 {
      _ = journal.open(Self.entry(UInt64(number)))
      journal.ended(
        UInt64(number), of: Self.exchange(UInt64(number)), at: VirtualInstant(seconds: 0),
        wall: .now,
        ExchangeOutcome(ending: .completed))
      // Ending twice is one event.
      journal.ended(
        UInt64(number), of: Self.exchange(UInt64(number)), at: VirtualInstant(seconds: 0),
        wall: .now,
        ExchangeOutcome(ending: .completed))
    }
    let batch = await follower.next()
    #expect(batch?.entries.count == 1_000)
    #expect(batch?.missed == 500)
    journal.remove(follower)
    #expect(await follower.next() == nil)
    #expect(journal.followerCount == 0)
  }

  @Test("When the tenant is removed a follower gets what there is and the end, a later one the end")
  func followerOfRemoved() async throws {
    let pipeline = try Pipeline(
      services: [SampleService()], configuration: PipelineConfiguration())
    let peer = TestClient(pipeline)
    _ = await peer.send(.get, "/_t/blue/ships")
    let live = try #require(pipeline.tenants.find("blue"))
    let follower = live.journal.follow()
    _ = await peer.send(.get, "/_t/blue/ships")
    #expect(try pipeline.tenants.remove("blue"))
    #expect(await follower.next()?.entries.map(\.number) == [2])
    #expect(await follower.next() == nil)
    #expect(await live.journal.follow().next() == nil)
    #expect(live.journal.followerCount == 0)
  }

  @Test("A follower is told when what it was given is no longer there, and gets nothing of before")
  func anew() async {
    let journal = Journal()
    let follower = journal.follow()
    func happen(_ number: UInt64) {
      _ = journal.open(Self.entry(number))
      journal.ended(
        number, of: Self.exchange(number), at: VirtualInstant(seconds: 0), wall: .now,
        ExchangeOutcome(ending: .completed))
    }
    happen(1)
    happen(2)
    journal.restart()
    happen(1)
    let news = await follower.next()
    #expect(news?.isAnew == true)
    #expect(news?.entries.map(\.number) == [1])
    happen(2)
    let more = await follower.next()
    #expect(more?.isAnew == false)
    #expect(more?.entries.map(\.number) == [2])
    journal.clear()
    #expect(await follower.next()?.isAnew == true)
    journal.remove(follower)
  }

  @Test("How long an answer took to be known is measured while somebody follows, and only then")
  func phases() {
    let journal = Journal()
    var slow = Response(.ok)
    slow.delivery.delay = .milliseconds(5)
    let unseen = journal.open(Self.entry(1))
    journal.answered(unseen, of: Self.exchange(1), slow)
    #expect(journal.entry(unseen)?.answeredAfter == nil)
    let follower = journal.follow()
    let seen = journal.open(Self.entry(2))
    journal.answered(seen, of: Self.exchange(2), slow)
    #expect(journal.entry(seen)?.answeredAfter != nil)
    #expect(journal.entry(seen)?.heldBack == .milliseconds(5))
    journal.remove(follower)
  }

  private static let credentials = CredentialMask(
    SampleService().keyFields + SampleService().secretFields)
  static let masks: [(String, String, String)] = [
    ("Accept", "text/html", "text/html"), ("Authorization", "Bearer abc", "Bearer ***#"),
    ("AUTHORIZATION", "Basic dXNlcjpwYXNz", "Basic ***#"), ("X-Harbor-Key", "k", "***#"),
    ("X-Harbor-Secret", "wt-blue.secret", "wt-blue.***#"), ("X-Pier-Key", "k", "k"),
    ("Authorization", "Bearer wt-blue.secret", "Bearer wt-blue.***#"), ("Cookie", "a=b", "***#"),
    ("Authorization", "", ""), ("Authorization", "Bearer \u{E9}", "Bearer ***#"),
    // An accent makes the space another character, and it ends the scheme all the same.
    ("Authorization", "Bearer \u{301}abc", "Bearer ***#"),
  ]

  @Test("Credentials are masked, and two of them stay apart", arguments: masks)
  func mask(_ name: String, _ value: String, _ prefix: String) {
    let shown = Self.credentials.value(value, ofField: name)
    #expect(shown.hasPrefix(prefix))
    #expect(shown == Self.credentials.value(value, ofField: name))
    if prefix.hasSuffix("#") {
      #expect(shown.count == prefix.count + 4)
      #expect(shown != Self.credentials.value(value + "x", ofField: name))
    }
  }

  private static let secretNames =
    [
      "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token",
    ]
    + (1...40).flatMap { length in
      "abkotxz".map { String(repeating: $0, count: length) }
    }

  @Test("Each name that is listed is known, in whatever case it is written", arguments: secretNames)
  func listed(_ name: String) {
    let mask = CredentialMask(Self.secretNames)
    for spelled in [name, name.uppercased(), name.prefix(1).uppercased() + name.dropFirst()] {
      #expect(mask.value("s3cret", ofField: spelled).hasPrefix("***#"))
      #expect(CredentialMask([name]).value("s3cret", ofField: spelled).hasPrefix("***#"))
      let others = CredentialMask().value("s3cret", ofField: spelled + "-policy")
      #expect(others == "s3cret")
    }
  }

  @Test("Query parameters that carry credentials are masked, others stay as they are")
  func maskedTarget() {
    #expect(Self.credentials.target("/a?x=1&y") == "/a?x=1&y")
    #expect(Self.credentials.target("/a?x=1&api%5Fkey=s3cret&y=2").contains("s3cret") == false)
    #expect(Self.credentials.target("/a?Token=s3cret&y=2").hasSuffix("&y=2"))
    #expect(Self.credentials.target("/a?") == "/a?")
  }

  private static let uuid = "44444444-4444-4444-8444-444444444444"
  static let addresses: [(String, Int?, String)] = [
    ("/\(uuid)/s3cret", nil, "/\(uuid)/***#"), ("/\(uuid)/s3cret/", 1, "/\(uuid)/***#"),
    ("/_t/blue/\(uuid)/s3cret", nil, "/_t/blue/\(uuid)/***#"),
    ("//\(uuid)//s3cret?x=1", nil, "//\(uuid)//***#"),
    ("http://webhooks.example/\(uuid)/s3cret?q", nil, "http://webhooks.example/\(uuid)/***#"),
    ("/not-quite/s3cret", 1, "/not-quite/***#"), ("/a/s3cret/s3cret", 1, "/a/***#"),
    ("http://ada:s3cret@h.example/x", nil, "http://***#"),
    ("/f?operation=Read&signature=s3cret", nil, "/f?operation=Read&signature=***#"),
  ]

  @Test(
    "An address that is its own key is masked, with and without its operation", arguments: addresses
  )
  func maskedAddress(_ target: String, _ segment: Int?, _ prefix: String) {
    let shown = Self.credentials.target(target, firstSecretSegment: segment)
    #expect(shown.hasPrefix(prefix))
    #expect(!shown.contains("s3cret"))
    for field in ["Referer", "Location", "Content-Location"] where segment == nil {
      #expect(!Self.credentials.value(target, ofField: field).contains("s3cret"))
    }
  }

  static let plain: [(String, Int?)] = [
    ("/orgs/\(uuid)/projects", nil), ("/\(uuid)/method/path", .max), ("/\(uuid)", nil), ("*", nil),
    ("/apps/a/b?x=1", nil), ("", nil), ("/_t/blue", nil), ("h.example:443", nil),
  ]

  @Test("Other targets stay as they are", arguments: plain)
  func plainTarget(_ target: String, _ segment: Int?) {
    #expect(Self.credentials.target(target, firstSecretSegment: segment) == target)
  }
}
