import FoundationEssentials
import Glibc
import PayloadCodecs
import Synchronization

/// What `wavetank sweep` found: a program was run with each of its calls failing in every way.
public struct Sweep: Sendable, CustomStringConvertible {
  /// One run, with one of the program's calls failing in one way.
  public struct Run: Sendable {
    public let id: String
    public let operation: String
    public let fault: String
    /// `coped`, `gaveUp`, `lost`, `duplicated`, `hung` …
    public let kind: String
    public let flaws: [String]
    public let isFinding: Bool
    /// The baseline has it.
    public let isKnown: Bool
    /// Nil: it was ended because its time was up.
    public let exit: Int?
    /// How the world that it left differs from that of a run without faults.
    public let difference: [String]
    /// The command that repeats it.
    public let replay: String

    init(_ run: JSON) {
      id = run["id"]?.stringValue ?? ""
      operation = run["operation"]?.stringValue ?? ""
      fault = run["fault"]?.stringValue ?? ""
      kind = run["class"]?.stringValue ?? ""
      flaws = Sweep.texts(run["flaws"])
      isFinding = run["isFinding"]?.boolValue ?? false
      isKnown = run["isKnown"]?.boolValue ?? false
      exit = run["exit"]?.intValue
      difference = Sweep.texts(run["difference"])
      replay = run["replay"]?.stringValue ?? ""
    }
  }

  /// In the plan's order.
  public let runs: [Run]
  /// What was left out.
  public let notes: [String]

  /// - Parameter report: as `wavetank sweep --json` writes it.
  init(report: [UInt8]) throws {
    let json = try JSON(parsing: report)
    runs = (json["runs"]?.arrayValue ?? []).map(Run.init)
    notes = Self.texts(json["notes"])
  }

  private static func texts(_ json: JSON?) -> [String] {
    (json?.arrayValue ?? []).compactMap(\.stringValue)
  }

  /// What is wrong, and not known by the baseline.
  public var findings: [Run] { runs.filter { $0.isFinding && !$0.isKnown } }
  public var known: [Run] { runs.filter { $0.isFinding && $0.isKnown } }

  /// A line for each finding, and how it is repeated.
  public var description: String {
    var lines = ["\(runs.count) runs, \(findings.count) findings"]
    for run in findings {
      let flaws = run.flaws.isEmpty ? "" : " (\(run.flaws.joined(separator: ", ")))"
      lines.append("\(run.kind)\(flaws)  \(run.id)")
      lines += run.difference.prefix(3).map { "    \($0)" }
      lines.append("    again: \(run.replay)")
    }
    return lines.joined(separator: "\n")
  }

  /// Throws, with all that was found, unless it is nothing.
  public func verify() throws {
    guard findings.isEmpty else { throw WavetankError(status: nil, message: description) }
  }
}

/// What a sweep leaves out, and how it runs: the flags of `wavetank sweep`.
public struct SweepOptions: Sendable {
  /// Only these: `503`, `reset-after` …
  public var faults: [String] = []
  /// Only exchanges of these: `shipyard.*`.
  public var operations: String?
  /// A report as JSON, a file: what it has is known, and no finding.
  public var baseline: String?
  /// Files, or names of shipped ones.
  public var scenarios: [String] = []
  public var clock: String?
  public var seed: UInt64?
  public var jobs: Int?
  public var runsMax: Int?
  /// Such as `10m`.
  public var timeLimit: String?
  /// Any others.
  public var flags: [String] = []
  /// Variables for the program, beside those of this process.
  public var environment: [String: String] = [:]
  /// The program that sweeps; nil: the one that WAVETANK_BINARY names, else the one on the path.
  public var binary: String?
  /// Where it runs; nil: where this process does.
  public var directory: String?

  public init(
    faults: [String] = [], operations: String? = nil, baseline: String? = nil,
    scenarios: [String] = [], clock: String? = nil
  ) {
    (self.faults, self.operations, self.baseline) = (faults, operations, baseline)
    (self.scenarios, self.clock) = (scenarios, clock)
  }

  /// The words between `sweep` and the program's own.
  var words: [String] {
    let values: [(String, String?)] = [
      ("--faults", faults.isEmpty ? nil : faults.joined(separator: ",")),
      ("--operations", operations), ("--baseline", baseline), ("--clock", clock),
      ("--seed", seed.map { "\($0)" }), ("--jobs", self.jobs.map { "\($0)" }),
      ("--max-runs", runsMax.map { "\($0)" }), ("--time-limit", timeLimit),
    ]
    return values.flatMap { name, value in value.map { [name, $0] } ?? [] }
      + scenarios.flatMap { ["--scenario", $0] } + flags
  }
}

/// Sweeps of this process so far: each has a folder of its own.
private let sweepNumber = Atomic<Int>(0)

/// Runs a program with each of its calls failing in every way: `wavetank sweep`. The program finds the
/// emulator by the variables of `wavetank env`.
///
/// ```swift
/// let found = try await sweep(["python3", "nightly.py"], SweepOptions(faults: ["503", "reset-after"]))
/// try found.verify()
/// ```
///
/// - Errors: `WavetankError` where there is nothing to compare with: without any fault the program
///   fails, asks nothing, or is not the same twice.
public func sweep(_ command: [String], _ options: SweepOptions = SweepOptions()) async throws
  -> Sweep
{
  let files = FileManager.default
  let number = sweepNumber.add(1, ordering: .relaxed).newValue
  let folder = files.temporaryDirectory.appending(path: "wavetank-sweep-\(getpid())-\(number)")
  // One that an earlier process of this number has left.
  try? files.removeItem(at: folder)
  try files.createDirectory(at: folder, withIntermediateDirectories: false)
  defer { try? files.removeItem(at: folder) }
  let (report, log) = (folder.appending(path: "report.json"), folder.appending(path: "log.txt"))
  let own = ProcessInfo.processInfo.environment
  let program = options.binary ?? own["WAVETANK_BINARY"] ?? "wavetank"
  let line =
    [program, "sweep", "--quiet", "--json", report.path] + options.words + ["--"] + command
  let outcome = await QuietProgram(
    line: line, environment: own.merging(options.environment) { $1 }, directory: options.directory,
    log: log.path
  ).run()
  guard let content = try? Data(contentsOf: report) else {
    let told = (try? Data(contentsOf: log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    throw WavetankError(
      status: nil,
      message: "the sweep was not done: "
        + (told.isEmpty ? "\(program) \(outcome), and nothing was said" : told))
  }
  return try Sweep(report: Array(content))
}
