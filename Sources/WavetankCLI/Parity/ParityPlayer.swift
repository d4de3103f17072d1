import HTTPModel
import HTTPTransport
import Lab
import PayloadCodecs
import Wavetank

/// Asks an emulator what a recording's client asked, with the emulator's ids in place of the recorded
/// ones, and compares what it answers.
///
/// What was under way at one time is so again: a reader of a stream is there before what is written to it.
struct ParityPlayer {
  private let client: HTTPClient
  private let place: HTTPClient.Place
  private let tenant: String
  private let file: String
  /// How long an answer that is awaited is asked for.
  private let patience: Duration

  /// How long content may pause before what has come is taken for all of it.
  static let silenceMax = Duration.seconds(5)
  /// Times of files are rounded.
  private static let overlapMin = 0.01
  /// A request that goes on is on its way before the next one begins.
  private static let head = Duration.milliseconds(30)

  init(
    _ client: HTTPClient, _ place: HTTPClient.Place, tenant: String, file: String,
    patience: Duration
  ) {
    (self.client, self.place, self.tenant, self.file) = (client, place, tenant, file)
    self.patience = patience
  }

  /// For recordings: a content's end is not always told.
  static func makeClient() throws -> HTTPClient {
    var configuration = HTTPClient.Configuration()
    configuration.responseTimeout = .seconds(60)
    configuration.contentTimeout = silenceMax
    return try HTTPClient(configuration: configuration)
  }

  private struct Outcome: Sendable {
    var answer: AnswerComparison.Answer?
    var reason = ""
    var looks = 1
  }

  private struct Open {
    var entry: Recording.Entry
    var end: Double
    var task: Task<Outcome, Never>
  }

  func play(_ recording: Recording) async -> [PlayedExchange] {
    var correspondence = Correspondence()
    var played: [PlayedExchange] = []
    var open: [Open] = []
    let superseded = recording.supersededLooks
    let isAnonymous = !recording.hasCredentials
    let earlier = Dictionary(
      recording.entries.compactMap { entry in
        superseded[entry.number].map { ($0, Set([entry.status])) }
      }, uniquingKeysWith: { $0.union($1) })
    let entries = recording.entries.filter { superseded[$0.number] == nil }
    for (index, entry) in entries.enumerated() {
      let isOver = open.map {
        $0.end <= entry.started ?? .infinity || Correspondence.depends(entry, on: $0.entry)
      }
      for (ready, isOver) in zip(open, isOver) where isOver {
        played.append(note(ready.entry, await ready.task.value, &correspondence))
      }
      open = zip(open, isOver).filter { !$1 }.map(\.0)
      correspondence.said(entry)
      var request = Request(entry, correspondence, place, tenant)
      // Who asked was taken out of the file.
      if isAnonymous, entry.status != 401, !Emulator.isLocal(host: entry.host) {
        request.fields.append("Authorization", "Bearer key")
      }
      let end = (entry.started ?? 0) + entry.took
      let next = index + 1 < entries.count ? entries[index + 1].started : nil
      // A clock that stands says nothing of what was under way.
      if let next, let started = entry.started, next > started, next < end - Self.overlapMin {
        let looks = earlier[entry.number]
        open.append(
          Open(entry: entry, end: end, task: Task { await ask(entry, request, looks) }))
        try? await ContinuousClock().sleep(for: Self.head)
        continue
      }
      let outcome = await ask(entry, request, earlier[entry.number])
      played.append(note(entry, outcome, &correspondence))
    }
    for last in open {
      played.append(note(last.entry, await last.task.value, &correspondence))
    }
    return played.sorted { $0.entry.number < $1.entry.number }
  }

  private func note(
    _ entry: Recording.Entry, _ outcome: Outcome, _ correspondence: inout Correspondence
  ) -> PlayedExchange {
    guard let answer = outcome.answer else {
      return .withoutAnswer(file, entry, outcome.reason, correspondence)
    }
    var comparison = AnswerComparison(correspondence)
    comparison.compare(entry, with: answer)
    correspondence = comparison.correspondence
    return PlayedExchange(
      file: file, entry: entry, looks: outcome.looks, answer: answer,
      differences: comparison.differences, correspondence: correspondence)
  }

  // MARK: Asking

  /// Until the answer is as far as the recorded one.
  private func ask(
    _ entry: Recording.Entry, _ request: Request, _ earlier: Set<Int>?
  ) async -> Outcome {
    let clock = ContinuousClock()
    let end = clock.now + patience
    var pause = Duration.milliseconds(10)
    var outcome = await send(request)
    while let answer = outcome.answer, entry.awaitsMore(answer, earlier: earlier),
      clock.now < end
    {
      try? await clock.sleep(for: pause)
      pause = min(pause * 2, .milliseconds(250))
      let looks = outcome.looks + 1
      outcome = await send(request)
      outcome.looks = looks
    }
    return outcome
  }

  private func send(_ request: Request) async -> Outcome {
    do {
      let response = try await client.send(
        Method(request.method), to: place, target: request.target, fields: request.fields,
        body: request.content.isEmpty ? .empty : .bytes(request.content))
      var content: [UInt8] = []
      do {
        while let piece = try await response.content.next() {
          content += piece
          // More than that no recording has.
          if content.count > Self.contentMax { break }
        }
      } catch ContentError.timedOut {
        // What goes on has said all that it had to say.
      }
      response.cancel()
      return Outcome(
        answer: AnswerComparison.Answer(
          status: response.status.code,
          fields: response.fields.pairs.map { ($0.name, request.asRecorded($0.value)) },
          content: String(validating: content, as: UTF8.self).map {
            Array(request.asRecorded($0).utf8)
          } ?? content))
    } catch let error as HTTPClientError {
      return Outcome(reason: Self.sentence(error))
    } catch {
      return Outcome(reason: "the answer ended before its end")
    }
  }

  private static let contentMax = 256 << 20

  private static func sentence(_ error: HTTPClientError) -> String {
    switch error {
    case .timedOut: "no answer in time"
    case .closed: "the connection was closed in place of an answer"
    case .system(let error): "no answer (\(error))"
    default: error.complaint.isEmpty ? "no answer (\(error))" : error.complaint
    }
  }
}

/// What is sent in place of a recorded request.
private struct Request: Sendable {
  var method: String
  var target: String
  var fields = Fields()
  var content: [UInt8]
  /// Addresses in answers are those that were asked, with the tenant in them: what they would be at the
  /// recorded service.
  private let addresses: [(here: String, there: String)]

  /// Of the connection, of a browser's page, or of another emulator.
  private static let dropped: Set<String> = [
    "host", "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding",
    "upgrade", "content-length", "proxy-authorization", "expect", "accept-encoding", "cookie",
    "origin", "referer", "if-none-match", "if-modified-since", "content-encoding",
  ]

  init(
    _ entry: Recording.Entry, _ correspondence: Correspondence, _ place: HTTPClient.Place,
    _ tenant: String
  ) {
    method = entry.method
    let scheme = entry.isSecure ? "https" : "http"
    let isLocal = Emulator.isLocal(host: entry.host)
    addresses = [
      ("/_t/\(tenant)", ""),
      ("http://\(isLocal ? place.authority : entry.authority)", "\(scheme)://\(entry.authority)"),
    ]
    target = correspondence.translated(target: entry.target)
    if !isLocal { fields.append("Host", entry.authority) }
    for (name, value) in entry.requestFields {
      let key = name.asciiLowercased
      guard !Self.dropped.contains(key), !key.hasPrefix("x-wavetank-"), !key.hasPrefix("sec-"),
        name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A })
      else { continue }
      let line = correspondence.translated(value).filter { !$0.isNewline && $0 != "\0" }
      fields.append(name, line)
    }
    fields.append("X-Wavetank-Tenant", tenant)
    content = Self.content(entry, correspondence)
  }

  func asRecorded(_ text: String) -> String {
    addresses.reduce(text) { $0.replacing($1.here, with: $1.there) }
  }

  private static func content(
    _ entry: Recording.Entry, _ correspondence: Correspondence
  ) -> [UInt8] {
    let content = entry.requestContent
    guard !correspondence.isEmpty, !content.isEmpty else { return content }
    if let json = try? JSON(parsing: content) {
      let translated = correspondence.translated(json)
      return translated == json ? content : translated.serialized()
    }
    let type = entry.requestField("content-type")?.asciiLowercased ?? ""
    if type.hasPrefix("application/x-www-form-urlencoded") {
      let pairs = (try? FormURLEncoded.read(content, pairsMax: .max)) ?? []
      return Array(
        FormURLEncoded.write(
          pairs.map { ($0.name, correspondence.translated($0.value)) }
        ).utf8)
    }
    guard let text = String(validating: content, as: UTF8.self) else { return content }
    return Array(correspondence.translated(text).utf8)
  }
}

extension HTTPClient.Place {
  /// As URLs have it.
  fileprivate var authority: String {
    (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
  }
}
