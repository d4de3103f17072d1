import EmulatorKernel
import PayloadCodecs

extension SequencePackage {
  /// The `config` of a sequence, keys in the hub's order.
  /// Source: hub 1.0.1 on the wire.
  func config(
    id: String, runtime: String = "process", directory: String = "/package"
  ) -> JSONObject {
    let isDocker = runtime == "docker"
    let container: JSON = [
      "image": .string("scramjetorg/runner\(language == "py" ? "-py" : ""):1.0.1"),
      "maxMem": 512, "exposePortsRange": [30000, 32767], "hostIp": "0.0.0.0",
    ]
    return JSONObject(withoutNulls: [
      "type": .string(runtime), "container": isDocker ? container : .null,
      "engines": .object(engines), "entrypointPath": .string(main), "version": .string(version),
      "name": .string(name), "id": .string(id), "sequenceDir": .string(directory),
      "description": JSON(description), "author": JSON(author), "keywords": keywords ?? .null,
      "args": arguments ?? .null, "repository": repository ?? .null,
      "config": isDocker ? ports.map { ["ports": $0] } ?? .null : .null,
      "language": .string(language), "packageSize": .integer(byteCount),
    ])
  }
}

extension StoreItem {
  /// An entry of the store's list.
  var listed: JSON {
    var item = package.value.config(id: id, directory: "")
    item["_filename"] = .string(fileName)
    item["_fileId"] = .string(id)
    return .object(item)
  }

  /// The answer to a PUT.
  var stored: JSON {
    var item: JSONObject = ["etag": .string(tag), "versionId": "0"]
    for (key, value) in package.value.config(id: id, directory: "").members
    where key != "type" && key != "sequenceDir" {
      item.members.append((key, value))
    }
    return .object(item)
  }
}
