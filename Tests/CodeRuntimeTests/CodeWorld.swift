import CodeRuntime
import Foundation
import PayloadCodecs
import Synchronization

/// A host with a folder of its own, and what is sent to it.
struct CodeWorld {
  let host: InvocableHost
  let launcher: Launcher
  let store: CodeStore

  init(_ settings: CodeSettings = CodeSettings()) throws {
    var settings = settings
    if let python = Self.python { settings.python = python }
    settings.installsRequirements = false
    store = try CodeStore(folder: nil)
    launcher = Launcher(settings, folder: store.root)
    host = InvocableHost(launcher, store)
  }

  /// An interpreter that has the SDK; nil: this machine has none.
  static let python = ProcessInfo.processInfo.environment["CODE_PYTHON"]

  private static let paths = Atomic(0)

  private static func freshPath() -> String {
    let number = paths.wrappingAdd(1, ordering: .relaxed).newValue
    return
      "\(NSTemporaryDirectory())wavetank-\(ProcessInfo.processInfo.processIdentifier)-\(number)"
  }

  /// Made by Python, as the vendor's tool makes it.
  func zip(_ files: [String: String], isLink: Bool = false) throws -> [UInt8] {
    let path = Self.freshPath() + ".zip"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let content = JSON.object(JSONObject(files.map { ($0, JSON.string($1)) })).text
    let script = """
      import json, sys, zipfile
      files = json.loads(sys.argv[2])
      with zipfile.ZipFile(sys.argv[1], "w") as archive:
          for name, text in files.items():
              info = zipfile.ZipInfo(name)
              info.external_attr = (0o120777 if sys.argv[3] == "link" else 0o100644) << 16
              archive.writestr(info, text)
      """
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script, path, content, isLink ? "link" : ""]
    try process.run()
    process.waitUntilExit()
    return [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  /// A folder that all may read.
  func folder(_ files: [String: String]) throws -> String {
    let path = Self.freshPath()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in files {
      try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
    }
    return path
  }

  func event(_ path: String, _ arguments: JSON = [:]) -> JSON {
    let base = "http://127.0.0.1:9/"
    return [
      "clientConfig": [
        "apiKey": "k", "apiBase": .string(base + "api/v1/"), "appBase": .string(base),
        "webBase": .string(base), "workspaceId": "W", "workspaceHandle": "w", "requestId": "R",
      ],
      "invocation": [
        "httpVerb": "POST", "invocationPath": .string(path), "arguments": arguments, "config": [:],
      ],
      "loggingConfig": ["loggingHost": "none", "loggingPort": "none"],
      "invocationContext": [
        "tenantId": "t", "userId": "u", "workspaceId": "W", "workspaceHandle": "w",
        "invocableHandle": "p", "invocableVersionHandle": "1", "invocableInstanceHandle": "i",
        "invocableType": "package", "invocableOwnerId": "u", "invocableOwnerHandle": "o",
        "invocableURL": .string(base), "headers": [:],
      ],
    ]
  }

  static let greeter = """
    import os, signal, sys, time
    from steamship.invocable import PackageService, post
    class Greeter(PackageService):
        @post("greet")
        def greet(self, name: str = "you") -> str:
            print("hello from code")
            return f"Hello {name}"
        @post("boom")
        def boom(self) -> str:
            raise Exception("boom")
        @post("exit")
        def exit(self) -> str:
            os._exit(3)
        @post("kill")
        def kill(self) -> str:
            os.kill(os.getpid(), signal.SIGSEGV)
        @post("hang")
        def hang(self) -> str:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                pass
        @post("closed")
        def closed(self) -> str:
            os.close(1)
            return "closed"
        @post("fork")
        def fork(self) -> str:
            while True:
                os.fork()
        @post("flood")
        def flood(self) -> str:
            for _ in range(200):
                os.write(1, b"x" * 1000000)
            return "flooded"
    """
}

/// What was printed.
final class Printed: Sendable {
  private let bytes = Mutex<[UInt8]>([])
  func append(_ more: [UInt8]) { bytes.withLock { $0 += more } }
  var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}
