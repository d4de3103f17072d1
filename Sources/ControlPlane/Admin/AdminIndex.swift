import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What stands at `/` and at `/_wavetank`: where everything is.
enum AdminIndex {
  static func answer(_ call: AdminCall) -> Answer {
    .now(.json(.ok, json(call.options.version, prefix: "", call.pipeline)))
  }

  static func json(_ version: String, prefix: String, _ pipeline: Pipeline) -> [UInt8] {
    guard prefix.isEmpty else { return written(version, prefix: prefix, pipeline) }
    // The one that nearly everybody asks for is kept.
    return pipeline.rendered.text("index/\(version)") {
      written(version, prefix: prefix, pipeline)
    }
  }

  private static func written(
    _ version: String, prefix: String, _ pipeline: Pipeline
  ) -> [UInt8] {
    var json = JSONWriter(reserving: 4096)
    json.object { json in
      json.member("name", "wavetank")
      json.member("version", version)
      json.array("services") { json in
        for name in pipeline.operations.serviceNames { json.value(name) }
      }
      json.array("control") { json in
        for route in AdminRoute.all {
          json.object { json in
            json.member("method", route.method.name)
            json.member("path", "\(prefix)/_wavetank\(route.path)")
            json.member("summary", route.summary)
          }
        }
      }
    }
    return json.bytes
  }
}
