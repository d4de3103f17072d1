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

  /// - Parameters:
  ///   - authority: host and port of the server.
  ///   - certificates: nil: there is no TLS, and so no proxy for https.
  init(
    baseURL: String, authority: String, tenant: String, certificates: Certificates?
  ) {
    let isDefault = tenant == "default"
    variables =
      ClientEnvironment(baseURL: baseURL, tenant: isDefault ? nil : tenant).variables
      + [("WAVETANK_TENANT", tenant)]
    // A password, if an empty one: some clients leave a user name without any out.
    let proxy = "http://\(tenant):@\(authority)"
    let direct = "localhost,127.0.0.1,::1"
    var names = ["HTTP_PROXY": proxy]
    if let certificates {
      names["HTTPS_PROXY"] = proxy
      for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
        variables.append((name, certificates.bundle))
      }
      variables.append(("NODE_EXTRA_CA_CERTS", certificates.authority))
      variables.append(
        ("JAVA_TOOL_OPTIONS", Self.javaOptions(authority, certificates.javaTrustStore)))
    }
    for name in names.keys.sorted() {
      variables.append((name, proxy))
      variables.append((name.lowercased(), proxy))
    }
    variables += [("NO_PROXY", direct), ("no_proxy", direct), ("NODE_USE_ENV_PROXY", "1")]
  }

  struct Certificates {
    var authority: String
    var bundle: String
    var javaTrustStore: String
  }

  private static func javaOptions(_ authority: String, _ trustStore: String) -> String {
    let colon = authority.lastIndex(of: ":") ?? authority.endIndex
    let (host, port) = (authority[..<colon], authority[colon...].dropFirst())
    let proxies = ["https", "http"].map { "-D\($0).proxyHost=\(host) -D\($0).proxyPort=\(port)" }
    let own =
      proxies.joined(separator: " ") + " -Dhttp.nonProxyHosts=localhost|127.*|[::1]"
      + " -Djavax.net.ssl.trustStore=\(trustStore) -Djavax.net.ssl.trustStoreType=PKCS12"
    return Terminal.environment("JAVA_TOOL_OPTIONS").map { "\($0) \(own)" } ?? own
  }

  /// All of the program's variables: ours in place of those of the same name.
  var block: [String] {
    let own = variables.map(\.name)
    let kept = ProcessInfo.processInfo.environment
      .filter { !own.contains($0.key) && $0.key != "ALL_PROXY" && $0.key != "all_proxy" }
      .map { "\($0.key)=\($0.value)" }
    return kept.sorted() + variables.map { "\($0.name)=\($0.value)" }
  }
}
