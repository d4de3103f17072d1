import Glibc
import Wavetank

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The system's files as an isolated program sees them: its name server, its hosts, its trusted roots.
///
/// They lie in a folder of this run, which is gone with it.
struct IsolatedFiles {
  /// What is put over what.
  private(set) var covers: [(source: String, target: String)] = []
  let folder: String

  /// Folders of roots that OpenSSL searches by name; what lies in them besides is what it says.
  private static let rootFolders = ["/etc/ssl/certs", "/etc/pki/tls/certs"]
  private static let rootFiles = [
    "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  ]
  private static let bundleNames = ["ca-certificates.crt", "ca-bundle.crt"]
  private static let javaFiles = ["/etc/pki/ca-trust/extracted/java/cacerts"]

  /// - Parameters:
  ///   - hostName: this machine's own.
  ///   - passed: the name server knows of these.
  ///   - certificates: nil: there is no TLS.
  init(
    hostName: String, passed: [PassedHost], certificates: ProgramEnvironment.Certificates?
  ) throws(ChildProcess.Failure) {
    folder = try Self.makeFolder()
    do {
      try put("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", over: "/etc/resolv.conf")
      try put(Self.hosts(hostName, passed), over: "/etc/hosts")
      // Name services that ask a daemon of the machine would pass our name server by.
      if let content = Self.text("/etc/nsswitch.conf") {
        try put(Self.withoutDaemons(content), over: "/etc/nsswitch.conf")
      }
      cover("/run/nscd/socket", with: "/dev/null")
      if let certificates { try trust(certificates) }
    } catch {
      remove()
      throw ChildProcess.Failure(
        status: 1, description: "cannot write the files of --isolated in \(folder): \(error)")
    }
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  static func makeFolder() throws(ChildProcess.Failure) -> String {
    let parent = Terminal.environment("TMPDIR") ?? "/tmp"
    var template = Array("\(parent)/wavetank-run-XXXXXX".utf8CString)
    // SAFETY: the text is ours and ends with a NUL; the call writes within it.
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) }
    }
    guard let made else {
      // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
      let reason = unsafe String(cString: strerror(errno))
      throw ChildProcess.Failure(
        status: 1, description: "cannot make a folder for this run in \(parent): \(reason)")
    }
    return made
  }

  private static func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Where a path leads; nil: nowhere, so that nothing needs to be covered there.
  private static func resolved(_ path: String) -> String? {
    // SAFETY: the library's text is copied and freed.
    guard let pointer = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(pointer) }
    return unsafe String(cString: pointer)
  }

  private mutating func cover(_ target: String, with source: String) {
    guard let place = Self.resolved(target), !covers.contains(where: { $0.target == place })
    else { return }
    covers.append((source, place))
  }

  private mutating func put(_ content: String, over target: String) throws {
    let path = folder + "/" + target.split(separator: "/").joined(separator: "-")
    try FileContent.write(Array(content.utf8), to: path)
    // Whoever the program becomes reads it.
    _ = unsafe chmod(path, 0o644)
    cover(target, with: path)
  }

  /// What of the machine's own names is loopback stays; other addresses lead nowhere.
  private static func hosts(_ hostName: String, _ passed: [PassedHost]) -> String {
    let standard = "127.0.0.1 localhost \(hostName)\n::1 localhost ip6-localhost ip6-loopback\n"
    let kept = (text("/etc/hosts") ?? "").split(separator: "\n").filter { line in
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let address = words.first, address.hasPrefix("127.") || address == "::1" else {
        return false
      }
      return !words.dropFirst().contains { word in passed.contains { $0.matches(String(word)) } }
    }
    return standard + kept.map { $0 + "\n" }.joined()
  }

  private static func withoutDaemons(_ configuration: String) -> String {
    let lines = configuration.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { $0.hasPrefix("hosts:") ? "hosts: files dns" : String($0) }
      .joined(separator: "\n")
  }

  // MARK: Roots

  private mutating func trust(_ certificates: ProgramEnvironment.Certificates) throws {
    for (index, path) in Self.rootFolders.enumerated() {
      guard let place = Self.resolved(path), !covers.contains(where: { $0.target == place })
      else { continue }
      let copy = "\(folder)/roots-\(index)"
      try Self.copy(place, to: copy, depth: 2)
      let own = try FileContent.read(certificates.authority)
      var number = 0
      while FileManager.default.fileExists(atPath: "\(copy)/\(certificates.hashName).\(number)") {
        number += 1
      }
      try FileContent.write(own, to: "\(copy)/\(certificates.hashName).\(number)")
      try FileContent.write(own, to: "\(copy)/wavetank.pem")
      for name in Self.bundleNames where Self.resolved("\(place)/\(name)") != nil {
        try replace("\(copy)/\(name)", with: certificates.bundle)
      }
      if Self.resolved("\(place)/java/cacerts") != nil {
        try replace("\(copy)/java/cacerts", with: certificates.javaTrustStore)
      }
      covers.append((copy, place))
    }
    for path in Self.rootFiles { coverOutside(path, with: certificates.bundle) }
    for path in Self.javaFiles { coverOutside(path, with: certificates.javaTrustStore) }
  }

  /// What leads into a folder that is covered is covered with it.
  private mutating func coverOutside(_ target: String, with source: String) {
    guard let place = Self.resolved(target),
      !covers.contains(where: { place.hasPrefix($0.target + "/") })
    else { return }
    cover(target, with: source)
  }

  private func replace(_ path: String, with source: String) throws {
    try? FileManager.default.removeItem(atPath: path)
    try FileContent.write(try FileContent.read(source), to: path)
    _ = unsafe chmod(path, 0o644)
  }

  /// Links stay links; what cannot be read is not there.
  private static func copy(_ source: String, to target: String, depth: Int) throws {
    let files = FileManager.default
    try files.createDirectory(
      atPath: target, withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o755])
    for name in (try? files.contentsOfDirectory(atPath: source)) ?? [] {
      let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
      if let link = try? files.destinationOfSymbolicLink(atPath: from) {
        try files.createSymbolicLink(atPath: to, withDestinationPath: link)
      } else if let inner = try? files.contentsOfDirectory(atPath: from), depth > 0 {
        _ = inner
        try copy(from, to: to, depth: depth - 1)
      } else if let content = files.contents(atPath: from) {
        try content.write(to: URL(fileURLWithPath: to))
        _ = unsafe chmod(to, 0o644)
      }
    }
  }
}
