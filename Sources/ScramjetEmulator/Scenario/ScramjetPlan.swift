import EmulatorKernel
import PayloadCodecs

/// A scenario's `given.scramjet`, read but not yet built.
///
/// **Shape**: `spaces`, `hubs`, `store`, `sequences`, `topics`, `instances`, `settings`; a package is
/// given by the content of its `package.json` (`package`), from which an archive is made.
struct Plan {
  struct HubPlan {
    var id: String
    var pointer: String
    var space: String?
    var isSelfHosted = false
    var accessKey: String?
    var description: String?
    var tags: [String] = []
    var isHealthy = true
    var isConnected = true
    var isOverloaded = false
    var load: JSON?
    var config: JSON?
  }

  struct StorePlan {
    var file: String
    var manifest: JSONObject
    var space: String?
    var pointer: String
  }

  struct SequencePlan {
    var id: String?
    var alias: String?
    var hub: String?
    var package: SequencePackage
    var pointer: String
  }

  struct TopicPlan {
    var name: String
    var type: String
    var space: String?
    var pointer: String
  }

  struct InstancePlan {
    var sequence: String
    var hub: String?
    var order: StartOrder
    var pointer: String
  }

  var settings: ScramjetSettings
  var spaces: [String]
  var hubs: [HubPlan]
  var store: [StorePlan]
  var sequences: [SequencePlan]
  var topics: [TopicPlan]
  var instances: [InstancePlan]

  init(reading object: ScenarioObject, _ settings: ScramjetSettings) {
    self.settings = settings
    spaces =
      object.array("spaces") { reader -> String? in
        if case .string = reader.value { return reader.nonEmptyString() }
        return reader.object { $0.requiredString("id") }
      } ?? []
    hubs = object.array("hubs", Self.hub) ?? []
    store = object.array("store", Self.storeItem) ?? []
    sequences = object.array("sequences", Self.sequence) ?? []
    topics = object.array("topics", Self.topic) ?? []
    instances = object.array("instances", Self.instance) ?? []
    _ = object.object("settings") { self.read($0) }
  }

  private mutating func read(_ object: ScenarioObject) -> Bool {
    if let value = object.duration("retention") { settings.retention = value }
    if let value = object.duration("lifetimeExtension") { settings.lifetimeExtension = value }
    if let value = object.duration("exitTimeout") { settings.exitTimeout = value }
    if let value = object.string("version") { settings.version = value }
    if let value = object.size("storeLimit") { settings.storeByteLimit = value }
    if let value = object.size("packageLimit") { settings.packageByteLimit = value }
    if let value = object.optional("runtime")?.choice(of: Runtime.self) {
      settings.runtime = value.rawValue
    }
    return true
  }

  enum Runtime: String, CaseIterable { case process, docker, kubernetes }

  private static func hub(_ reader: ScenarioReader) -> HubPlan? {
    if case .string = reader.value {
      return reader.nonEmptyString().map { HubPlan(id: $0, pointer: reader.pointer) }
    }
    return reader.object { object in
      var hub = HubPlan(id: object.requiredString("id"), pointer: reader.pointer)
      hub.space = object.string("space")
      hub.accessKey = object.string("accessKey")
      hub.isSelfHosted = object.bool("selfHosted") ?? (hub.accessKey != nil)
      hub.description = object.string("description")
      hub.tags = object.array("tags") { $0.string() } ?? []
      hub.isHealthy = object.bool("healthy") ?? true
      hub.isConnected = object.bool("connected") ?? true
      hub.isOverloaded = object.bool("overloaded") ?? false
      hub.load = object.json("load")
      hub.config = object.json("config")
      return hub
    }
  }

  private static func manifest(_ object: ScenarioObject) -> JSONObject? {
    guard let reader = object.required("package") else { return nil }
    guard case .object(var manifest) = reader.value else {
      return reader.mismatch("the content of a package.json")
    }
    _ = reader.json()
    if manifest["main"] == nil { manifest["main"] = "index.js" }
    return manifest
  }

  private static func storeItem(_ reader: ScenarioReader) -> StorePlan? {
    reader.object { object in
      let (file, space) = (object.string("file"), object.string("space"))
      guard let manifest = manifest(object), package(manifest, object) != nil else { return nil }
      let name = manifest["name"]?.stringValue ?? "package"
      return StorePlan(
        file: file ?? name + ".tar.gz", manifest: manifest, space: space, pointer: reader.pointer)
    }
  }

  private static func package(_ manifest: JSONObject, _ object: ScenarioObject) -> SequencePackage?
  {
    let size = ScramjetSeed.archive(manifest)?.count ?? 0
    do throws(SequencePackage.Refusal) {
      return try SequencePackage(manifest: manifest, byteCount: size, hasPath: { _ in true })
    } catch {
      object.optional("package")?.problem(error.error.stringValue ?? error.error.text)
      return nil
    }
  }

  private static func sequence(_ reader: ScenarioReader) -> SequencePlan? {
    reader.object { object in
      let (id, alias, hub) = (object.string("id"), object.string("name"), object.string("hub"))
      guard let manifest = manifest(object), let package = package(manifest, object) else {
        return nil
      }
      return SequencePlan(id: id, alias: alias, hub: hub, package: package, pointer: reader.pointer)
    }
  }

  private static func topic(_ reader: ScenarioReader) -> TopicPlan? {
    if case .string = reader.value {
      guard let name = reader.nonEmptyString() else { return nil }
      return TopicPlan(name: name, type: Topic.defaultType, pointer: reader.pointer)
    }
    return reader.object { object in
      let name = object.requiredString("name")
      if !Topic.isName(name) {
        object.optional("name")?.problem("a topic's name has letters, digits, - _ + and \\ only")
      }
      let type = object.string("contentType") ?? Topic.defaultType
      if !Topic.contentTypes.contains(type) {
        let _: Never? = object.optional("contentType")?.unknown(
          "content type", type, of: Topic.contentTypes)
      }
      return TopicPlan(
        name: name, type: type, space: object.string("space"), pointer: reader.pointer)
    }
  }

  private static func instance(_ reader: ScenarioReader) -> InstancePlan? {
    reader.object { object in
      var order = StartOrder()
      order.instanceID = object.string("id")
      order.appConfig = object.json("appConfig")
      order.arguments = object.array("args") { $0.json() }.map(JSON.array)
      order.outputTopic = object.string("outputTopic")
      order.inputTopic = object.string("inputTopic")
      return InstancePlan(
        sequence: object.requiredString("sequence"), hub: object.string("hub"), order: order,
        pointer: reader.pointer)
    }
  }
}

extension Plan.HubPlan {
  func apply(to state: inout ScramjetState, _ serial: HubKey, _ step: inout ScramjetState.Step) {
    state.hubs[serial]?.isSelfHosted = isSelfHosted
    state.hubs[serial]?.accessKey = accessKey
    state.hubs[serial]?.description = description
    state.hubs[serial]?.tags = tags
    state.hubs[serial]?.isOverloaded = isOverloaded
    state.hubs[serial]?.load = load
    state.hubs[serial]?.config = config
    if !isConnected { state.disconnectHub(serial, reason: nil, &step) }
    state.hubs[serial]?.isHealthy = isHealthy
  }
}
