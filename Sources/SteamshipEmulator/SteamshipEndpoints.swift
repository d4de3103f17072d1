package import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension SteamshipService {
  package var endpoints: [Endpoint<SteamshipService>] { SteamshipEndpoints.all }
}

/// Every endpoint of the Engine: one is added by its row and its rule. The order is stable.
/// Source: contract §2; the operations of `base/client.py` and of the modules below `data/`.
enum SteamshipEndpoints {
  typealias Row = Endpoint<SteamshipService>

  static let all = core + dataPlane + plugins + invocation

  /// Tasks keep the names of their operations.
  static let byName: TextMap<Row> = TextMap(
    all.map { ($0.operation.name, $0) }, uniquingKeysWith: { first, _ in first })

  static let prefix = "/api/v1/"

  // MARK: How a row is written down

  /// How an endpoint with a rule answers.
  enum Form: Sendable {
    /// With `data`; with a task when the caller asks for one.
    case data
    /// With a task: done at once (nil), or along a timeline.
    case task(Timeline?, type: String = "internalApi")
  }

  /// An endpoint with a rule: a POST of a JSON object that answers `data` or a task.
  ///
  /// - Parameters:
  ///   - takes: The JSON object that is sent.
  ///   - gives: What stands under `data`.
  ///   - refuses: Statuses besides those that every endpoint has.
  static func rule(
    _ name: String, _ path: String, _ summary: String, _ fidelity: Fidelity = .seenInClient,
    source: String? = nil, needs right: SteamshipRight?, by method: Method = .post,
    touches reach: SteamshipHandler.Reach = .few, _ traits: SteamshipHandler.Traits = [],
    looksAt question: Question? = nil, as form: Form = .data,
    takes content: @autoclosure @escaping @Sendable () -> String? = nil,
    gives data: @autoclosure @escaping @Sendable () -> String, refuses refusals: [Int] = [],
    _ body: @escaping @Sendable (inout SteamshipState, Job, inout Step) throws -> RuleResult
  ) -> Row {
    let rule: Rule = { (state, job, step) throws(SteamshipError) in
      do { return try body(&state, job, &step) } catch { throw SteamshipError(of: error) }
    }
    let work: SteamshipHandler.Work
    switch form {
    case .data: work = .rule(rule)
    case .task(let timeline, let type): work = .task(timeline, type: type, rule)
    }
    let takesUpload = traits.contains(.takesUpload)
    return Endpoint(
      name, [.init(method, prefix + path)], summary, fidelity, source: source, needs: right,
      content: method == .get ? .ignored : takesUpload ? .streamed : .collectedByDefault,
      path: .skippingEmptySegments,
      needsRoom: right == .read || traits.contains(.keepsNothing) ? false : nil,
      description: documentation(content(), data(), form, takesUpload: takesUpload, refusals),
      handler: SteamshipHandler(work: work, traits: traits, reach: reach, question: question))
  }

  /// An endpoint that answers in its own way.
  ///
  /// - Parameters:
  ///   - isPublic: Whether what an id names may be read by everybody: then the id alone finds it.
  ///   - shortcut: An answer that needs no look at the caller, where there is one.
  static func own(
    _ name: String, _ routes: [Operation.Route], _ summary: String,
    _ fidelity: Fidelity = .seenInClient, needs right: SteamshipRight?,
    content: ContentPolicy = .ignored, per resource: String? = nil,
    _ traits: SteamshipHandler.Traits = [],
    isPublic: (@Sendable (SteamshipState, String) -> Bool)? = nil,
    shortcut: (@Sendable (SteamshipService, Call, World<SteamshipState>) -> Response?)? = nil,
    description: @autoclosure @escaping @Sendable () -> OperationDocumentation,
    _ body:
      @escaping @Sendable (SteamshipService, Call, Identity, World<SteamshipState>) throws
      -> ServiceAnswer
  ) -> Row {
    Endpoint(
      name, routes, summary, fidelity, needs: right, content: content, per: resource,
      path: .skippingEmptySegments, isFoundByID: isPublic != nil,
      needsRoom: right == .read || traits.contains(.keepsNothing) ? false : nil,
      description: description(),
      handler: SteamshipHandler(
        work: .own { (service, call, identity, world) throws(SteamshipError) in
          do { return try body(service, call, identity, world) } catch {
            throw SteamshipError(of: error)
          }
        }, traits: traits, shortcut: shortcut, isPublic: isPublic))
  }
}
