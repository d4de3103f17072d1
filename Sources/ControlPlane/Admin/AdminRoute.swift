import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// One row of the control API: how it is found, what it takes and answers, and its handler. A class, since
/// each call hands its row on.
final class AdminRoute: Sendable {
  typealias Handler = @Sendable (AdminCall) throws(Problem) -> Answer

  enum Content: Sendable {
    case none
    /// JSON of ordinary size.
    case small
    /// A scenario.
    case large
  }

  /// `noun.verb`.
  let name: String
  let method: Method
  /// Below `/_wavetank`.
  let path: String
  let summary: String
  let content: Content
  /// Takes no longer the more a tenant holds, the more tenants there are or the larger a document
  /// is, and never waits for the disk. All others are dealt with off the loop, unless `isSmall` says so.
  let isLight: Bool
  /// Whether a call is small work all the same; nil: none is.
  let isSmall: SmallWork.Judge?
  /// Answers anybody: probes of load balancers and containers, bare, and the console's page, which
  /// holds no data. Source: DESIGN §9.
  let isPublic: Bool
  /// Whether a tenant is meant.
  let hasTenant: Bool
  /// What it takes and answers, beside what all rows do. Made when somebody asks.
  let description: @Sendable () -> OperationDocumentation
  let handle: Handler

  init(
    _ name: String, _ method: Method, _ path: String, _ summary: String, content: Content = .none,
    isLight: Bool = false, isSmall: SmallWork.Judge? = nil, isPublic: Bool = false,
    hasTenant: Bool = true,
    description: @autoclosure @escaping @Sendable () -> OperationDocumentation,
    _ handle: @escaping Handler
  ) {
    self.name = name
    self.method = method
    self.path = path
    self.summary = summary
    self.content = content
    self.isLight = isLight
    self.isSmall = isSmall
    self.isPublic = isPublic
    self.hasTenant = hasTenant
    self.description = description
    self.handle = handle
  }

  /// Contents up to this many bytes are dealt with on the loop.
  static let lightBytesMax = 16 << 10

  /// Nil: content is not collected; thrown away, or read by the handler's `later`.
  var contentLimit: Int? {
    switch content {
    case .none: nil
    case .small: 1 << 20
    case .large: 64 << 20
    }
  }

  /// The row as a service's.
  var documented: DocumentedOperation {
    var operation = EmulatorKernel.Operation(
      "wavetank.\(name)", [.init(method, "/_wavetank\(path)")], content: .ignored,
      fidelity: .documented, summary: summary)
    operation.right = isPublic ? nil : ""
    var about = description()
    var statuses = Set(about.refusals)
    if !isPublic { statuses.formUnion([401, 403]) }
    if hasTenant {
      statuses.formUnion([400, 500])
      about.parameters.append(
        .init(.query, "tenant", "string = \"blue\"", "The tenant that is meant."))
    }
    if contentLimit != nil { statuses.insert(413) }
    about.answers += statuses.sorted().map(ControlDocumentation.problem)
    return DocumentedOperation(operation, about)
  }
}
