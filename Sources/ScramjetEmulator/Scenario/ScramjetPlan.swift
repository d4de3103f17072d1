import EmulatorKernel
import PayloadCodecs

/// A scenario's `given.scramjet`, read but not yet built.
///
/// `ScramjetSections.swift` says how it is written. A package is given by the content of its
/// `package.json`, from which an archive is made.
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
    var content = SequencePlan.Content.none
    var space: String?
    var pointer: String
  }

  struct SequencePlan {
    var id: String?
    var alias: String?
    var hub: String?
    enum Content: Sendable {
      /// Only while it is read.
      case none
      case manifest(JSONObject, SequencePackage)
      case archive([UInt8])
    }
    var content = Content.none
    var runtime: SequenceRuntime?
    var pointer: String
  }

  struct TopicPlan {
    var name: String
    var type = "application/x-ndjson"
    var space: String?
    var pointer: String
  }

  struct InstancePlan {
    var sequence: String
    var hub: String?
    var order = StartOrder()
    var pointer: String
  }

  var settings: ScramjetSettings
  var spaces: [String] = []
  var hubs: [HubPlan] = []
  var store: [StorePlan] = []
  var sequences: [SequencePlan] = []
  var topics: [TopicPlan] = []
  var instances: [InstancePlan] = []
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
    if !isConnected {
      state.disconnectHub(serial, reason: nil, by: "not connected in the scenario", &step)
    }
    state.hubs[serial]?.isHealthy = isHealthy
  }
}
