import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// A journal as an HTTP Archive, for a browser's developer tools.
/// Source: "HAR 1.2 Spec" by Jan Odvarko.
struct HARExport {
  let operations: OperationTable
  let version: String
  let live: LiveTenant

  func text(_ entries: [JournalEntry]) -> [UInt8] {
    var json = JSONWriter(reserving: 1024 + entries.count * 2048)
    json.object { json in
      json.object("log") { json in
        json.member("version", "1.2")
        json.member("creator", ["name": "wavetank", "version": .string(version)])
        let dropped = live.journal.status.dropped
        if dropped > 0 {
          json.member("comment", "\(dropped) earlier exchanges were dropped")
        }
        json.member("pages", [])
        json.array("entries") { json in
          for entry in entries where entry.status != nil { write(entry, into: &json) }
        }
      }
    }
    return json.bytes
  }

  private func write(_ entry: JournalEntry, into json: inout JSONWriter) {
    let time = entry.duration.map(JournalText.milliseconds) ?? 0
    json.object { json in
      json.member("startedDateTime", entry.arrived.iso8601(.milliseconds))
      json.member("time", time)
      json.key("request")
      request(entry, into: &json)
      json.key("response")
      response(entry, into: &json)
      json.member("cache", .object([:]))
      json.member("timings", ["send": 0, "wait": time, "receive": 0])
      json.member("connection", "\(entry.exchange.connectionID)")
      let operation = entry.operationIndex.map { operations.entries[$0].operation.name }
      json.member("_number", Int(clamping: entry.number))
      json.member(ifPresent: "_operation", operation)
      json.member("_rules", .array(entry.rules.map { .string($0) }))
      json.member("_ending", entry.ending?.name ?? "in flight")
    }
  }

  private func request(_ entry: JournalEntry, into json: inout JSONWriter) {
    let target = operations.shownTarget(of: entry)
    let url =
      entry.target.form == .origin
      ? "http://\(entry.requestFields["host"] ?? "localhost")\(target)" : target
    json.object { json in
      json.member("method", entry.method.name)
      json.member("url", url)
      json.member("httpVersion", entry.version == .http11 ? "HTTP/1.1" : "HTTP/1.0")
      json.member("cookies", [])
      headers(entry.requestFields, into: &json)
      json.array("queryString") { json in
        for (name, value) in RequestTarget(target).queryItems {
          json.value(["name": .string(name), "value": .string(value)])
        }
      }
      if entry.requestContentBytes > 0 {
        json.object("postData") { json in
          json.member("mimeType", entry.requestFields["content-type"] ?? "")
          json.member("params", [])
          content(entry.requestContent, of: entry.requestContentBytes, into: &json)
        }
      }
      json.member("headersSize", -1)
      json.member("bodySize", Int(clamping: entry.requestContentBytes))
    }
  }

  private func response(_ entry: JournalEntry, into json: inout JSONWriter) {
    json.object { json in
      json.member("status", entry.status?.code ?? 0)
      json.member("statusText", entry.status?.reason ?? "")
      json.member("httpVersion", "HTTP/1.1")
      json.member("cookies", [])
      headers(entry.responseFields, into: &json)
      json.object("content") { json in
        json.member("size", Int(clamping: entry.responseContentBytes))
        json.member("mimeType", entry.responseFields["content-type"] ?? "")
        content(entry.responseContent, of: entry.responseContentBytes, into: &json)
      }
      json.member(
        "redirectURL", entry.responseFields["location"].map { operations.mask.target($0) } ?? "")
      json.member("headersSize", -1)
      json.member("bodySize", Int(clamping: entry.responseContentBytes))
    }
  }

  private func headers(_ fields: Fields, into json: inout JSONWriter) {
    json.array("headers") { json in
      for (name, value) in fields.pairs {
        let shown = operations.mask.value(value, ofField: name)
        json.value(["name": .string(name), "value": .string(shown)])
      }
    }
  }

  private func content(_ bytes: [UInt8], of total: UInt64, into json: inout JSONWriter) {
    let isCut = UInt64(bytes.count) < total
    if let text = JournalText.text(bytes, isCut: isCut) {
      json.member("text", text)
    } else {
      json.member("text", Base64.encode(bytes))
      json.member("encoding", "base64")
    }
    if isCut { json.member("comment", "the first \(bytes.count) of \(total) bytes") }
  }
}
