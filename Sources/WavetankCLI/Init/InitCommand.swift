import Glibc
import PayloadCodecs
import Resources
import Scenarios

extension Command {
  static let initProject = Command(
    name: "init",
    summary:
      "Make a scenario, a test and a CI snippet for the client found in a folder; what is there stays as it is.",
    operands: "[DIR]",
    flags: [
      Flag("--client", value: "KIND", "python, node, go, java or shell, instead of what is found."),
      Flag("--ci", value: "KIND", "github, gitlab or none (by the files that are there; github)."),
    ],
    examples: ["wavetank init", "wavetank init ./service --client node --ci gitlab"],
    run: { arguments throws(UsageError) in
      guard arguments.positionals.first?.isEmpty != true else {
        throw UsageError("init was given an empty text for a folder.")
      }
      if arguments.positionals.count > 1 {
        throw UsageError("init works in one folder: “\(arguments.positionals[1])” is one too many.")
      }
      let folder = InitFolder(path: arguments.positionals.first ?? ".")
      guard folder.has(".") else {
        Terminal.complain("\(folder.path) is no folder: make it, or name another.")
        return 1
      }
      let client: InitClient? = try arguments.choice("--client")
      let ci: InitCI =
        try arguments.choice("--ci") ?? (folder.has(".gitlab-ci.yml") ? .gitlab : .github)
      let plans = (client.map { [$0] } ?? InitClient.found(in: folder)).map {
        ($0, $0.plan(folder))
      }
      do {
        for (_, plan) in plans {
          try make(plan.scenario, plan.scenarioText, in: folder)
          try make(plan.test, plan.testText, in: folder)
        }
        if let path = ci.path { try make(path, ci.text(plans), in: folder) }
      } catch {
        Terminal.complain("\(error)")
        return 1
      }
      Terminal.say(
        "\nPut the release's wavetank-….whl or wavetank-….tgz into this folder: it is in no registry."
      )
      for (kind, plan) in plans {
        Terminal.say("\nNext (\(kind.rawValue)):\n  \(plan.needs)\n  \(plan.command)")
      }
      return 0
    })

  /// Says what it did. A name that is taken, by whatever, stays with its owner.
  private static func make(
    _ name: String, _ text: String, in folder: InitFolder
  ) throws(FileError) {
    var directory = folder.path
    for part in name.split(separator: "/").dropLast() {
      directory += "/\(part)"
      // SAFETY: the string lives for the call.
      if unsafe mkdir(directory, 0o777) < 0, errno != EEXIST {
        throw FileError(call: "make", path: directory, code: errno)
      }
    }
    let path = "\(folder.path)/\(name)"
    // SAFETY: the string lives for the call.
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      guard errno == EEXIST else { throw FileError(call: "make", path: path, code: errno) }
      Terminal.say("kept  \(name): it was there already")
      return
    }
    _ = close(file)
    try FileContent.write(Array(text.utf8), to: path)
    Terminal.say("made  \(name)")
  }
}

/// Where the tests run by themselves.
enum InitCI: String, CaseIterable {
  case github, gitlab, none

  var path: String? {
    switch self {
    case .github: ".github/workflows/wavetank.yml"
    case .gitlab: ".gitlab/wavetank.yml"
    case .none: nil
    }
  }

  func text(_ plans: [(InitClient, InitPlan)]) -> String {
    let jobs = plans.map { self == .github ? githubJob($0, $1) : gitlabJob($0, $1) }
    return Resource.filled("init/\(rawValue).yml", [("@JOBS@\n", jobs.joined())])
  }

  private func githubJob(_ client: InitClient, _ plan: InitPlan) -> String {
    """
      \(client.rawValue):
        runs-on: ubuntu-24.04
        steps:
          - uses: actions/checkout@v4
    \(setup(client))      - run: \(plan.needs)
          - run: \(plan.command)

    """
  }

  private func setup(_ client: InitClient) -> String {
    switch client {
    case .python:
      """
            - uses: actions/setup-python@v5
              with: {python-version: "3.11"}

      """
    case .node:
      """
            - uses: actions/setup-node@v4
              with: {node-version: "20"}

      """
    case .go:
      """
            - uses: actions/setup-go@v5
              with: {go-version-file: go.mod}

      """
    case .java, .shell: ""
    }
  }

  private func gitlabJob(_ client: InitClient, _ plan: InitPlan) -> String {
    """
    wavetank-\(client.rawValue):
      image: \(plan.image)
      script:
        - \(plan.needs)
        - \(plan.command)

    """
  }
}
