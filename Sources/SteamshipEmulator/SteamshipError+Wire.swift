import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension SteamshipError {
  /// **Shape**: `{"status": {"state": "failed", "statusMessage": …, "statusSuggestion": …,
  /// "statusCode": …}}`, which the SDK raises whatever the HTTP status is; and the same again in the
  /// words of the documentation's page "HTTP Operation" (`task.taskState`, `task.taskMessage`).
  ///
  /// Source: SDK `base/client.py`, `call`; contract §1.4.
  var response: Response {
    var json = JSONWriter()
    json.object { json in
      json.key("status")
      json.object { json in
        json.member("state", "failed")
        json.member("statusMessage", message)
        json.member(ifPresent: "statusSuggestion", suggestion)
        json.member("statusCode", code)
      }
      json.key("task")
      json.object { json in
        json.member("taskState", "failed")
        json.member("taskMessage", message)
      }
    }
    return SteamshipWire.json(json.bytes, Status(status))
  }
}

enum SteamshipWire {
  /// Shared by all JSON answers.
  private static let jsonFields = Fields(["Content-Type": "application/json; charset=utf-8"])

  static func json(_ content: [UInt8], _ status: Status = .ok) -> Response {
    Response(status, fields: jsonFields, body: .bytes(content))
  }

  /// `{"data": …}`.
  static func data(_ value: JSON) -> Response {
    var json = JSONWriter()
    json.object { $0.member("data", value) }
    return self.json(json.bytes)
  }
}
