import PayloadCodecs
import Wavetank

/// What clients are written in, and the vendors' packages that they have.
struct ProgramChecks {
  /// Given by flags; nil: looked for.
  let python: String?
  let node: String?

  private static let patience = Duration.seconds(10)

  func all() async -> [Finding] {
    async let python = pythonChecks()
    async let node = nodeChecks()
    async let go = versionCheck("go", ["version"])
    async let java = versionCheck("java", ["--version"])
    return await python + node + [go, java]
  }

  // MARK: Python

  private static let script = """
    import sys
    from importlib import metadata
    print(sys.version.split()[0])
    for name in sys.argv[1:]:
        try:
            print(name, metadata.version(name))
        except metadata.PackageNotFoundError:
            pass
    """

  private func pythonChecks() async -> [Finding] {
    let known = Emulator.clientPackages
    let command = [python ?? "python3", "-c", Self.script] + known.map(\.name)
    guard let lines = await Probe.lines(command, within: Self.patience), let version = lines.first
    else {
      return [
        python == nil
          ? .ok(
            "python", "none found; --run-code needs one for packages and for sequences in Python")
          : .wrong("python", "\(python ?? "") does not run", do: "Give another with --python PATH.")
      ]
    }
    let digits = version.split(separator: ".").compactMap { Int($0) }
    let isOld = digits.count >= 2 && (digits[0], digits[1]) < (3, 8)
    var findings: [Finding] = [
      isOld
        ? .warn(
          "python", "\(version) is older than the vendors' packages take", do: "Use 3.8 or newer.")
        : .ok("python", version)
    ]
    let installed = lines.dropFirst().map {
      $0.split(separator: " ", maxSplits: 1).map(String.init)
    }
    for package in known {
      guard let own = installed.first(where: { $0.first == package.name })?.last else { continue }
      findings.append(
        own == package.version
          ? .ok(package.name, own)
          : .warn(
            package.name, "\(own); this wavetank was tried with \(package.version)",
            do: "Where they differ, “wavetank ctl operations” tells what an answer rests on."))
    }
    if installed.isEmpty {
      let names = known.map(\.name).joined(separator: ", ")
      findings.append(
        .ok("vendors’ packages", "none in this Python (\(names)); --python PATH looks at another"))
    }
    return findings
  }

  // MARK: Others

  private func nodeChecks() async -> [Finding] {
    guard
      let version = await Probe.lines([node ?? "node", "--version"], within: Self.patience)?.first
    else {
      return [
        node == nil
          ? .ok("node", "none found; --run-code needs one for sequences in JavaScript")
          : .wrong("node", "\(node ?? "") does not run", do: "Give another with --node PATH.")
      ]
    }
    let major = Int(version.drop { $0 == "v" }.split(separator: ".").first ?? "") ?? 0
    return [
      major >= 18
        ? .ok("node", version)
        : .warn(
          "node", "\(version) is older than the package for Node takes", do: "Use 18 or newer.")
    ]
  }

  private func versionCheck(_ program: String, _ arguments: [String]) async -> Finding {
    let line = await Probe.lines([program] + arguments, within: Self.patience)?.first
    return .ok(program, line ?? "none found")
  }
}
