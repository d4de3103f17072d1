import CodeRuntime
import EmulatorKernel
import HTTPTransport

extension Emulator {
  /// Whether this machine gives out what `--run-code` and `run --isolated` keep programs in.
  public static func keepsCodeFromNetwork() async -> Bool {
    await Launcher(CodeSettings()).keepsNetworkAway()
  }
}

/// What runs the user's own code, where that is asked for.
struct RunningCode: Sendable {
  let host: InvocableHost
  let sequences: SequenceHost
  let launcher: Launcher
  let store: CodeStore
  /// Known once the server listens.
  let address = ServerAddress()

  init(_ options: CodeOptions) throws(StartError) {
    let settings = options.settings
    do {
      store = try CodeStore(folder: settings.folder)
    } catch {
      throw .code(error.description)
    }
    launcher = Launcher(settings, address, folder: store.root)
    host = InvocableHost(launcher, store)
    sequences = SequenceHost(launcher, store, address)
  }

  /// The server listens: code finds it from now on.
  func serve(_ server: HTTPServer, at url: String) {
    address.set(port: server.port, url: url) { socket in
      // Code has no share in what programs of this machine may do beside: the control API, calls to others.
      server.adopt(socket, trustsPeers: false)
    }
  }

  /// Ends all that runs.
  func stop() async {
    await host.shutDown()
    await sequences.shutDown()
    store.end()
  }

  /// What the user is to know of how well code is kept in.
  func notice() async -> Notice? {
    guard await !launcher.keepsNetworkAway() else { return nil }
    return Notice(
      text:
        "this machine gives out no network namespaces: code reaches whatever this machine does, "
        + "not only Wavetank (--code-network all says that this is meant)", isProblem: true)
  }
}
