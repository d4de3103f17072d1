import Glibc
import HTTPModel
import HTTPTransport
import PayloadCodecs
import Scenarios
import Wavetank

/// What a server needs of the machine.
struct MachineChecks {
  let configuration: Configuration

  init(_ configuration: Configuration) { self.configuration = configuration }

  func version() -> Finding {
    var name = utsname()
    // SAFETY: the structure lives for the call; its texts end with a NUL.
    unsafe uname(&name)
    let texts = unsafe [
      withUnsafeBytes(of: name.sysname) { unsafe Self.text($0) },
      withUnsafeBytes(of: name.release) { unsafe Self.text($0) },
      withUnsafeBytes(of: name.machine) { unsafe Self.text($0) },
    ]
    return .ok("wavetank", "\(Emulator.version) on \(texts.joined(separator: " "))")
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  // MARK: Port

  /// Taken by a server of ours, it is as it should be.
  func port() async -> [Finding] {
    let what = "port \(configuration.port)"
    var trial = Configuration()
    (trial.host, trial.port, trial.threads) = (configuration.host, configuration.port, 1)
    do {
      let emulator = try await Emulator.start(trial)
      await emulator.stop(within: .zero)
      return [.ok(what, "free on \(configuration.host)")]
    } catch .portInUse {
      let url = "http://\(configuration.host):\(configuration.port)"
      if let version = await runningVersion(url) {
        guard version != Emulator.version else {
          return [.ok(what, "a wavetank server is ready there")]
        }
        return [
          .warn(
            what,
            "a wavetank of version \(version) is ready there, and this is \(Emulator.version)",
            do: "Stop it and start this one, or call it by its own program.")
        ]
      }
      return [
        .wrong(
          what, "in use by another program",
          do: "Stop it, or choose a port with --port N (0 picks a free one).")
      ]
    } catch {
      return [.wrong(what, "\(error)", do: "Give an address of this machine with --host H.")]
    }
  }

  private func runningVersion(_ url: String) async -> String? {
    guard let arguments = try? CommandLineArguments([], flags: []),
      let client = try? ControlClient(ServerURL(url), tenant: nil, arguments),
      (try? await client.isReady(within: .seconds(2))) == true
    else { return nil }
    guard let (status, content) = try? await client.send(.get, "version"), status == 200 else {
      // It asks for a token: ours, or one like it.
      return Emulator.version
    }
    return (try? JSON(parsing: content))?["version"]?.stringValue ?? Emulator.version
  }

  // MARK: Limits

  func limits() -> [Finding] {
    var findings: [Finding] = []
    // The soft limit is raised by the server itself.
    let count = ProcessMemory.descriptorsMax
    findings.append(
      count >= 4_096
        ? .ok("open files", "up to \(count)")
        : .warn(
          "open files", "\(count) at most: so many connections, files and pipes together",
          do: "Raise it: ulimit -Hn 65536, or LimitNOFILE= of the service."))
    let memory = MemoryLimits.now().budget(threads: 8)
    let megabytes = memory >> 20
    findings.append(
      megabytes >= 64
        ? .ok("memory", "\(megabytes) MiB for what clients store and do")
        : .warn(
          "memory", "\(megabytes) MiB for what clients store and do: uploads will be refused early",
          do: "Give the process or its control group more."))
    let folder = Terminal.environment("TMPDIR") ?? "/tmp"
    findings.append(
      Self.isWritable(folder)
        ? .ok("temporary files", folder)
        : .wrong(
          "temporary files", "\(folder) cannot be written", do: "Set TMPDIR to a folder that can."))
    return findings
  }

  /// Also for root, who may write where the file system may not be written.
  static func isWritable(_ folder: String) -> Bool {
    let path = "\(folder)/.wavetank-\(getpid())"
    // SAFETY: the strings live for the calls.
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { return false }
    _ = close(file)
    _ = unsafe unlink(path)
    return true
  }

  /// What is free for us, in MiB; nil: nobody knows.
  static func freeMegabytes(_ folder: String) -> UInt64? {
    var found = statvfs()
    // SAFETY: string and structure live for the call.
    guard unsafe statvfs(folder, &found) == 0 else { return nil }
    return (UInt64(found.f_bavail) &* UInt64(found.f_frsize)) >> 20
  }

  // MARK: Time

  func clock() -> [Finding] {
    let now = CertificateStore.wallSeconds()
    let year = 1970 + now / 31_556_952
    let folders: [String] = ["share", "lib", "share/lib"].map { "/usr/\($0)/zoneinfo" }
    // SAFETY: the string lives for the call.
    let hasZones = (folders + ["/etc/zoneinfo"]).contains { unsafe access($0, R_OK) == 0 }
    return [
      (2024...2100).contains(year)
        ? .ok("clock", "it is \(year)")
        : .wrong(
          "clock", "it is \(year) by this machine's clock: certificates will not be valid",
          do: "Set the time (timedatectl set-ntp true)."),
      hasZones
        ? .ok("time zones", "known")
        : .warn(
          "time zones", "this machine has none: schedules in other zones than UTC are refused",
          do: "Install tzdata."),
    ]
  }

  // MARK: Isolation

  func isolation() async -> Finding {
    await Emulator.keepsCodeFromNetwork()
      ? .ok("namespaces", "given out: --run-code keeps code from the network, run --isolated works")
      : .warn(
        "namespaces",
        "not given out: code of --run-code shares this machine's network, run --isolated is refused",
        do:
          "In a container: --security-opt seccomp=unconfined --cap-add SYS_ADMIN; else sysctl kernel.unprivileged_userns_clone=1 or user.max_user_namespaces above 0."
      )
  }
}
