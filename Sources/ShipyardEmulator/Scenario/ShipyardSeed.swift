import EmulatorKernel
import PayloadCodecs

/// The scenario's `given.shipyard`, decoded. Everything wrong is reported in one go.
///
/// `ShipyardSections.swift` says how it is written. A fleet has the members of "Fleets as Code". Ids
/// that are left out are made.
struct ShipyardSeed {
  struct Key {
    var key: String
    var organizations: [String]?
    var projects: [String]?
    var rights: Set<AccessKey.Right>
  }
  struct Fleet {
    var document: FleetDocument
    var webhook: WebhookSeed?
  }
  enum WebhookSeed {
    case made
    case given(Webhook)
  }
  struct Project {
    var id: ResourceID?
    var name = ""
    var timeZone = TimeZoneRules.utc
    var fleets: [Fleet] = []
  }
  struct BlueprintSeed {
    var id: ResourceID?
    var name = ""
    var palletType = Blueprint.PalletType.python
    var inputs: [(name: String, type: Blueprint.Input.InputType)] = []
  }
  struct Organization {
    var id: ResourceID?
    var name = ""
    var createdAt: VirtualInstant?
    var isRunnable = true
    var hasAPIAccess = true
    var hasBilling = false
    var isInDeveloperPlan = false
    var isOverDeveloperPlanLimit = false
    var blueprints: [BlueprintSeed] = []
    var projects: [Project] = []
  }

  var settings = ShipyardSettings()
  var keys: [Key]?
  var organizations: [Organization] = []

  /// The fleet's own members and `webhook` stand side by side.
  static func fleet(_ reader: ScenarioReader) -> Fleet? {
    guard case .object(var members) = reader.value else { return reader.mismatch("a fleet") }
    let webhook = members["webhook"]
    members["webhook"] = nil
    var rest = JSON.object(members)
    // The reader of fleets stops at the first mistake; without that key it goes on to the next.
    for _ in 0..<Self.mistakesToldMax {
      do throws(FleetDocumentError) {
        let document = try FleetDocument(FleetNode(rest))
        return Fleet(document: document, webhook: try webhook.flatMap(Self.webhook))
      } catch {
        var message = error.message
        if let known = error.known, let key = error.path.last {
          message = "unknown key \"\(key)\"\(Nearest.hint(for: key, among: known))"
        }
        reader.adopt(ScenarioProblems([ScenarioProblem(error.pointer, message)]))
        guard error.known != nil, let cut = rest.removing(error.path[...]) else { return nil }
        rest = cut
      }
    }
    return nil
  }

  private static let mistakesToldMax = 20

  private static func webhook(_ json: JSON) throws(FleetDocumentError) -> WebhookSeed? {
    if case .bool(let isWanted) = json { return isWanted ? .made : nil }
    let reader = FleetNodeReader(node: FleetNode(json), path: ["webhook"])
    let object = try reader.object(["id", "token"])
    let token = try object.required("token")
    guard try token.nonEmptyText().utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else {
      throw token.failure("expected letters, digits, - and _")
    }
    return .given(Webhook(id: try object.required("id").id(), token: try token.text()))
  }

  enum BlueprintLanguage: String, CaseIterable {
    case python, bash, node
    var palletType: Blueprint.PalletType {
      switch self {
      case .python: .python
      case .bash: .bash
      case .node: .node
      }
    }
  }

  enum BlueprintInputWord: String, CaseIterable {
    case string, integer, float, boolean, date, select, password, externalFile
    var inputType: Blueprint.Input.InputType {
      switch self {
      case .string: .string
      case .integer: .integer
      case .float: .float
      case .boolean: .boolean
      case .date: .date
      case .select: .select
      case .password: .password
      case .externalFile: .externalFile
      }
    }
  }
}

extension JSON {
  /// Without the member at a place; nil when there is none.
  fileprivate func removing(_ path: ArraySlice<String>) -> JSON? {
    guard let key = path.first else { return nil }
    switch self {
    case .object(var object):
      guard let value = object[key] else { return nil }
      if path.count == 1 {
        object[key] = nil
      } else {
        guard let inner = value.removing(path.dropFirst()) else { return nil }
        object[key] = inner
      }
      return .object(object)
    case .array(var elements):
      guard let index = Int(key), elements.indices.contains(index),
        let inner = elements[index].removing(path.dropFirst())
      else { return nil }
      elements[index] = inner
      return .array(elements)
    default: return nil
    }
  }
}
