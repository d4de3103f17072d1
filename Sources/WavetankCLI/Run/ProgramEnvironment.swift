import Glibc
import HTTPModel
import PayloadCodecs
import Wavetank

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What leads an unmodified program to a server: for clients that read a base, the base; for all
/// others a proxy that answers for the vendors, and the authority behind it.
struct ProgramEnvironment {
  private(set) var variables: [(name: String, value: String)]
  let certificates: Certificates?
  /// Of ours, but not of the program.
  private var dropped = ["ALL_PROXY", "all_proxy"]
  /// Of this machine, and not through the proxy.
  private let direct: [String]

  /// - Parameters:
  ///   - authority: host and port of the server; nil: no proxy is needed to come there.
  ///   - intercepted: hosts that go through the proxy although they are of this machine.
  ///   - certificates: nil: there is no TLS. The proxy is for https all the same: what a program says to a
  ///     vendor then fails here, with its keys, in place of going there.
  init(
    baseURL: String, authority: String?, tenant: String, intercepted: [String] = [],
    ports: [(service: String, port: UInt16)] = [], certificates: Certificates?
  ) {
    self.certificates = certificates
    direct = Self.direct(intercepted)
    let isDefault = tenant == "default"
    variables =
      ClientEnvironment(baseURL: baseURL, tenant: isDefault ? nil : tenant, ports: ports).variables
      + [("WAVETANK_TENANT", tenant)]
    if let certificates {
      add(certificates, authority)
    } else if authority != nil {
      variables.append(("JAVA_TOOL_OPTIONS", javaOptions(authority, nil)))
    }
    var proxies = ["HTTP_PROXY", "HTTPS_PROXY"]
    proxies += proxies.map { $0.lowercased() }
    guard let authority else {
      dropped += ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]
      return
    }
    // With a password, which nobody reads: some clients leave a user name without any out, and Python's
    // urllib one whose password is empty, so that its calls would come to the default tenant.
    variables += proxies.map { ($0, "http://\(tenant):any@\(authority)") }
    addDirect()
  }

  private mutating func addDirect() {
    let list = direct.joined(separator: ",")
    variables += [("NO_PROXY", list), ("no_proxy", list), ("NODE_USE_ENV_PROXY", "1")]
  }

  private static func direct(_ intercepted: [String]) -> [String] {
    ["localhost", "127.0.0.1", "::1"].filter { !intercepted.contains($0) }
  }

  /// What replaces the system's roots: requests, curl, OpenSSL and Go; then what a machine may have set for
  /// others, who would not find ours there.
  private static let replacing = [
    "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CA_BUNDLE", "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "HTTPLIB2_CA_CERTS", "HTTPS_CA_FILE",
    "NIX_SSL_CERT_FILE", "PERL_LWP_SSL_CA_FILE", "PIP_CERT",
  ]
  /// What adds to them.
  private static let adding = ["NODE_EXTRA_CA_CERTS", "DENO_CERT"]

  /// wget knows no variable for roots, only one for a file of settings, which stands in the place of the user's.
  private static var hasOwnWgetSettings: Bool {
    if Terminal.environment("WGETRC") != nil { return true }
    return FileManager.default.fileExists(atPath: (Terminal.environment("HOME") ?? "") + "/.wgetrc")
  }

  /// What leads a program to the real services through a proxy: its own bases and keys stay as they are.
  init(recordingThrough authority: String, intercepted: [String], certificates: Certificates) {
    self.certificates = certificates
    direct = Self.direct(intercepted)
    variables = []
    add(certificates, authority)
    let names = ["HTTP_PROXY", "HTTPS_PROXY"]
    variables += (names + names.map { $0.lowercased() }).map { ($0, "http://\(authority)") }
    addDirect()
  }

  private mutating func add(_ certificates: Certificates, _ authority: String?) {
    variables += Self.replacing.map { ($0, certificates.bundle) }
    variables += Self.adding.map { ($0, certificates.authority) }
    if !Self.hasOwnWgetSettings { variables.append(("WGETRC", certificates.wgetSettings)) }
    variables.append(
      ("JAVA_TOOL_OPTIONS", javaOptions(authority, certificates.javaTrustStore)))
  }

  struct Certificates {
    var authority: String
    var bundle: String
    var javaTrustStore: String
    /// They name the bundle.
    var wgetSettings: String
    /// By which OpenSSL looks for the authority in a folder.
    var hashName: String
    /// Of this run alone.
    private var folder: String?

    /// Files of the CA; nil, and why, where there is none.
    init?(_ configuration: Configuration) {
      do {
        let store = try CertificateStore(configuration)
        try store.prepare()
        if let complaint = store.complaint() { Terminal.complain(complaint) }
        try self.init(store)
      } catch {
        Terminal.complain("https does not arrive here, and does not leave either: \(error)")
        return nil
      }
    }

    /// Files of the CA of a server that listens elsewhere: this user's own, if it is that, else of this
    /// run alone; nil, and why, where there is none.
    init?(_ configuration: Configuration, of client: ControlClient) async {
      do {
        let (status, served) = try await client.send(.get, "ca.pem")
        guard status == 200 else {
          let detail = try? JSON(parsing: served)["detail"]?.stringValue
          Terminal.complain(
            "https does not arrive there: \(detail ?? "the server gives no CA (\(status))")")
          return nil
        }
        let own = try? CertificateStore(configuration)
        if let own, let content = try? FileContent.read(own.certificatePath),
          content.elementsEqual(served)
        {
          self.init(configuration)
          return
        }
        let folder = try IsolatedFiles.makeFolder()
        do {
          try self.init(try CertificateStore(foreign: served, in: folder))
        } catch {
          try? FileManager.default.removeItem(atPath: folder)
          throw error
        }
        self.folder = folder
        // Whoever the program becomes reads it.
        _ = unsafe chmod(folder, 0o755)
      } catch {
        Terminal.complain("https does not arrive there: \(error)")
        return nil
      }
    }

    private init(_ store: CertificateStore) throws {
      javaTrustStore = store.directory + "/trust.p12"
      try FileContent.bring(javaTrustStore, to: try store.javaTrustStore())
      wgetSettings = store.directory + "/wgetrc"
      try FileContent.bring(
        wgetSettings, to: Array("ca_certificate = \(store.bundlePath)\n".utf8))
      authority = store.certificatePath
      bundle = store.bundlePath
      hashName = try store.hashName()
    }

    /// After the program's end.
    func remove() { if let folder { try? FileManager.default.removeItem(atPath: folder) } }
  }

  private func javaOptions(_ authority: String?, _ trustStore: String?) -> String {
    var own: [String] = []
    if let authority {
      let colon = authority.lastIndex(of: ":") ?? authority.endIndex
      let (host, port) = (authority[..<colon], authority[colon...].dropFirst())
      own = ["https", "http"].map { "-D\($0).proxyHost=\(host) -D\($0).proxyPort=\(port)" }
      let hosts = direct.map { $0 == "127.0.0.1" ? "127.*" : $0 == "::1" ? "[::1]" : $0 }
      own.append("-Dhttp.nonProxyHosts=\(hosts.joined(separator: "|"))")
    }
    if let trustStore {
      // Java takes the words apart itself, and knows quotes.
      let isOneWord = !trustStore.contains(where: \.isWhitespace)
      own.append("-Djavax.net.ssl.trustStore=" + (isOneWord ? trustStore : "'\(trustStore)'"))
      own.append("-Djavax.net.ssl.trustStoreType=PKCS12")
    }
    let given = Terminal.environment("JAVA_TOOL_OPTIONS").map { [$0] } ?? []
    return (given + own).joined(separator: " ")
  }

  /// All of the program's variables: ours in place of those of the same name, and in front, where
  /// `LeftProcesses` looks for them.
  var block: [String] {
    let own = variables.map(\.name) + dropped
    let kept = ProcessInfo.processInfo.environment.filter { !own.contains($0.key) }
      .map { "\($0.key)=\($0.value)" }
    return variables.map { "\($0.name)=\($0.value)" } + kept.sorted()
  }
}
