import Glibc
import PayloadCodecs
import Resources

/// A kind of client that `init` makes a test for.
enum InitClient: String, CaseIterable {
  case python, node, go, java, shell

  /// Files that tell it, in a folder.
  private var manifests: [String] {
    switch self {
    case .python:
      ["requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "poetry.lock"]
    case .node: ["package.json"]
    case .go: ["go.mod"]
    case .java: ["pom.xml", "build.gradle", "build.gradle.kts"]
    case .shell: []
    }
  }

  static func found(in folder: InitFolder) -> [InitClient] {
    let found = allCases.filter { $0.manifests.contains { folder.has($0) } }
    // Of what has no kit, such as Swift and Rust, the program is run under `wavetank run`.
    return found.isEmpty ? [.shell] : found
  }

  /// What is to be made, and how it is run.
  func plan(_ folder: InitFolder) -> InitPlan {
    switch self {
    case .python: python(folder)
    case .node: node(folder)
    case .go: go(folder)
    case .java:
      running(
        "wavetank/WavetankCheck.java", "init/Check.java", "java wavetank/WavetankCheck.java",
        image: "eclipse-temurin:17")
    case .shell:
      running("wavetank/check.sh", "init/check.sh", "sh wavetank/check.sh", image: "debian:stable")
    }
  }

  // MARK: Kits

  /// Nothing is published in a registry: a release's file is installed, from the folder in which it lies.
  private static let wheel = "./wavetank-*.whl"
  private static let package = "./wavetank-*.tgz"

  private func python(_ folder: InitFolder) -> InitPlan {
    let text = manifests.compactMap(folder.text).joined(separator: "\n").lowercased()
    // The vendors' packages, and the file that uses each.
    let samples = [
      ("shipyard-api", "shipyard", "shipyard.fleetRun.create"),
      ("scramjet", "scramjet", "scramjet.hub.version"),
      ("steamship", "steamship", "steamship.package.invoke"),
    ]
    let sample = samples.first { text.contains($0.0) } ?? ("", "plain", "scramjet.hub.version")
    let directory = folder.has("test") && !folder.has("tests") ? "test" : "tests"
    let own = folder.has("requirements.txt") ? "-r requirements.txt" : "."
    let install =
      folder.has("requirements.txt") || folder.has("pyproject.toml")
        || folder.has("setup.py") ? "\(own) " : ""
    return InitPlan(
      operation: sample.2, scenario: "\(directory)/two-refusals.json",
      test: "\(directory)/test_wavetank.py", template: "init/\(sample.1).py",
      needs: "python -m pip install \(install)\(Self.wheel) pytest",
      command: "python -m pytest \(directory)/test_wavetank.py", image: "python:3.11-slim")
  }

  private func node(_ folder: InitFolder) -> InitPlan {
    let directory = folder.has("tests") && !folder.has("test") ? "tests" : "test"
    return InitPlan(
      operation: "scramjet.hub.version", scenario: "\(directory)/two-refusals.json",
      test: "\(directory)/wavetank.test.mjs", template: "init/node.mjs",
      needs: "npm install --no-save \(Self.package)",
      command: "node --test \(directory)/wavetank.test.mjs", image: "node:20-slim")
  }

  // MARK: Programs

  private func go(_ folder: InitFolder) -> InitPlan {
    var plan = running(
      "wavetank_test.go", "init/check.go.txt", "go test -run TestItComesBack .",
      image: "golang:1")
    plan.package = folder.goPackage
    return plan
  }

  /// What has no kit runs under `wavetank run`, which gives it the variables.
  private func running(
    _ test: String, _ template: String, _ command: String, image: String
  ) -> InitPlan {
    InitPlan(
      operation: "scramjet.hub.version", scenario: "wavetank/two-refusals.json", test: test,
      template: template, needs: "python3 -m pip install \(Self.wheel)",
      command: "wavetank run --scenario wavetank/two-refusals.json -- \(command)", image: image)
  }
}

/// What `init` makes for one client.
struct InitPlan {
  let operation: String
  let scenario: String
  let test: String
  let template: String
  /// The command that installs what the test needs.
  let needs: String
  /// The command that runs it.
  let command: String
  /// Where CI runs it.
  let image: String
  /// Of Go.
  var package = "main_test"

  var scenarioText: String { filled("init/scenario.json") }
  var testText: String { filled(template) }

  private func filled(_ name: String) -> String {
    Resource.filled(
      name, [("@OPERATION@", operation), ("@PACKAGE@", package), ("@TEST@", command)])
  }
}

/// The folder that `init` works in.
struct InitFolder {
  let path: String

  func has(_ name: String) -> Bool {
    // SAFETY: the string lives for the call.
    unsafe access("\(path)/\(name)", F_OK) == 0
  }

  func text(_ name: String) -> String? {
    guard has(name), let bytes = try? FileContent.read("\(path)/\(name)") else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What a test of the package in this folder calls itself.
  var goPackage: String {
    for name in MachineChecks.names(in: path).sorted() where name.hasSuffix(".go") {
      for line in (text(name) ?? "").split(separator: "\n") where line.hasPrefix("package ") {
        let package = line.dropFirst(8).prefix { $0 == "_" || $0.isLetter || $0.isNumber }
        return package.hasSuffix("_test") ? String(package) : "\(package)_test"
      }
    }
    return "main_test"
  }
}
