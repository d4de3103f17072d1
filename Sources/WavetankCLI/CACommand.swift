import Wavetank

extension Command {
  static let caFlag = Flag(
    "--ca-dir", value: "DIR", "Where the CA lies (~/.local/state/wavetank).")

  static let interceptFlag = Flag(
    "--intercept", value: "HOST=SERVICE",
    "Answer for this host, too, also as a proxy; *.example.com covers all below it.",
    isRepeated: true)

  static let passthroughFlag = Flag(
    "--passthrough", value: "HOST",
    "Let tunnels (CONNECT) through to this host, unread: HOST, *.HOST, HOST:PORT.",
    isRepeated: true)

  /// Which hosts are answered for, and which are let through.
  static func hosts(
    _ arguments: CommandLineArguments, _ configuration: inout Configuration
  ) throws(UsageError) {
    try intercept(arguments, &configuration)
    for text in arguments.all("--passthrough") where !configuration.passThrough(text) {
      throw UsageError("--passthrough must be HOST, *.HOST or HOST:PORT, not “\(text)”.")
    }
  }

  static func intercept(
    _ arguments: CommandLineArguments, _ configuration: inout Configuration
  ) throws(UsageError) {
    for text in arguments.all("--intercept") where !configuration.intercept(text) {
      let services = Emulator.serviceNames.joined(separator: ", ")
      throw UsageError("--intercept must be HOST=SERVICE with one of \(services), not “\(text)”.")
    }
  }

  enum CAAction: String, CaseIterable { case path, export, install, renew }

  static let ca = Command(
    name: "ca",
    summary:
      "The certificate authority behind https: where it lies, how programs come to trust it.",
    operands: "[path|export|install|renew]",
    flags: [
      caFlag, interceptFlag,
      Flag("--install", "As “ca install”: what makes this system trust the CA."),
      Flag("--pkcs12", value: "FILE", "With export: a trust store for Java, without a password."),
    ],
    examples: [
      "wavetank ca", "curl --cacert \"$(wavetank ca path)\" https://127.0.0.1:7070/",
      "wavetank ca export --pkcs12 wavetank.p12", "wavetank ca install",
    ],
    run: { arguments throws(UsageError) in
      var words = arguments.positionals
      if arguments.has("--install") { words.append("install") }
      guard words.count <= 1 else { throw UsageError("ca does one thing at a time.") }
      let known = CAAction.allCases.map(\.rawValue)
      let action = try words.first.map { word throws(UsageError) in
        guard let action = CAAction(rawValue: word) else {
          throw UsageError(CommandLineArguments.unknown(word, among: known))
        }
        return action
      }
      if arguments.has("--pkcs12"), action != .export {
        throw UsageError("--pkcs12 belongs to “wavetank ca export”.")
      }
      var configuration = Configuration()
      configuration.caDirectory = arguments.value("--ca-dir")
      try intercept(arguments, &configuration)
      do {
        let store = try CertificateStore(configuration)
        if action == .renew {
          try store.renew()
          Terminal.complain("servers that run show the old CA until they are started anew.")
        } else {
          try store.prepare()
        }
        if let loose = store.guardKey() { Terminal.complain(loose) }
        try perform(action, store, arguments)
        return 0
      } catch {
        Terminal.complain("\(error)")
        return 1
      }
    })

  private static func perform(
    _ action: CAAction?, _ store: CertificateStore, _ arguments: CommandLineArguments
  ) throws {
    switch action {
    case .path: Terminal.say(store.certificatePath)
    case .export:
      guard let file = arguments.value("--pkcs12") else {
        return Terminal.put(try FileContent.read(store.certificatePath))
      }
      try FileContent.write(try store.javaTrustStore(), to: file)
    case .install: Terminal.put(installation(store))
    case nil, .renew:
      Terminal.put(
        """
        \(store.certificatePath)   the CA alone
        \(store.bundlePath)   the CA and this system's roots
        \(store.keyPath)   its key, which nobody else may have

        """)
    }
  }

  /// What the stores of the usual systems need; nothing is changed without their user.
  private static func installation(_ store: CertificateStore) -> String {
    let path = ClientEnvironment.Shell.sh.quoted(store.certificatePath)
    let bundle = ClientEnvironment.Shell.sh.quoted(store.bundlePath)
    return """
      # Programs can be told one by one, without changing the system:
      export SSL_CERT_FILE=\(bundle) REQUESTS_CA_BUNDLE=\(bundle)
      export CURL_CA_BUNDLE=\(bundle) NODE_EXTRA_CA_CERTS=\(path)
      # Debian, Ubuntu:
      sudo cp \(path) /usr/local/share/ca-certificates/wavetank.crt && sudo update-ca-certificates
      # Fedora, RHEL:
      sudo cp \(path) /etc/pki/ca-trust/source/anchors/wavetank.pem && sudo update-ca-trust
      # Arch:
      sudo trust anchor \(path)
      # Java:
      wavetank ca export --pkcs12 wavetank.p12
      export JAVA_TOOL_OPTIONS='-Djavax.net.ssl.trustStore=wavetank.p12 -Djavax.net.ssl.trustStoreType=PKCS12'

      """
  }
}
