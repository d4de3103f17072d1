import Dispatch
import EmulatorKernel
import HTTPTransport
import PayloadCodecs
import Synchronization

/// The name server of a network in which there is nothing but an emulator: the vendors' names, those of
/// flags and this machine's own are loopback, and all others are refused at once.
///
/// **Isolation**: sockets are read on `queue` alone, connections each on a thread of Dispatch.
package final class NameServer: Sendable {
  private let patterns: [HostPattern]
  private let passed: [PassedHost]
  private let hostName: String
  private let addresses: [[UInt8]]
  private let asked = Mutex<[String]>([])
  private let passedNames = Mutex<[String]>([])
  private let watches = Mutex<[Watch]>([])
  private let lastLooks = Mutex<[@Sendable () -> Void]>([])
  private let connections = Mutex(0)
  private let queue = DispatchQueue(label: "wavetank.names")

  private static let namesMax = 100
  private static let passedMax = 1000
  private static let connectionsMax = 16
  private static let patience = Duration.seconds(5)

  /// - Parameters:
  ///   - hostName: this machine's own.
  ///   - addresses: where all names lead that there are, four bytes or sixteen each.
  package init(_ configuration: Configuration, hostName: String, addresses: [[UInt8]]) {
    patterns =
      (Emulator.services(configuration).flatMap(\.hostNames)
      + configuration.intercepted.map(\.pattern)).map(HostPattern.init)
    passed = configuration.passedThrough
    self.hostName = hostName.asciiLowercased
    self.addresses = addresses
  }

  /// Each host that is let through has an address of its own, by which it is known again: 127.64.0.0 and
  /// what follows.
  private func place(of name: String) -> [UInt8]? {
    passedNames.withLock { names in
      let number = names.firstIndex { $0 == name } ?? names.count
      if number == names.count {
        guard number < Self.passedMax else { return nil }
        names.append(name)
      }
      return [127, 64, UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    }
  }

  /// The host for which an address stands.
  private func host(at address: NumericAddress) -> String? {
    let bytes = address.bytes
    guard bytes.count == 4, bytes.starts(with: [127, 64]) else { return nil }
    let number = Int(bytes[2]) << 8 | Int(bytes[3])
    return passedNames.withLock { number < $0.count ? $0[number] : nil }
  }

  /// What becomes of a connection to an address: that of a host which is let through, one that is let
  /// through by itself, the emulator's own, or nobody's.
  func place(at address: NumericAddress, port: UInt16) -> AdoptedPlace {
    if let host = host(at: address) { return .elsewhere(RelayTarget(host: host, port: port)) }
    if address.isLoopback { return .here }
    return isPassed(address.text, port)
      ? .elsewhere(RelayTarget(host: address.text, port: port)) : .nowhere
  }

  private func isPassed(_ host: String, _ port: UInt16) -> Bool {
    passed.contains { $0.matches(host, port: port) }
  }

  /// The names that somebody has asked for in vain, and the addresses, oldest first.
  package var unserved: [String] { asked.withLock { $0 } }

  func answer(_ question: NameQuestion) -> NameAnswer {
    let name = question.name
    if passed.contains(where: { $0.matches(name) }) {
      return place(of: name).map { .addresses([$0]) } ?? .noSuchName
    }
    let isLocal = name == "localhost" || name.hasSuffix(".localhost") || name == hostName
    if isLocal || patterns.contains(where: { $0.matches(Array(name.utf8)[...]) }) {
      return .addresses(addresses)
    }
    // The names of addresses are asked for by programs that only want to show them.
    if !name.isEmpty, !name.hasSuffix(".arpa") { note(name) }
    return .noSuchName
  }

  /// Takes note of a connection that is refused, by its first segment.
  func note(packet: [UInt8]) {
    guard let segment = FirstSegment(packet), !isPassed(segment.host, segment.port) else { return }
    note(segment.text)
  }

  private func note(_ place: String) {
    asked.withLock { asked in
      if asked.count < Self.namesMax, !asked.contains(place) { asked.append(place) }
    }
  }

  // MARK: Sockets

  /// Answers what comes to a socket that is bound, from now on its own.
  package func serve(datagrams socket: Int32) {
    let datagrams = DatagramSocket(adopting: socket)
    watch(socket) { [weak self] in
      guard let self else { return }
      datagrams.answerWaiting { NameMessage($0)?.answered(by: self.answer) }
    }
  }

  /// The same over connections, for what listens. Who gets an answer cut short asks there; none of
  /// ours is, but some ask there anyway.
  package func serve(connections socket: Int32) {
    let listener = BlockingListener(adopting: socket)
    watch(socket) { [weak self] in self?.converse(by: listener) }
  }

  /// Takes note of the segments that come to a socket, from now on its own. The last of them are read
  /// by `stop`.
  package func note(packets socket: Int32) {
    let packets = DatagramSocket(adopting: socket)
    let read: @Sendable () -> Void = { [weak self] in
      packets.answerWaiting { packet in
        self?.note(packet: packet)
        return nil
      }
    }
    watch(socket, read)
    lastLooks.withLock { $0.append(read) }
  }

  /// Waits for nobody. What was refused until now is known afterwards.
  package func stop() {
    let looks = lastLooks.withLock { looks in
      defer { looks = [] }
      return looks
    }
    queue.sync { for look in looks { look() } }
    let all = watches.withLock { watches in
      defer { watches = [] }
      return watches
    }
    for watch in all { watch.end() }
  }

  private func watch(_ socket: Int32, _ body: @escaping @Sendable () -> Void) {
    let watch = Watch(socket, on: queue, body)
    watches.withLock { $0.append(watch) }
  }

  /// Off the queue: who speaks slowly holds up nobody.
  private func converse(by listener: BlockingListener) {
    let isRoom = connections.withLock { count in
      guard count < Self.connectionsMax else { return false }
      count += 1
      return true
    }
    DispatchQueue.global().async { [weak self] in
      defer { if isRoom { self?.connections.withLock { $0 -= 1 } } }
      // Told of more than once, it is there once.
      guard let connection = try? listener.accept(timeout: .zero), isRoom else { return }
      connection.timeout = Self.patience
      self?.converse(connection)
    }
  }

  /// Each message has its length in front (RFC 1035 §4.2.2).
  private func converse(_ connection: BlockingSocket) {
    while let length = Self.read(2, from: connection),
      let bytes = Self.read(Int(length[0]) << 8 | Int(length[1]), from: connection),
      let message = NameMessage(bytes)
    {
      let answer = message.answered(by: self.answer)
      let size = UInt16(clamping: answer.count)
      let length = [UInt8(truncatingIfNeeded: size >> 8), UInt8(truncatingIfNeeded: size)]
      guard (try? connection.send(length + answer)) != nil else { return }
    }
  }

  private static func read(_ count: Int, from connection: BlockingSocket) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < count {
      guard let more = try? connection.receive(limit: count - bytes.count), !more.isEmpty else {
        return nil
      }
      bytes += more
    }
    return bytes
  }
}

/// Calls when there is something to read. The socket is closed with what `body` holds.
///
/// `@unchecked`: the source is made ready before anybody else has it, and may be cancelled by anyone.
private final class Watch: @unchecked Sendable {
  private let source: any DispatchSourceRead

  init(_ socket: Int32, on queue: DispatchQueue, _ body: @escaping @Sendable () -> Void) {
    source = DispatchSource.makeReadSource(fileDescriptor: socket, queue: queue)
    source.setEventHandler(handler: body)
    // Held until the source looks at it no more.
    source.setCancelHandler { @Sendable in withExtendedLifetime(body) {} }
    source.resume()
  }

  func end() { source.cancel() }
}
