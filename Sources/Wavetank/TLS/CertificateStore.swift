import EmulatorKernel
import Glibc
import PayloadCodecs
import TLSLayer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The certificate authority of this user on this machine, in files: made on first use.
///
/// **Shape**: `ca.pem`; `ca.key`, which only the user may read; `bundle.pem`, the CA and the system's
/// roots, for clients whose setting replaces those.
public struct CertificateStore: Sendable {
  public let directory: String
  /// The names that the CA may sign for, and all names below them.
  private let names: [String]
  /// Whether some of them are the user's own (`--intercept`): a CA that lies there may lack them.
  private let hasOwnNames: Bool
  /// Whether it is of another server: a certificate to trust, without a key.
  private let isForeign: Bool

  /// Why there is no CA to use, in a sentence for people.
  public struct Problem: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  public var certificatePath: String { directory + "/ca.pem" }
  public var keyPath: String { directory + "/ca.key" }
  public var bundlePath: String { directory + "/bundle.pem" }

  /// - Parameter configuration: says where, and for which vendors' names.
  public init(_ configuration: Configuration) throws(Problem) {
    guard let directory = configuration.caDirectory ?? Self.stateDirectory else {
      throw Problem(
        description:
          "there is no place for the CA: neither XDG_STATE_HOME nor HOME is set. Give one with --ca-dir DIR."
      )
    }
    // Programs that are told of it may change to another folder.
    self.directory =
      directory.hasPrefix("/")
      ? directory : FileManager.default.currentDirectoryPath + "/" + directory
    let hosts =
      Emulator.services(configuration).flatMap(\.hostNames)
      + configuration.intercepted.map(\.pattern)
    var names: [String] = ["localhost"]
    for host in hosts {
      let name = host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
      if !names.contains(name) { names.append(name) }
    }
    self.names = names
    hasOwnNames = !configuration.intercepted.isEmpty
    isForeign = false
  }

  /// The CA of another server, for programs that shall trust it.
  /// - Parameters:
  ///   - certificate: PEM.
  ///   - directory: an empty one, which is filled.
  package init(foreign certificate: [UInt8], in directory: String) throws(Problem) {
    self.directory = directory
    (names, hasOwnNames, isForeign) = ([], false, true)
    try writeBundle(with: certificate)
    try write(certificate, to: certificatePath, mode: 0o644)
    _ = try hashName()
  }

  /// The user's own, by the XDG Base Directory Specification.
  private static var stateDirectory: String? {
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") {
      return state + "/wavetank"
    }
    return environment("HOME").map { $0 + "/.local/state/wavetank" }
  }

  /// Nil where it is empty, too.
  static func environment(_ name: String) -> String? {
    // SAFETY: nobody changes the environment of this process; the text is copied at once.
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// What is wrong with the CA that lies there, or soon will be; nil: nothing, or there is none yet. A key that
  /// others can read is closed to them.
  public func complaint(now: Int = Self.wallSeconds()) -> String? {
    guard TLSLibrary.lack == nil, exists else { return nil }
    if let loose = guardKey() { return loose }
    guard needsLook(now: now) else { return nil }
    do throws(Problem) {
      let authority = try load(now: now)
      if let host = names.first(where: { !authority.covers($0) }) {
        return
          "the CA in \(directory) may not sign for \(host): clients will refuse it there. Make one that may with “wavetank ca renew --intercept \(host)=SERVICE”, and trust it anew."
      }
      let days = (authority.ends - now) / 86_400
      guard days < Self.warnedDays else { return nil }
      return
        "the CA in \(directory) is over in \(days) days. Make a new one with “wavetank ca renew”, and trust it anew."
    } catch {
      return error.description
    }
  }

  private static let warnedDays = 30

  /// Gives a key that others can read back to its owner alone; says so, nil where nothing was to be done.
  public func guardKey() -> String? {
    var status = stat()
    // SAFETY: the call writes to a local; the strings live for the calls.
    guard unsafe stat(keyPath, &status) == 0, status.st_mode & 0o077 != 0 else { return nil }
    let outcome =
      unsafe chmod(keyPath, 0o600) == 0
      ? "it is its owner's alone again" : "and it cannot be taken from them"
    return
      "others could read \(keyPath), the key of the CA: \(outcome). If somebody has it, make a new one with “wavetank ca renew”, and trust it anew."
  }

  /// Whether a look at the files alone leaves a doubt. It costs a server without TLS next to nothing.
  private func needsLook(now: Int) -> Bool {
    guard !hasOwnNames, FileManager.default.isReadableFile(atPath: keyPath),
      let text = FileManager.default.contents(atPath: certificatePath),
      let certificate = PEM.certificates(in: Array(text)).first,
      let end = CertificateDates.end(certificate)
    else { return true }
    return (end - now) / 86_400 < Self.warnedDays
  }

  /// Makes the CA, unless there is one. Its files are there afterwards.
  public func prepare() throws(Problem) { if !isForeign { _ = try authority() } }

  /// Makes a new CA in place of the one there; clients must trust it anew.
  public func renew() throws(Problem) {
    try checkLibrary()
    try locked { () throws(Problem) in try make(now: Self.wallSeconds()) }
  }

  /// When the CA is over, as seconds since 1970.
  public func end() throws(Problem) -> Int { try authority().ends }

  /// The name by which OpenSSL looks for the CA in a folder of roots, without the number behind it.
  package func hashName() throws(Problem) -> String {
    try prepare()
    do {
      let hash = try CertificateAuthority.subjectHash(ofPEM: try content(certificatePath))
      let digits = String(hash, radix: 16)
      return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    } catch let error as TLSError {
      throw Problem(description: error.description)
    } catch let error as Problem {
      throw error
    } catch {
      throw Problem(description: "\(error)")
    }
  }

  /// What serves TLS by this CA.
  func serverContext() throws(Problem) -> TLSServerContext {
    let authority = try authority()
    do {
      return try TLSServerContext(authority, now: { Self.wallSeconds() })
    } catch {
      throw Problem(description: error.description)
    }
  }

  /// A trust store for Java: the CA and the system's roots, without a password.
  public func javaTrustStore() throws(Problem) -> [UInt8] {
    try prepare()
    guard let bundle = FileManager.default.contents(atPath: bundlePath) else {
      throw Problem(description: "cannot read \(bundlePath)")
    }
    return JavaTrustStore.pkcs12(certificates: PEM.certificates(in: Array(bundle)))
  }

  public static func wallSeconds() -> Int {
    var time = timespec()
    // SAFETY: the pointer is to a local.
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return time.tv_sec
  }

  // MARK: The files

  private var lockPath: String { directory + "/lock" }
  private var exists: Bool { FileManager.default.fileExists(atPath: certificatePath) }
  private var isBundled: Bool { FileManager.default.fileExists(atPath: bundlePath) }

  private func checkLibrary() throws(Problem) {
    if let lack = TLSLibrary.lack { throw Problem(description: lack) }
  }

  private func authority() throws(Problem) -> CertificateAuthority {
    try checkLibrary()
    let now = Self.wallSeconds()
    if !exists || !isBundled {
      if !exists { try refuseForeign() }
      // Programs that begin at once make one CA, and never write one file together.
      try locked { () throws(Problem) in
        if !exists {
          try make(now: now)
        } else if !isBundled {
          try writeBundle(with: content(certificatePath))
        }
      }
    }
    return try load(now: now)
  }

  /// A key or a bundle without the CA's certificate is left by a program that was ended while it made
  /// them, or it is none of ours. The lock is the first thing that ours make, so it is looked for last.
  private func refuseForeign() throws(Problem) {
    let files = FileManager.default
    guard let found = [keyPath, bundlePath].first(where: { files.fileExists(atPath: $0) }),
      !files.fileExists(atPath: lockPath)
    else { return }
    throw Problem(
      description:
        "\(found) lies there without \(certificatePath). Give another place for the CA with --ca-dir DIR, or make a new one over it with “wavetank ca renew”."
    )
  }

  private func content(_ path: String) throws(Problem) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Problem(
        description:
          "cannot read \(path). Give another place for the CA with --ca-dir DIR, or make a new one with “wavetank ca renew”."
      )
    }
    return Array(data)
  }

  private func load(now: Int) throws(Problem) -> CertificateAuthority {
    let (certificate, key) = (try content(certificatePath), try content(keyPath))
    do {
      return try CertificateAuthority.load(certificate: certificate, key: key, now: now)
    } catch {
      throw Problem(
        description:
          "the CA in \(directory) cannot be used: \(error.description). Make a new one with “wavetank ca renew”, and trust it anew."
      )
    }
  }

  private func make(now: Int) throws(Problem) {
    let host = ProcessInfo.processInfo.hostName
    let user = Self.environment("USER") ?? "user \(getuid())"
    do {
      let authority = try CertificateAuthority.make(
        owner: String("\(user) on \(host)".prefix(40)), names: names, now: now)
      // The certificate last: where it lies, all of it does.
      try write(authority.keyPEM(), to: keyPath, mode: 0o600)
      try writeBundle(with: authority.certificatePEM)
      try write(authority.certificatePEM, to: certificatePath, mode: 0o644)
    } catch let error as TLSError {
      throw Problem(description: "cannot make a CA: \(error.description)")
    } catch let error as Problem {
      throw error
    } catch {
      throw Problem(description: "cannot make a CA: \(error)")
    }
  }

  /// Where distributions keep the roots that their programs trust.
  static let rootFiles = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
  ]

  private func writeBundle(with certificate: [UInt8]) throws(Problem) {
    let roots = Self.rootFiles.lazy.compactMap { FileManager.default.contents(atPath: $0) }.first
    try write(certificate + Array(roots ?? Data()), to: bundlePath, mode: 0o644)
  }

  /// Beside its place and renamed, so that a reader never sees half of it, and the key never lies
  /// there for others to read.
  private func write(_ content: [UInt8], to path: String, mode: mode_t) throws(Problem) {
    let draft = path + ".tmp"
    // SAFETY: the strings live for the calls, the bytes are read within their bounds.
    _ = unsafe unlink(draft)
    let file = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard file >= 0 else { throw Self.failure("write", path) }
    defer { _ = close(file) }
    var written = 0
    while written < content.count {
      let count = unsafe content[written...].withUnsafeBytes {
        unsafe Glibc.write(file, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.failure("write", path) }
      written += count
    }
    guard unsafe rename(draft, path) == 0 else { throw Self.failure("write", path) }
  }

  /// Runs `body` while no other program of this user does so here.
  private func locked(_ body: () throws(Problem) -> Void) throws(Problem) {
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch {
      throw Problem(
        description: "cannot make \(directory). Give another place for the CA with --ca-dir DIR.")
    }
    // SAFETY: the string lives for the call.
    let lock = unsafe open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw Self.failure("write", lockPath) }
    defer { _ = close(lock) }
    while flock(lock, LOCK_EX) != 0, errno == EINTR {}
    try body()
  }

  private static func failure(_ attempt: String, _ path: String) -> Problem {
    let code = errno
    // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
    let reason = unsafe String(cString: strerror(code))
    return Problem(
      description:
        "cannot \(attempt) \(path): \(reason). Give another place for the CA with --ca-dir DIR.")
  }
}

/// Certificates as text (RFC 7468).
enum PEM {
  private static let begin = "-----BEGIN CERTIFICATE-----"
  private static let end = "-----END CERTIFICATE-----"

  /// Each one's DER, in order; what is none is passed over.
  static func certificates(in text: [UInt8]) -> [[UInt8]] {
    let (begin, end) = (Array(begin.utf8), Array(end.utf8))
    var found: [[UInt8]] = []
    var place = 0
    // By bytes: read at every start.
    while let start = text.place(of: begin, from: place) {
      let first = start + begin.count
      guard let stop = text.place(of: end, from: first) else { break }
      let digits = text[first..<stop].filter { $0 != 0x20 && !(0x09...0x0D).contains($0) }
      if let bytes = Base64.decode(String(decoding: digits, as: UTF8.self), .exact) {
        found.append(bytes)
      }
      place = stop + end.count
    }
    return found
  }
}

extension [UInt8] {
  fileprivate func place(of text: [UInt8], from start: Int) -> Int? {
    var index = start
    while index + text.count <= count {
      if self[index] == text[0], self[index..<index + text.count].elementsEqual(text) {
        return index
      }
      index += 1
    }
    return nil
  }
}
