/// One thing found where it must not be.
struct Offence: Sendable, Equatable, CustomStringConvertible {
  let path: String
  let line: Int
  let reason: String

  init(_ path: String, _ line: Int, _ reason: String) {
    self.path = path
    self.line = line
    self.reason = reason
  }

  var description: String { "\(path):\(line): \(reason)" }
}

/// A word of code that has few homes or none.
struct WordRule: Sendable {
  let name: String
  /// Looked for in each line of code, comments and literals blanked.
  let pattern: @Sendable () -> Regex<Substring>
  /// A line without any of these cannot match: looking for them first saves a minute.
  let triggers: [String]
  /// What to do instead, or why not.
  let reason: String
  /// Beginnings of the paths where the rule holds.
  let territory: [String]
  /// Beginnings of the paths inside it where the word may stand.
  let homes: [String]
  /// Lines that the rule must find, and lines that it must let pass: its own test.
  let catches: [String]
  let spares: [String]

  func offences(in file: TextFile) -> [Offence] {
    guard file.isSwift, territory.contains(where: file.path.hasPrefix),
      !homes.contains(where: file.path.hasPrefix)
    else { return [] }
    let pattern = pattern().wordBoundaryKind(.simple).matchingSemantics(.unicodeScalar)
    return file.code.lines(containing: triggers).compactMap { number, line in
      guard let match = line.firstMatch(of: pattern) else { return nil }
      return Offence(file.path, number, "\(name) (found “\(match.output)”): \(reason)")
    }
  }
}

extension WordRule {
  private static let sources = ["Sources/"]
  private static let swift = ["Sources/", "Tests/"]

  static let all: [WordRule] = [
    WordRule(
      name: "the wall clock",
      pattern: {
        #/\bDate\(\)|\bDate\.now\b|\b(?:Continuous|Suspending)Clock(?:\(\)|\.now\b)|\bDispatchTime\.now\b|\bDispatchWallTime\b|\bgettimeofday\b|\bclock_gettime\b|(?:^|[^\w.])time\(nil\)|\.systemUptime\b/#
      },
      triggers: [
        "Date", "Clock", "DispatchTime", "DispatchWallTime", "gettime", "time(nil)", "systemUptime",
      ],
      reason: "a service's time comes from its tenant's clock, a connection's from its loop",
      territory: sources,
      homes: [
        "Sources/EmulatorKernel/Clock/", "Sources/HTTPTransport/SystemCalls.swift",
        // How long an exchange took is told to people, never to clients.
        "Sources/EmulatorKernel/Pipeline/Pipeline.swift",
        "Sources/Wavetank/", "Sources/WavetankCLI/", "Sources/WavetankTestKit/",
      ],
      catches: [
        "let now = Date()", "let a = Date.now", "unsafe clock_gettime(CLOCK_MONOTONIC, &t)",
        "let c = ContinuousClock()", "let t = time(nil)",
      ],
      spares: [
        "refreshDate()", "// Date() is refused", "let text = \"Date()\"", "clock.now",
        "Date(field)",
        "wait.time(nil)",
      ]),
    WordRule(
      name: "a closure held by a mutex itself",
      pattern: { #/\bMutex<\(+(?:@Sendable|\))/# },
      triggers: ["Mutex<("],
      reason: "each look at it wraps it once more, until the stack ends: put it into a structure",
      territory: sources, homes: [],
      catches: [
        "let a = Mutex<(@Sendable () -> Void)?>(nil)", "let a = Mutex<() -> Void>(body)",
        "let a = Mutex<((@Sendable () -> Void))?>(nil)",
      ],
      spares: ["let a = Mutex<[@Sendable () -> Void]>([])", "let a = Mutex<(Int, Int)>((1, 2))"]),
    WordRule(
      name: "an id of chance",
      pattern: { #/\bUUID\(\)/# },
      triggers: ["UUID()"],
      reason: "ids come from the tenant's IDSource; the same seed gives the same ids",
      territory: sources, homes: [],
      catches: ["let id = UUID()"], spares: ["UUID(text)", "let UUIDs = [1]"]),
    WordRule(
      name: "randomness without a seed",
      pattern: {
        #/\bSystemRandomNumberGenerator\b|\.random\(\)|\.random\(in:(?!.*\busing:).*|\.randomElement\(\)|\.shuffled?\(\)|\barc4random\w*|\bgetrandom\b|\.hash[V]alue\b/#
      },
      triggers: ["SystemRandom", ".random", ".shuffle", "arc4random", "getrandom", ".hashValue"],
      reason: "take a seeded generator as a parameter; every run must be repeatable",
      territory: swift, homes: [],
      catches: [
        "var g = SystemRandomNumberGenerator()", "Int.random(in: 0..<3)", "all.shuffled()",
        "names.randomElement()", "let h = key.hashValue", "Bool.random()",
      ],
      spares: [
        "Int.random(in: 0..<3, using: &random)", "all.shuffled(using: &random)",
        "names.randomElement(using: &g)", "random(in: range)",
      ]),
    WordRule(
      name: "sleeping",
      pattern: {
        #/\bTask\.sleep\b|\bThread\.sleep\b|(?:^|[^\w.])(?:(?:u|nano)sleep\(|sleep\(\d)/#
      },
      triggers: ["sleep"],
      reason: "what waits is an event, a timer of the loop or the tenant's clock",
      territory: swift,
      // Its producer waits to be cancelled.
      homes: ["Tests/HTTPTransportTests/LifecycleTests.swift"],
      catches: ["try await Task.sleep(for: .seconds(1))", "usleep(10)", "  sleep(1)"],
      spares: ["hub.sleep(1)", "case sleep(Duration)"]),
    WordRule(
      name: "printing",
      pattern: { #/(?:^|[^\w.])(?:print|debugPrint|dump|NSLog|puts|printf)\(/# },
      triggers: ["rint(", "dump(", "NSLog", "puts(", "printf("],
      reason: "only the command line speaks to a terminal; else use the journal or the log",
      territory: sources, homes: ["Sources/WavetankCLI/"],
      catches: ["print(\"x\")", "    debugPrint(value)", "dump(x)"],
      spares: ["fingerprint(x)", "terminal.print(x)", "func fingerprint()"]),
    WordRule(
      name: "a trap",
      pattern: { #/\btry!|\bas!|\bfatalError\(|\bassertionFailure\(|\bunowned\(unsafe\)/# },
      triggers: ["try!", "as!", "fatalError", "assertionFailure", "unowned("],
      reason: "throw, answer with a status, or state the broken event with preconditionFailure",
      territory: swift, homes: [],
      catches: ["let x = try! f()", "let y = x as! Int", "fatalError(\"no\")"],
      spares: ["try? f()", "x as? Int", "preconditionFailure(\"x\")", "// never try! here"]),
    WordRule(
      name: "a forced unwrap",
      pattern: { #/[\w\)\]>]!(?![=\w"])/# },
      triggers: ["!"],
      reason: "nothing that came from outside may trap: guard, or say what holds",
      territory: sources, homes: [],
      catches: ["let x = y!", "f(a!.b)", "list.first!.name", "call()![0]", "var x: Int!"],
      spares: ["a != b", "if !done {", "\"Hello!\"", "x = !y", "let s = \"a!\" + b"]),
    WordRule(
      name: "a fraction made whole by force",
      pattern: {
        #/\bU?Int(?:8|16|32|64)?\((?!exactly:|clamping)(?:.*\.rounded\(|.*\bDouble\(|[^()]*\* ?1e\d)/#
      },
      triggers: ["Int"],
      reason: "an infinite or large number would trap: `Int(exactly:)`, or bound it before",
      territory: sources,
      homes: [
        // Bounded in the line before, or the machine's own.
        "Sources/Determinism/UnitText.swift",
        "Sources/EmulatorKernel/Clock/WallClock.swift",
        "Sources/EmulatorKernel/Metrics/Metrics.swift", "Sources/HTTPModel/HTTPDate.swift",
        "Sources/HTTPTransport/DeliveryPacer.swift", "Sources/WavetankCLI/",
      ],
      catches: [
        "let n = Int(seconds.rounded())", "Int64((x * 2).rounded(.down))", "Int64(seconds * 1e9)",
        "UInt64(Double(text) ?? 0)",
      ],
      spares: [
        "Int(exactly: number.rounded())", "Double(Int(x))", "Int64(clamping: x)", "Int(text) ?? 1",
      ]),
    WordRule(
      name: "a number cut to fit by force",
      pattern: {
        #/(?:^|[^\w.])U?Int(?:8|16)\((?!ascii:|truncatingIfNeeded:|clamping:|exactly:|bitPattern:)|(?:^|[^\w.])Int32\((?!truncatingIfNeeded:|clamping:|exactly:|bitPattern:)/#
      },
      triggers: ["Int8(", "Int16(", "Int32("],
      reason: "say what becomes of one that does not fit: truncatingIfNeeded, clamping or exactly",
      territory: sources,
      homes: [
        // Below this lie bytes and descriptors, which fit by their making.
        "Sources/HTTPTransport/", "Sources/HTTPWire/", "Sources/PayloadCodecs/",
        "Sources/CodeRuntime/Processes/", "Sources/WavetankCLI/",
        "Sources/Wavetank/Authority.swift",
      ],
      catches: ["UInt8(number)", "  let x = UInt16(a + b)", "f(Int32(count))", "Int8(x)"],
      spares: [
        "UInt8(ascii: \"a\")", "UInt8(truncatingIfNeeded: n)", "Int32(clamping: n)", "UInt32(byte)",
        "UInt16(exactly: n)",
      ]),
    WordRule(
      name: "a range without an end",
      pattern: { #/in: ?(?:-?\d+|Int\.min) ?\.\.\. ?(?:Int)?\.max/# },
      triggers: [".max"],
      reason: "a number of a scenario is bounded where it is read: `ScenarioReader.countMax`",
      territory: sources, homes: [],
      catches: ["object.int(\"times\", in: 0...Int.max)", "reader.int(in: 1...Int.max)"],
      spares: ["in: 0...ScenarioReader.countMax", "let most = Int.max", "in: 1...65_536"]),
    WordRule(
      name: "a system call",
      pattern: {
        #/(?:^|[^\w.])(?:epoll_\w+|eventfd|fcntl|ioctl|[gs]etsockopt|accept4|recvmsg|recvfrom|sendmsg|sendto|readv|writev|mmap|munmap|posix_spawn\w*|waitpid|[gs]etrlimit|getaddrinfo|sigaction|fsync|openat|mkstemp)\(|\bsignal\(SIG|\bGlibc\.(?:socket|bind|listen|connect|accept|recv|send|shutdown)\b/#
      },
      triggers: [
        "epoll_", "eventfd", "fcntl", "ioctl", "sockopt", "accept4", "msg(", "recvfrom", "sendto",
        "readv", "writev", "mmap", "munmap", "posix_spawn", "waitpid", "rlimit", "getaddrinfo",
        "signal(SIG", "sigaction", "fsync", "openat", "mkstemp", "Glibc.",
      ],
      reason:
        "sockets live in HTTPTransport/SystemCalls.swift, durable files in DurableFile.swift",
      territory: sources,
      homes: [
        "Sources/HTTPTransport/SystemCalls.swift",
        "Sources/HTTPTransport/SystemCalls+Listening.swift",
        "Sources/HTTPTransport/SystemCalls+Memory.swift",
        "Sources/HTTPTransport/SystemCalls+Names.swift",
        "Sources/HTTPTransport/SystemCalls+Process.swift", "Sources/CodeRuntime/Processes/",
        "Sources/WavetankCLI/",
        "Sources/WavetankTestKit/", "Sources/EmulatorKernel/Persistence/DurableFile.swift",
      ],
      catches: [
        "unsafe epoll_wait(fd, events, 64, -1)", "setsockopt(fd, 1, 2, &one, 4)",
        "Glibc.send(fd, p, n, 0)",
      ],
      spares: [
        "system.epoll_wait(fd)", "case signal(String)", "send(bytes)",
      ]),
    WordRule(
      name: "a formatter of the full Foundation",
      pattern: {
        #/\b(?:ISO8601)?DateFormatter\b|\bNumberFormatter\b|\bNSRegularExpression\b|\bString\(format:|\bURLSession\b|\bNSString\b|\bJSONSerialization\b/#
      },
      triggers: ["Formatter", "NSRegular", "format:", "URLSession", "NSString", "JSONSerial"],
      reason: "it brings the internationalisation data along, and costs microseconds",
      territory: sources, homes: [],
      catches: ["let f = DateFormatter()", "String(format: \"%02d\", 1)"],
      spares: ["HTTPDate.format(now)", "String(describing: x)"]),
    WordRule(
      name: "letter case by Unicode",
      pattern: { #/\.(?:lower|upper)cased\(\)/# },
      triggers: ["cased()"],
      reason:
        "names of protocols and ids have ASCII's letter case: asciiLowercased, asciiUppercased",
      territory: sources,
      homes: [
        "Sources/PayloadCodecs/Text/Nearest.swift",
        "Sources/HTTPTransport/NumericAddress.swift",
        "Sources/SteamshipEmulator/EmbeddingIndex/WordVector.swift", "Sources/WavetankCLI/",
        "Sources/WavetankTestKit/",
      ],
      catches: ["name.lowercased()", "id?.uppercased()"],
      spares: ["name.asciiLowercased", "func lowercased(_ text: String)"]),
  ]
}
