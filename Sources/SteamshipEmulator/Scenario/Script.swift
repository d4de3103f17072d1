import EmulatorKernel
import PayloadCodecs

/// What the scenario says about this service: what users start with, what packages answer, how work
/// proceeds. Part of the state, so a snapshot carries it.
struct Script: Codable, Sendable {
  /// The user id of what the vendor itself owns.
  var vendorID = ""
  /// Every user starts with these.
  var workspaces: [WorkspaceSeed] = []
  /// What packages answer, by handle.
  var packages: [PackageScript] = []
  /// Plugins besides the built-in ones; what they answer is canned by their type, or a behaviour's.
  var plugins: [PluginSeed] = []
  /// Users that are there from the start.
  var users: [String] = []
  var behaviors: [Behavior] = []
  /// Whether uploaded code runs, where the server runs code; nil: it does.
  var runtime: CodeUse?

  struct WorkspaceSeed: Codable, Sendable {
    var handle: String
    var id: String?
    var instances: [InstanceSeed] = []
    var files: [FileSeed] = []
  }

  struct InstanceSeed: Codable, Sendable {
    var package: String
    var handle: String
    var config = JSONObject()
  }

  struct FileSeed: Codable, Sendable {
    var handle: String
    /// Each becomes a block.
    var blocks: [String] = []
    var tags: [TagSeed] = []
  }

  struct TagSeed: Codable, Sendable {
    var kind: String
    var name: String?
    var value: JSONObject?
  }

  struct PackageScript: Codable, Sendable {
    var handle: String
    var description: String?
    var isPublic = true
    var versions: [VersionSeed] = []
    var methods: [ScriptedMethod] = []
    /// How long an instance stays `initializing`; nil: initialisation is not needed.
    var initDuration: Duration?
    /// Calls are forwarded there instead of being scripted.
    var forward: String?
    /// An archive whose code answers. Goes to the versions at the world's start.
    var code: [UInt8]?
    /// What answers; nil: the methods, and code where there are none.
    var runtime: CodeUse?
  }

  struct PluginSeed: Codable, Sendable {
    var handle: String
    var type: String
    var versions: [VersionSeed]
    /// An archive whose code does its work. Goes to the versions at the world's start.
    var code: [UInt8]?
    var runtime: CodeUse?
  }

  struct VersionSeed: Codable, Sendable {
    var handle: String
    var configTemplate = JSONObject()
  }

  /// How work that matches proceeds, and what it answers.
  struct Behavior: Codable, Sendable {
    var operation: Glob?
    var package: Glob?
    var plugin: Glob?
    var method: Glob?
    var input: InputCondition?
    var timeline: Timeline?
    var answer: ScriptedAnswer?

    func matches(_ work: Work) -> Bool {
      func holds(_ glob: Glob?, _ text: String?) -> Bool {
        guard let glob else { return true }
        return text.map { glob.matches($0) } ?? false
      }
      guard
        holds(operation, work.operation) && holds(package, work.package)
          && holds(plugin, work.plugin) && holds(method, work.method)
      else { return false }
      guard let input else { return true }
      return work.input.map(input.holds) ?? false
    }
  }

  /// What a behaviour is chosen by.
  struct Work: Sendable {
    var operation: String
    var package: String?
    var plugin: String?
    var method: String?
    /// Nil where no behaviour asks for it.
    var input: WorkInput?
  }

  /// Whether some behaviour asks for the input: else nobody need read it.
  var looksAtInput: Bool { behaviors.contains { $0.input != nil } }

  /// The first behaviour that matches and says how work proceeds.
  func timeline(for work: Work) -> Timeline? {
    behaviors.first { $0.timeline != nil && $0.matches(work) }?.timeline
  }

  /// The first behaviour that matches and says what is answered.
  func answer(for work: Work) -> ScriptedAnswer? {
    behaviors.first { $0.answer != nil && $0.matches(work) }?.answer
  }

  /// What the scenario says of a package's or plugin's code.
  func codeUse(of handle: String, _ kind: InvocableKind) -> CodeUse? {
    switch kind {
    case .package: package(handle)?.runtime ?? runtime
    case .plugin: plugins.first { $0.handle == handle }?.runtime ?? runtime
    }
  }

  func package(_ handle: String) -> PackageScript? { packages.first { $0.handle == handle } }
}

/// What answers for a package or plugin that has code.
enum CodeUse: String, Codable, Sendable, CaseIterable {
  case process, scripted
}

/// One method of a scripted package.
struct ScriptedMethod: Codable, Sendable {
  /// Without a leading slash.
  var path: String
  /// `GET` or `POST`.
  var verb = "POST"
  var isPublic = false
  var documentation: String?
  var returns: String?
  var parameters: [Parameter] = []
  /// How long it takes.
  var delay: Duration?
  /// An argument that says how many seconds it takes instead.
  var delayArgument: String?
  var answer: ScriptedAnswer

  struct Parameter: Codable, Sendable {
    var name: String
    var kind = "str"
    /// Nil: the caller must give it.
    var standard: JSON?
  }
}

/// What a scripted method answers. Texts may hold `{{…}}`, see `AnswerValues`.
enum ScriptedAnswer: Codable, Sendable {
  case text(String, type: String)
  case json(JSON)
  case bytes([UInt8], type: String)
  case failure(status: Int, message: String, suggestion: String?, code: String?)
}
