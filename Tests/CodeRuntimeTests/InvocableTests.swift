import CodeRuntime
import Foundation
import PayloadCodecs
import Testing

/// Real processes of the machine's Python and Node, where they are.
@Suite(
  "The user's code in processes", .timeLimit(.minutes(15)), .serialized,
  .enabled(if: CodeWorld.python != nil, "CODE_PYTHON names a Python that has the SDK"))
struct InvocableTests {
  @Test("A package is unpacked, loaded by a worker of the zygote, and answers its requests")
  func answers() async throws {
    let world = try CodeWorld()
    let program = try await world.host.install([try world.zip(["api.py": CodeWorld.greeter])])
    let answer = try await world.host.call(program, world.event("/greet", ["name": "Ada"])) { _ in }
    #expect(answer["data"]?.stringValue == "Hello Ada")
    let again = try await world.host.call(program, world.event("/greet", ["name": "Bo"])) { _ in }
    #expect(again["data"]?.stringValue == "Hello Bo")
    let failure = try await world.host.call(program, world.event("/boom")) { _ in }
    #expect(failure["status"]?["statusMessage"]?.stringValue == "[ERROR - POST /boom] boom")
    await world.host.shutDown()
  }

  @Test("What the code prints goes to whoever called it, and not into the protocol")
  func prints() async throws {
    let world = try CodeWorld()
    let program = try await world.host.install([try world.zip(["api.py": CodeWorld.greeter])])
    let printed = Printed()
    _ = try await world.host.call(program, world.event("/greet")) { printed.append($0) }
    #expect(printed.text.contains("hello from code"))
    await world.host.shutDown()
  }

  @Test(
    "Code that ends, hangs or forks without end fails its call alone; the next one has a new worker",
    arguments: ["exit", "hang", "closed", "fork", "kill", "flood"])
  func survives(_ method: String) async throws {
    var settings = CodeSettings()
    settings.timeout = .seconds(2)
    let world = try CodeWorld(settings)
    let program = try await world.host.install([try world.zip(["api.py": CodeWorld.greeter])])
    do {
      let answer = try await world.host.call(program, world.event("/\(method)")) { _ in }
      let isFailure = answer["status"]?["state"]?.stringValue == "failed"
      #expect(["closed", "flood"].contains(method) || method == "fork" && isFailure, "\(answer)")
    } catch {
      #expect(method != "closed", "\(error)")
    }
    let next = try await world.host.call(program, world.event("/greet")) { _ in }
    #expect(next["data"]?.stringValue == "Hello you")
    await world.host.shutDown()
  }

  @Test(
    "An archive that is none, or reaches outside, is refused with its reason",
    arguments: ["nothing", "../x", "/etc/x", "link"])
  func refusesArchive(_ kind: String) async throws {
    let world = try CodeWorld()
    let archive =
      kind == "nothing" ? Array("no zip".utf8) : try world.zip([kind: "x"], isLink: kind == "link")
    await #expect(throws: CodeError.self) { _ = try await world.host.install([archive]) }
    await world.host.shutDown()
  }
}
