import Dispatch
import EmulatorKernel
import HTTPModel
package import HTTPTransport
import PayloadCodecs

/// Plays the clients of the story for one tenant, by HTTP as they do it. Time is the tenant's: stopped,
/// the story stands still; stepped, it goes on.
///
/// **Isolation**: an actor; its requests go out one after the other, so that they come in one order.
package actor DemoPlayer {
  /// Where the server is, and what its control API asks for.
  package struct Place: Sendable {
    var host: String
    var port: UInt16
    var token: String?

    package init(host: String, port: UInt16, token: String? = nil) {
      (self.host, self.port, self.token) = (host, port, token)
    }
  }

  package struct Refusal: Error, CustomStringConvertible {
    package let description: String
  }

  private let client: HTTPClient
  private let place: Place
  private let tenant: String
  private var story: DemoStory
  /// Whether there is traffic after the last chapter, too.
  private let goesOn: Bool
  private var begun: VirtualInstant?
  private var beats = 0
  /// The calls that were refused, which their clients make once more.
  private var refused: [DemoStory.Call] = []
  private(set) var elapsed = Duration.zero
  private(set) var isOver = false

  package init(
    _ place: Place, client: HTTPClient, tenant: String, seed: UInt64, goesOn: Bool
  ) {
    self.client = client
    self.place = place
    self.tenant = tenant
    self.goesOn = goesOn
    story = DemoStory(seed: seed)
  }

  /// Begins now.
  /// - Parameter makesWorld: the tenant begins anew, with the story's world; else it has it already.
  package func begin(makesWorld: Bool) async throws(Refusal) {
    // The scenario that is answered is not looked at.
    if makesWorld { _ = try await control(.put, "scenario?name=\(DemoStory.scenario)") }
    begun = try await now()
  }

  /// Until the story is over, or until the task that does it is cancelled.
  package func run() async {
    let reader = Task { await read() }
    defer { reader.cancel() }
    while !Task.isCancelled, !isOver {
      await play()
      await Self.pause()
    }
  }

  /// So often a running clock is looked at: a beat of the story at twenty times the wall's speed.
  private static let look = DispatchTimeInterval.milliseconds(200)

  private static func pause() async {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().asyncAfter(deadline: .now() + look) { continuation.resume() }
    }
  }

  /// Everything that the clients do up to now. Beats that time has passed are caught up with, so that
  /// the story is the same on a slow machine.
  package func play() async {
    guard !isOver, let begun, let instant = try? await now() else { return }
    elapsed = instant - begun
    // Somebody has set time back: this story is not told any more.
    if elapsed < .zero || (elapsed >= DemoStory.lasts && !goesOn) {
      isOver = true
      return
    }
    while DemoStory.beat * beats <= elapsed, !Task.isCancelled {
      skip()
      beats += 1
      let again = refused
      refused = []
      for call in again { _ = await make(call) }
      for call in story.nextCalls() where await make(call) == 503 { refused.append(call) }
    }
  }

  /// When the story is told, who sets time forward by a year does not wait for all that would have been
  /// done in it: the last of it is as good.
  private func skip() {
    guard DemoStory.beat * beats > DemoStory.lasts else { return }
    beats = max(
      beats, Int(clamping: elapsed.components.seconds) / Self.beatSeconds - Self.recentBeats)
  }

  private static let beatSeconds = Int(DemoStory.beat.components.seconds)
  /// A minute's.
  private static let recentBeats = 12

  package var state: DemoState {
    DemoState(seconds: Double(elapsed / .milliseconds(1)) / 1000, isOver: isOver)
  }

  // MARK: Requests

  private func now() async throws(Refusal) -> VirtualInstant {
    let clock = try await control(.get, "clock")
    guard let text = (try? JSON(parsing: clock))?["now"]?.stringValue,
      let instant = VirtualInstant(iso8601: text)
    else { throw Refusal(description: "the server does not tell its time") }
    return instant
  }

  /// The content of the answer.
  private func control(_ method: Method, _ path: String) async throws(Refusal) -> [UInt8] {
    var fields = Fields(["X-Wavetank-Tenant": tenant])
    if let token = place.token { fields.append("Authorization", "Bearer \(token)") }
    do {
      let response = try await client.send(
        method, host: place.host, port: place.port, target: "/_wavetank/\(path)", fields: fields)
      let bytes = try await response.collect()
      guard (200..<300).contains(response.status.code) else {
        throw Refusal(description: "\(path): \(String(decoding: bytes, as: UTF8.self))")
      }
      return bytes
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw Refusal(description: "\(path): \(error)")
    }
  }

  /// The key is one for all services; each reads its own field.
  private func fields(_ call: DemoStory.Call) -> Fields {
    var fields = Fields([
      "X-Wavetank-Tenant": tenant, "Authorization": "Bearer wt-\(tenant)",
      "X-Shipyard-API-Key": "wt-\(tenant)",
    ])
    if call.isBackground { fields.append("X-Task-Background", "true") }
    if call.content != nil { fields.append("Content-Type", call.contentType) }
    return fields
  }

  /// The status; nil: there was no answer.
  private func make(_ call: DemoStory.Call) async -> Int? {
    let content = call.content.map { HTTPClient.Body.bytes($0.serialized() + [0x0A]) }
    guard
      let response = try? await client.send(
        call.method, host: place.host, port: place.port, target: call.target, fields: fields(call),
        body: content ?? .empty)
    else { return nil }
    _ = try? await response.collect()
    return response.status.code
  }

  /// Reads what the story's instance writes; again where that ends.
  private func read() async {
    while !Task.isCancelled {
      let call = DemoStory.read
      let response = try? await client.send(
        call.method, host: place.host, port: place.port, target: call.target, fields: fields(call))
      if let content = response?.content { while (try? await content.next()) != nil {} }
      await Self.pause()
    }
  }
}

/// How far a story is.
package struct DemoState: Sendable {
  package var seconds: Double
  package var isOver: Bool
}
