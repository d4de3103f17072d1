import EmulatorKernel
import PayloadCodecs

extension SequencePackage {
  /// The `config` of a sequence, keys in the hub's order.
  /// Source: hub 1.0.1 on the wire.
  func writeConfig(
    id: String, runtime: String = "process", directory: String = "/package",
    into json: inout JSONWriter, more: (inout JSONWriter) -> Void = { _ in }
  ) {
    json.object { json in
      json.member("type", runtime)
      writeDescription(id: id, runtime: runtime, directory: directory, into: &json)
      more(&json)
    }
  }

  /// The members behind its type.
  /// - Parameter directory: nil: it is in none.
  fileprivate func writeDescription(
    id: String, runtime: String, directory: String?, into json: inout JSONWriter
  ) {
    let isDocker = runtime == "docker"
    if isDocker {
      json.object("container") { json in
        json.member("image", "scramjetorg/runner\(language == "py" ? "-py" : ""):1.0.1")
        json.member("maxMem", 512)
        json.member("exposePortsRange", [30000, 32767])
        json.member("hostIp", "0.0.0.0")
      }
    }
    json.raw(text.front.span)
    json.member("id", id)
    json.member(ifPresent: "sequenceDir", directory)
    let rest = text.rest.span
    if isDocker, let ports {
      // A comma ends what stands in front of them.
      if text.end > 0 { json.raw(rest.extracting(..<(text.end - 1))) }
      json.object("config") { $0.member("ports", ports) }
      json.raw(rest.extracting(text.end...))
    } else {
      json.raw(rest)
    }
  }
}

extension StoreItem {
  /// An entry of the store's list.
  func writeListed(into json: inout JSONWriter) {
    package.value.writeConfig(id: id, directory: "", into: &json) { json in
      json.member("_filename", fileName)
      json.member("_fileId", id)
    }
  }

  /// The answer to a PUT.
  func writeStored(into json: inout JSONWriter) {
    json.object { json in
      json.member("etag", tag)
      json.member("versionId", "0")
      package.value.writeDescription(
        id: id, runtime: "process", directory: nil, into: &json)
    }
  }
}
