import Dispatch
package import EmulatorKernel
import HTTPModel
package import HTTPTransport
import PayloadCodecs
import Synchronization

/// Plays the clients of the story for one tenant, by HTTP as they do it. Time is the tenant's: stopped,
/// the story stands still; stepped, it goes on.
///
/// **Isolation**: an actor; its requests go out one after the other, so that they come in one order.
package actor DemoPlayer {
  /// Where the server is, and whom it has: the tenant's time is no call of the story's clients, so
  /// it is looked up and not asked for.
  package struct Place: Sendable {
    var host: String
    var port: UInt16
    let tenants: TenantRegistry

    package init(host: String, port: UInt16, _ tenants: TenantRegistry) {
      (self.host, self.port, self.tenants) = (host, port, tenants)
    }
  }

  private let client: HTTPClient
  private let place: Place
  private let tenant: String
  private var story: DemoStory
  /// Whether there is traffic after the last chapter, too.
  private let goesOn: Bool
  private let begun: VirtualInstant?
  private var beats = 0
  /// The calls that were refused, which their clients make once more.
  private var refused: [DemoStory.Call] = []
  private let progress = Mutex(DemoState(seconds: 0, isOver: false))
  package nonisolated var state: DemoState { progress.withLock { $0 } }

  /// Begins now, in the world that the tenant has.
  package init(
    _ place: Place, client: HTTPClient, tenant: String, seed: UInt64, goesOn: Bool
  ) {
    self.client = client
    self.place = place
    self.tenant = tenant
    self.goesOn = goesOn
    story = DemoStory(seed: seed)
    begun = place.now(in: tenant)
  }

  /// Until the story is over, or until the task that does it is cancelled.
  ///
  /// The clients come a look after the beginning: so the answer to whoever began it has no need to wait
  /// beside them, and who begins again at once has not played for nothing.
  package func run() async {
    await Self.pause()
    guard !Task.isCancelled else { return }
    let reader = Task { await read() }
    defer { reader.cancel() }
    while !Task.isCancelled, !state.isOver {
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
    guard !state.isOver, let begun, let instant = place.now(in: tenant) else { return }
    let elapsed = instant - begun
    // Somebody has set time back: this story is not told any more.
    let isOver = elapsed < .zero || (elapsed >= DemoStory.lasts && !goesOn)
    progress.withLock {
      $0 = DemoState(seconds: Double(elapsed / .milliseconds(1)) / 1000, isOver: isOver)
    }
    guard !isOver else { return }
    while DemoStory.beat * beats <= elapsed, !Task.isCancelled {
      skip(to: elapsed)
      beats += 1
      let again = refused
      refused = []
      for call in again { _ = await make(call) }
      for call in story.nextCalls() where await make(call) == 503 { refused.append(call) }
    }
  }

  /// When the story is told, who sets time forward by a year does not wait for all that would have been
  /// done in it: the last of it is as good.
  private func skip(to elapsed: Duration) {
    guard DemoStory.beat * beats > DemoStory.lasts else { return }
    beats = max(
      beats, Int(clamping: elapsed.components.seconds) / Self.beatSeconds - Self.recentBeats)
  }

  private static let beatSeconds = Int(DemoStory.beat.components.seconds)
  /// A minute's.
  private static let recentBeats = 12

  // MARK: Requests

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

extension DemoPlayer.Place {
  /// The tenant's time; nil where there is no room for the tenant.
  func now(in tenant: String) -> VirtualInstant? {
    guard let live = try? tenants.use(tenant) else { return nil }
    defer { live.tenant.uses.end() }
    return live.tenant.clock.now
  }
}
