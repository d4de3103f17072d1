import EmulatorKernel
import HTTPModel

/// A row of the service's table.
typealias Row = Endpoint<ScramjetService>

/// What the service itself knows of an endpoint, and what answers it.
package struct ScramjetHandler: Sendable {
  /// A multi-manager's paths are those of the default hub, and it is there whichever hubs there are.
  enum Level: Sendable { case platform, manager, space, hub, instance }

  let level: Level
  let form: RequestForm
  /// What the hub's audit calls it; nil for what is not audited.
  /// Source: transform-hub, `packages/symbols` (`OpRecordCode`): 10,000 for sequences, 11,000 for
  /// instances, 12,000 for topics; 100 for POST, 200 for GET, 300 for PUT, 400 for DELETE; and what the
  /// path names last.
  let auditCode: Int?
  /// Whether it lists or removes whatever there is.
  let reachesMuch: Bool
  let answer: @Sendable (Scope) throws(ScramjetError) -> ServiceAnswer
}

/// What an endpoint's fidelity rests on.
enum Evidence {
  /// One of the flows of `Tests/Conformance/scramjet/parity`, which the published hub 1.0.1 was sent.
  case recorded(String)
  case documented, seenInClient, assumed

  static let sources: KeyValuePairs<Fidelity, String> = [
    .documented: "the API reference of the Scramjet Cloud Platform",
    .seenInClient: "transform-hub 1.0.1, the Python client 1.1.1, the JavaScript clients or `si`",
    .assumed: "no source",
  ]

  fileprivate var fidelity: Fidelity {
    switch self {
    case .recorded: .recorded
    case .documented: .documented
    case .seenInClient: .seenInClient
    case .assumed: .assumed
    }
  }

  fileprivate var source: String? {
    guard case .recorded(let flow) = self else { return nil }
    return "the published hub 1.0.1, recording \(flow)"
  }
}

extension Endpoint<ScramjetService> {
  /// Every operation of the service, by level. Their order is their index: add at the end of a part
  /// only when no snapshot or journal has to be read again.
  static let all: [Row] = platform + space + store + hub + topics + sequences + instances

  /// - Parameters:
  ///   - name: Without the service's.
  ///   - routes: Below each of the level's bases.
  ///   - content: Where the form does not say it already.
  ///   - resource: Of an instance's endpoints it is the instance.
  convenience init(
    _ name: String, _ level: ScramjetHandler.Level, _ routes: [Operation.Route], _ summary: String,
    _ evidence: Evidence, _ form: RequestForm, content: ContentPolicy = .ignored,
    per resource: String? = nil, isClaimed: Bool = false, audit auditCode: Int? = nil,
    reachesMuch: Bool = false, needsRoom: Bool? = nil,
    _ description: @autoclosure @escaping @Sendable () -> OperationDocumentation,
    _ answer: @escaping @Sendable (Scope) throws(ScramjetError) -> ServiceAnswer
  ) {
    self.init(
      "scramjet." + name,
      level.bases.flatMap { base in
        routes.map { Operation.Route($0.method, base + $0.template.text) }
      },
      summary, evidence.fidelity, source: evidence.source,
      needs: level == .platform || level == .space ? .any : nil, content: form.content ?? content,
      per: level == .instance ? "id" : resource, path: .lenient, isClaimed: isClaimed,
      needsRoom: needsRoom, description: description(),
      handler: ScramjetHandler(
        level: level, form: form, auditCode: auditCode, reachesMuch: reachesMuch, answer: answer))
  }
}

extension ScramjetHandler.Level {
  /// Where a space is reached: through the platform, through a multi-manager, from the default hub,
  /// from any hub.
  private static let spaceBases = [
    "/api/v1/space/{space}/api/v1", "/api/v1/cpm/{space}/api/v1", "/api/v1/cpm/api/v1",
    "/api/v1/space/{space}/api/v1/sth/{via}/api/v1/cpm/api/v1",
  ]
  /// Where a hub is reached: alone, or through its space.
  private static let hubBases = [
    "/api/v1", "/api/v1/space/{space}/api/v1/sth/{hub}/api/v1",
    "/api/v1/cpm/{space}/api/v1/sth/{hub}/api/v1",
  ]

  var bases: [String] {
    switch self {
    case .platform: ["/api/v1"]
    case .space: Self.spaceBases
    case .manager, .hub, .instance: Self.hubBases
    }
  }

  var isOfHub: Bool { self == .manager || self == .hub || self == .instance }
}
