import HTTPModel

/// The connections of one client on its loop.
///
/// **Isolation**: the loop's thread.
final class ClientPool {
  private let loop: EventLoop
  let configuration: HTTPClient.Configuration
  /// By the place that they lead to; no place without one.
  private var idle: [String: [ClientConnection]] = [:]
  private var idlePlaces: [ObjectIdentifier: String] = [:]
  private var busy: [ObjectIdentifier: ClientConnection] = [:]
  private var isShutDown = false

  init(loop: EventLoop, configuration: HTTPClient.Configuration) {
    self.loop = loop
    self.configuration = configuration
  }

  /// Sends a request on a kept connection, or on a new one.
  func start(_ request: ClientRequest, _ reply: ClientReply, onNew: Bool = false) {
    guard !isShutDown else {
      reply.complete(.failure(.closed))
      return
    }
    if reply.isDone { return }
    if !onNew, let connection = idle[request.placeName]?.last {
      forget(connection)
      busy[ObjectIdentifier(connection)] = connection
      return connection.begin(request, reply, isReused: true)
    }
    guard let address = request.addresses.first else {
      reply.complete(.failure(.unknownHost(request.place.host)))
      return
    }
    do {
      let connection = try ClientConnection(loop: loop, pool: self, address: address)
      busy[ObjectIdentifier(connection)] = connection
      connection.begin(request, reply, isReused: false)
    } catch {
      startElsewhere(request, reply, .system(error))
    }
  }

  /// Goes on with the next address; with the error where there is none.
  func startElsewhere(
    _ request: ClientRequest, _ reply: ClientReply, _ error: HTTPClientError
  ) {
    guard request.addresses.count > 1 else {
      reply.complete(.failure(error))
      return
    }
    var next = request
    next.addresses.removeFirst()
    start(next, reply, onNew: true)
  }

  func becameIdle(_ connection: ClientConnection, _ name: String) {
    busy[ObjectIdentifier(connection)] = nil
    idle[name, default: []].append(connection)
    idlePlaces[ObjectIdentifier(connection)] = name
  }

  func closed(_ connection: ClientConnection) {
    busy[ObjectIdentifier(connection)] = nil
    forget(connection)
  }

  /// It is idle no more.
  private func forget(_ connection: ClientConnection) {
    guard let name = idlePlaces.removeValue(forKey: ObjectIdentifier(connection)) else { return }
    idle[name]?.removeAll { $0 === connection }
    if idle[name]?.isEmpty ?? false { idle[name] = nil }
  }

  /// Somebody has stopped waiting.
  func abandonCompleted() {
    for connection in busy.values { connection.closeIfAbandoned() }
  }

  func closeAll() {
    isShutDown = true
    for connection in Array(busy.values) + idle.values.flatMap({ $0 }) {
      connection.close(.closed)
    }
  }
}
