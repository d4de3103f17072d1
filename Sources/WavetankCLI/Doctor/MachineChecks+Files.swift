import Glibc
import HTTPModel
import Wavetank

/// Files and variables.
extension MachineChecks {
  // MARK: The data directory

  func data() -> [Finding] {
    guard let directory = configuration.dataDirectory else { return [] }
    let what = "data directory"
    guard let mode = Self.mode(directory) else {
      let parent = directory.contains("/") ? directory.split(separator: "/").dropLast() : []
      let place = (directory.hasPrefix("/") ? "/" : "./") + parent.joined(separator: "/")
      return [
        Self.isWritable(place)
          ? .ok(what, "\(directory) will be made")
          : .wrong(
            what, "\(directory) is not there, and cannot be made in \(place)",
            do: "Make it, or give another with --data DIR.")
      ]
    }
    guard mode & S_IFMT == S_IFDIR else {
      return [.wrong(what, "\(directory) is no directory", do: "Give one with --data DIR.")]
    }
    guard Self.isWritable(directory) else {
      return [
        .wrong(
          what, "\(directory) cannot be written", do: "chown it, or give another with --data DIR.")
      ]
    }
    var findings: [Finding] = []
    if Self.isLocked(directory + "/.lock") {
      findings.append(
        .wrong(
          what, "\(directory) is in use by another server",
          do: "Stop that one, or give another directory with --data DIR."))
    }
    if let free = Self.freeMegabytes(directory), free < 1024 {
      let found = "\(free) MiB are left where \(directory) is"
      findings.append(
        free < 16
          ? .wrong(what, found, do: "Make room: worlds cannot be saved.")
          : .warn(what, found, do: "Make room before worlds can no longer be saved."))
    }
    let aside = Self.names(in: directory).filter {
      $0.contains(".damaged-") || $0.contains(".changed-")
    }
    if !aside.isEmpty {
      findings.append(
        .warn(
          what, "files were set aside: \(aside.sorted().prefix(5).joined(separator: ", "))",
          do: "Look at them, and remove them when they are of no use."))
    }
    return findings.isEmpty ? [.ok(what, "\(directory) can be written")] : findings
  }

  private static func mode(_ path: String) -> mode_t? {
    var found = stat()
    // SAFETY: string and structure live for the call.
    return unsafe stat(path, &found) == 0 ? found.st_mode : nil
  }

  /// What is there of a path: itself, or the first above it that exists.
  private static func nearestPlace(to path: String) -> String {
    var place = path
    while mode(place) == nil {
      guard let slash = place.lastIndex(of: "/") else { return "." }
      if slash == place.startIndex { return "/" }
      place = String(place[..<slash])
    }
    return place
  }

  private static func isLocked(_ path: String) -> Bool {
    // SAFETY: the string lives for the call.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return false }
    defer { _ = close(file) }
    return flock(file, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK
  }

  static func names(in directory: String) -> [String] {
    // SAFETY: the stream is closed before the function returns; an entry is read before the next
    // call on the same stream.
    guard let stream = unsafe opendir(directory) else { return [] }
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      // Where it lies: an entry is as long as its name, not as its type says.
      names.append(
        unsafe withUnsafePointer(to: &entry.pointee.d_name.0) { unsafe String(cString: $0) })
    }
    return names
  }

  // MARK: The CA

  func authority() -> [Finding] {
    let what = "CA"
    let store: CertificateStore
    do {
      store = try CertificateStore(configuration)
    } catch {
      return [.wrong(what, error.description, do: "Or set HOME.")]
    }
    guard Self.mode(store.certificatePath) != nil else {
      let place = Self.nearestPlace(to: store.directory)
      guard Self.isWritable(place) else {
        return [
          .wrong(
            what, "it cannot be made in \(store.directory): \(place) cannot be written",
            do: "Give another place with --ca-dir DIR.")
        ]
      }
      return [
        .ok(
          what,
          "none yet: the first client of https, or “wavetank ca”, makes it in \(store.directory)")
      ]
    }
    // First, since what complains of such a key closes it.
    if let mode = Self.mode(store.keyPath), mode & 0o077 != 0 {
      return [
        .wrong(
          what,
          "others may read its key, \(store.keyPath): whoever has it can pose as the vendors to this user",
          do: "chmod 600 \(store.keyPath), and better “wavetank ca renew”.")
      ]
    }
    if let complaint = store.complaint() {
      return [.wrong(what, complaint, do: "See “wavetank ca”.")]
    }
    do {
      let days = (try store.end() - CertificateStore.wallSeconds()) / 86_400
      return [.ok(what, "\(store.directory), for \(days) days more")]
    } catch {
      return [.wrong(what, error.description, do: "See “wavetank ca”.")]
    }
  }

  // MARK: Proxies

  /// Clients that obey these would look for this server at somebody else's.
  func proxies() -> [Finding] {
    let names = [
      "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
    ]
    let set = names.compactMap { name in Terminal.environment(name).map { (name, $0) } }
    guard !set.isEmpty else { return [.ok("proxies", "none is set")] }
    let spared = (Terminal.environment("no_proxy") ?? Terminal.environment("NO_PROXY") ?? "")
      .split { $0 == "," || $0 == " " }.map(String.init)
    let missing = ["localhost", "127.0.0.1"].filter { host in
      !spared.contains { $0 == "*" || $0 == host || (host == "127.0.0.1" && $0 == "127.0.0.0/8") }
    }
    // One that leads here is what `run` sets.
    let away = set.filter { !Self.isLoopback($0.1) }
    guard !missing.isEmpty, !away.isEmpty else {
      return [.ok("proxies", set.map(\.0).joined(separator: ", ") + ": loopback is not theirs")]
    }
    return [
      .wrong(
        "proxies",
        "\(away.map(\.0).joined(separator: ", ")): calls to \(missing.joined(separator: " and ")) go to that proxy",
        do: "export NO_PROXY=localhost,127.0.0.1,::1 no_proxy=localhost,127.0.0.1,::1")
    ]
  }

  private static func isLoopback(_ proxy: String) -> Bool {
    guard let authority = RequestTarget(proxy).authority else { return false }
    let host = authority.split(separator: "@").last.map(String.init) ?? authority
    return ["127.", "localhost", "[::1]"].contains { host.hasPrefix($0) }
  }

  // MARK: What clients read

  /// Bundles that are not there make every https call fail; bases that lead elsewhere make a test call
  /// the real cloud.
  func variables() -> [Finding] {
    var findings: [Finding] = []
    for name in [
      "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS",
    ] {
      guard let path = Terminal.environment(name), unsafe access(path, R_OK) != 0 else { continue }
      findings.append(
        .wrong(
          name, "names \(path), which cannot be read: every https call will fail",
          do: "unset \(name), or eval \"$(wavetank env)\" anew."))
    }
    for (name, _) in ClientEnvironment(baseURL: ServerURL.standard).variables {
      guard let value = Terminal.environment(name),
        value.hasPrefix("http://") || value.hasPrefix("https://"), !Self.isLoopback(value)
      else { continue }
      findings.append(
        .warn(
          name, "leads to \(value), which is not this machine",
          do: "eval \"$(wavetank env)\" where calls are to arrive here."))
    }
    return findings
  }
}
