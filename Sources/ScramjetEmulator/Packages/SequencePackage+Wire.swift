import EmulatorKernel
import PayloadCodecs

extension SequencePackage {
  /// The `config` of a sequence, keys in the hub's order.
  /// Source: hub 1.0.1 on the wire.
  func config(
    id: String, runtime: String = "process", directory: String = "/package"
  ) -> JSONObject {
    var config: JSONObject = ["type": .string(runtime)]
    if runtime == "docker" {
      config["container"] = [
        "image": .string("scramjetorg/runner\(language == "py" ? "-py" : ""):1.0.1"),
        "maxMem": 512, "exposePortsRange": [30000, 32767], "hostIp": "0.0.0.0",
      ]
    }
    config["engines"] = .object(engines)
    config["entrypointPath"] = .string(main)
    config["version"] = .string(version)
    config["name"] = .string(name)
    config["id"] = .string(id)
    config["sequenceDir"] = .string(directory)
    if let description { config["description"] = .string(description) }
    if let author { config["author"] = .string(author) }
    if let keywords { config["keywords"] = keywords }
    if let arguments { config["args"] = arguments }
    if let repository { config["repository"] = repository }
    if runtime == "docker", let ports { config["config"] = ["ports": ports] }
    config["language"] = .string(language)
    config["packageSize"] = .integer(byteCount)
    return config
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
