package import EmulatorKernel
package import HTTPTransport
import PayloadCodecs

/// Everything that can be set, with its default. Flags are read elsewhere.
public struct Configuration: Sendable {
  /// Numeric address or `localhost`.
  public var host = "127.0.0.1"
  /// Further addresses on the same ports.
  public var furtherHosts: [String] = []
  /// On `::1`, too, where this machine has it.
  public var listensOnLoopback6 = false
  /// 0 picks a free port.
  public var port: UInt16 = 7070
  /// Further ports, on all addresses.
  public var furtherPorts: [UInt16] = []
  /// Ports at which one service alone is, on all addresses; 0 picks a free one.
  public internal(set) var servicePorts: [(service: String, port: UInt16)] = []
  /// Event loops; 0: one for each core, at most eight.
  public var threads = 0
  /// The process serves this emulator until it ends: what requests have in common is never given back.
  package var isWholeProcess = false
  /// Scenario files, or names of shipped scenarios; merged in order.
  public var scenarios: [String] = []
  /// Take over edits of the scenario files while running.
  public var watchesScenarios = false
  /// Overrides the scenario's clock.
  package var clockMode: ClockMode?
  /// Overrides the scenario's seed.
  public var seed: UInt64?
  /// Where tenants' worlds survive restarts; nil: nowhere.
  public var dataDirectory: String?
  /// How often changed worlds are saved there.
  public var saveInterval: Duration = .seconds(10)
  /// A change is on the disk before its answer; needs `dataDirectory`.
  public var isDurable = false
  /// Where the certificate authority lies; nil: in the user's state directory.
  public var caDirectory: String?
  /// Hosts that belong to a service beside its vendor's own; `*.` in front covers all names below.
  public private(set) var intercepted: [(pattern: String, service: String)] = []
  /// Hosts beyond this server that a tunnel may go through to.
  package private(set) var passedThrough: [PassedHost] = []
  /// Base URLs of other servers behind the same front, each with tenants of its own.
  public internal(set) var peers: [String] = []
  /// Refuse what the real services of today refuse, even where their documentation shows it.
  public var isStrict = false
  /// The control API asks for this bearer token; nil: it answers loopback peers only.
  public var controlToken: String?
  /// For whom places outside are called that a client has named.
  package var outbound = OutboundAllowance.local
  /// APIs beside Wavetank's own.
  package var furtherServices: [any EmulatedService] = []
  /// How uploaded code is run; nil: none is, and instances are stand-ins.
  public var code: CodeOptions?
  /// Tenants kept at once; beyond it those idle for longest go. Where the memory of all is little it is
  /// fewer: one for each 10 KiB. While three quarters of that are in use, those beyond 10,000 go, or beyond
  /// one for each 80 KiB.
  public var tenantsMax = 100_000
  /// Bytes of memory for all that clients bring and make, all tenants together; nil: by what the
  /// process may take, at most 4 GiB.
  public var memoryBytesMax: UInt64?
  /// Exchanges that each tenant's journal keeps, and bytes; beyond either the oldest go.
  public var journalEntriesMax = 10_000
  public var journalBytesMax = 32 << 20
  /// Bytes of one request's content, streamed; beyond it 413.
  public var uploadBytesMax: UInt64 = 1 << 30

  /// What is told of exchanges and of all that happens beside them; nil: nothing.
  public var log: LogOptions?
  /// Told what happens while the server runs: a scenario that was taken over, or refused; a world
  /// that could not be saved.
  public var onNotice: @Sendable (Notice) -> Void = { _ in }
  /// Told of each client that refuses the certificate that it is shown for a host (its name, or the
  /// address that it came to): it does not trust the CA. It is called on a loop.
  public var onDistrust: @Sendable (_ host: String) -> Void = { _ in }

  /// The time of the engine's loops, for tests of its timeouts.
  package var loopClock: LoopClock?

  public init() {}

  /// For whom places outside are called that a client has named, by the name that flags and scenarios
  /// use: `local`, `any`, `none`. False for anything else.
  public mutating func setOutbound(_ name: String) -> Bool {
    guard let allowance = OutboundAllowance(rawValue: name) else { return false }
    outbound = allowance
    return true
  }

  /// Gives a host to a service: `api.example.com=steamship`. False for what is no such text.
  public mutating func intercept(_ text: String) -> Bool {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, Emulator.serviceNames.contains(parts[1]) else { return false }
    let name = parts[0].hasPrefix("*.") ? parts[0].dropFirst(2) : parts[0][...]
    guard !name.isEmpty, name.utf8.count <= 253,
      name.utf8.allSatisfy({ $0.isHostNameByte })
    else { return false }
    intercepted.append((parts[0].asciiLowercased, parts[1]))
    return true
  }

  /// Lets tunnels through to a host: `HOST`, `*.HOST`, each with `:PORT` or without. False for what is
  /// no such text.
  public mutating func passThrough(_ text: String) -> Bool {
    guard let host = PassedHost(text) else { return false }
    passedThrough.append(host)
    return true
  }

  /// How time runs, by the name that flags and scenarios use: `real`, `manual`, `skip`, `scaled`,
  /// or a factor such as `x60`. Nil for anything else.
  public mutating func setClock(_ name: String) -> Bool {
    guard let mode = ClockMode(text: name) else { return false }
    clockMode = mode
    return true
  }
}

extension Emulator {
  /// Reads a size in the form of scenarios: `100`, `64KiB`, `10MB`, `1.5GiB`.
  public static func size(_ text: String) -> Int? { SizeText.parse(text) }

  /// Reads a duration in the form of scenarios: `250ms`, `2s`, `1m30s`, `1h`.
  public static func duration(_ text: String) -> Duration? { DurationText.parse(text) }
}

/// What happened while the server runs, for people.
public struct Notice: Sendable, Equatable {
  /// One sentence or more.
  public let text: String
  /// Something went wrong; otherwise it is good to know.
  public let isProblem: Bool

  public init(text: String, isProblem: Bool) {
    self.text = text
    self.isProblem = isProblem
  }
}

extension UInt8 {
  var isHostNameByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: false
    }
  }
}
