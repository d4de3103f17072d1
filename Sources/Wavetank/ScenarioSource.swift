import EmulatorKernel
import PayloadCodecs
import Synchronization

/// Scenario files without a running emulator: for `check` and `scenarios`, and for other people's
/// tests.
public enum Scenarios {
  /// What is said of scenario files, a line each.
  public struct Findings: Sendable {
    /// What is wrong (`file:line:column: place: what was expected`); empty: the files are good.
    public var problems: [String] = []
    /// What is no error and yet makes no sense: rules that can never strike.
    public var warnings: [String] = []
  }

  /// All that is to be said of the files together, which are read once.
  /// - Parameter names: paths, or names of shipped scenarios; merged in order.
  public static func findings(in names: [String], isStrict: Bool = false) -> Findings {
    let loader = loader(isStrict: isStrict)
    do {
      let scenario = try loader.load(names)
      return Findings(warnings: RuleWarnings(loader.catalog).all(in: scenario))
    } catch {
      return Findings(problems: error.problems.map(\.text))
    }
  }

  /// Why a text could not be served as a scenario; nil: it could.
  /// - Parameter name: stands before its places.
  public static func problem(inText text: [UInt8], name: String) -> String? {
    do {
      _ = try loader(isStrict: false).load([try ScenarioDocument(text, name: name)])
      return nil
    } catch {
      return error.problems.first?.text
    }
  }

  /// The problems alone.
  public static func problems(in names: [String], isStrict: Bool = false) -> [String] {
    findings(in: names, isStrict: isStrict).problems
  }

  /// The shipped scenarios: name and one sentence.
  public static var shipped: [(name: String, summary: String)] {
    ScenarioLibrary.texts.keys.sorted().map { name in
      let scenario = try? loader(isStrict: false).load([name])
      return (name, scenario?.summary ?? "")
    }
  }

  /// The names of the shipped scenarios, sorted.
  public static var names: [String] { ScenarioLibrary.texts.keys.sorted() }

  /// The descriptor that a path means, where it is one that this process was started with: `0` for
  /// `-` and `/dev/stdin`; nil: a file.
  public static func stream(_ path: String) -> String? {
    guard ScenarioFiles.isStream(path) else { return nil }
    let number = path.split(separator: "/").last.map(String.init) ?? path
    return ["-", "stdin"].contains(number) ? "0" : number
  }

  /// Whether a file is a JSON Schema, as it lies beside scenarios for editors.
  public static func isSchema(_ path: String) -> Bool {
    guard ScenarioLibrary.texts[path] == nil, !ScenarioFiles.isStream(path),
      let bytes = try? ScenarioFiles.read(path), let json = try? JSON(parsing: bytes),
      let schema = json["$schema"]?.stringValue
    else { return false }
    return schema.firstRange(of: "json-schema.org/") != nil
  }

  /// The text of a shipped scenario; nil when there is none of that name.
  public static func text(of name: String) -> String? { ScenarioLibrary.texts[name] }

  static func loader(isStrict: Bool) -> ScenarioLoader {
    var configuration = Configuration()
    configuration.isStrict = isStrict
    return loader(for: configuration)
  }

  static func loader(for configuration: Configuration) -> ScenarioLoader {
    ScenarioLoader(
      catalog: ScenarioCatalog(services: Emulator.services(configuration)),
      isStrict: configuration.isStrict,
      library: ScenarioLibrary.texts
    ) { path throws(FileError) in try ScenarioFiles.read(path) }
  }
}

/// Looks at scenario files while the server runs, and takes over good edits.
///
/// Looks twice a second at the time and size of each file: works on every file system, also where an
/// editor puts a new file in the place of the old one.
final class ScenarioWatcher: Sendable {
  private let names: [String]
  private let pipeline: Pipeline
  private let configuration: Configuration
  private let report: @Sendable (Notice) -> Void
  private let state: Mutex<[[Int64]]>
  private let wallTimer = DispatchWallTimer()

  init(_ configuration: Configuration, _ pipeline: Pipeline) {
    self.configuration = configuration
    self.pipeline = pipeline
    report = configuration.onNotice
    names = configuration.scenarios
    state = Mutex(names.map(ScenarioFiles.fingerprint))
  }

  /// Looks once; true when the files were others and a new scenario is in force.
  @discardableResult
  func look() -> Bool {
    let now = names.map(ScenarioFiles.fingerprint)
    let hasChanged = state.withLock { known in
      defer { known = now }
      return known != now
    }
    guard hasChanged else { return false }
    do {
      let scenario = try Scenarios.loader(for: configuration).load(names)
      pipeline.swap(
        scenario, isStrict: configuration.isStrict, seed: configuration.seed,
        clock: configuration.clockMode)
      report(
        Notice(text: "scenario taken over: \(names.joined(separator: ", "))", isProblem: false))
      return true
    } catch {
      report(
        Notice(
          text: "the edited scenario was refused, the old one stays:\n"
            + error.problems.map { "  \($0.text)" }.joined(separator: "\n"), isProblem: true))
      return false
    }
  }

  /// Looks twice a second for as long as the watcher is held.
  func start() {
    wallTimer.start { [weak self] in
      guard let self else { return }
      self.look()
      self.wallTimer.wake(after: .milliseconds(500))
    }
    wallTimer.wake(after: .milliseconds(500))
  }
}
