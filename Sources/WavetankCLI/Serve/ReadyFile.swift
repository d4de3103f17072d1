import Dispatch
import Glibc
import PayloadCodecs
import Scenarios
import Wavetank

/// The file of `--ready-file`: there while this server is ready, and at no other time.
///
/// **Shape**: `{"port":7070,"pid":4711}` and a line end; where services have ports of their own, with
/// `"ports":{"scramjet":7071}`. `-`, a FIFO or a device gets the same, once.
struct ReadyFile {
  let path: String

  init(_ path: String) { self.path = path }

  /// Why it cannot be written: the server does not start for whoever waits for it.
  struct Problem: Error, CustomStringConvertible {
    let reason: FileError
    var description: String { "the ready file of --ready-file is missing: \(reason)" }
  }

  private var isFile: Bool { path != "-" && !FileContent.isSpecial(path) }

  /// Before anything is loaded: what an earlier server left is taken away, lest somebody reads its
  /// port, and that the file can be written is tried.
  func prepare(port: UInt16) throws(Problem) {
    guard isFile, !belongsToAnother(port: port) else { return }
    // Under another name: whoever waits for the file must not find an empty one.
    let trial = "\(path).\(getpid()).tmp"
    do {
      try FileContent.checkWritable(path)
      try FileContent.write([], to: trial)
    } catch {
      throw Problem(reason: FileError(call: "write", path: path, code: error.code))
    }
    // SAFETY: the string lives for the call.
    _ = unsafe unlink(trial)
    takeAway()
  }

  /// The file, not a link that leads to it; emptied where it must stay (one file of another machine,
  /// mounted into a container).
  private func takeAway() {
    let file = FileContent.place(path)
    // SAFETY: the strings live for the calls.
    if unsafe unlink(file) < 0, errno != ENOENT { _ = unsafe truncate(file, 0) }
  }

  /// Whether another server that lives has said so there, and holds the port that we would take: then
  /// it is we who will not become ready.
  private func belongsToAnother(port: UInt16) -> Bool {
    guard let place, place.pid != getpid(), kill(place.pid, 0) == 0 else { return false }
    return place.port == port
  }

  private var place: (port: UInt16, pid: Int32)? {
    guard let bytes = try? FileContent.read(path), let json = try? JSON(parsing: bytes),
      let port = json["port"]?.intValue.flatMap(UInt16.init(exactly:)),
      let pid = json["pid"]?.intValue.flatMap(Int32.init(exactly:)), pid > 0
    else { return nil }
    return (port, pid)
  }

  func write(_ emulator: Emulator) throws(Problem) {
    let text = Array(Self.text(emulator).utf8)
    guard !isFIFO else {
      // Until somebody reads it nobody else is to wait: neither who asks us nor who ends us.
      return DispatchQueue.global().async { [path] in
        do throws(FileError) { try FileContent.write(text, to: path) } catch {
          Terminal.complain("\(Problem(reason: error))")
        }
      }
    }
    do {
      try FileContent.write(text, to: path)
    } catch {
      throw Problem(reason: error)
    }
  }

  private var isFIFO: Bool {
    var found = stat()
    // SAFETY: string and structure live for the call.
    return unsafe stat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFIFO
  }

  static func text(_ emulator: Emulator) -> String {
    let own = emulator.servicePorts.map { "\"\($0.service)\":\($0.port)" }.joined(separator: ",")
    return "{\"port\":\(emulator.port),\"pid\":\(getpid())"
      + (own.isEmpty ? "" : ",\"ports\":{\(own)}") + "}\n"
  }

  /// At the end: unless another server has put its own there.
  func remove() {
    guard isFile, place?.pid == getpid() else { return }
    takeAway()
  }
}

/// What `--print` prints once the server is ready.
enum Printed: String, CaseIterable {
  case url, port, json, env

  func text(_ emulator: Emulator) -> String {
    switch self {
    case .url: emulator.baseURL + "\n"
    case .port: "\(emulator.port)\n"
    case .json: ReadyFile.text(emulator)
    case .env: ClientEnvironment(emulator).text(for: .sh)
    }
  }
}
