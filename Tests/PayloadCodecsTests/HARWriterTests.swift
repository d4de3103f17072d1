import HTTPModel
import PayloadCodecs
import Testing

/// Source: "HAR 1.2 Spec" by Jan Odvarko.
@Suite("Writing HTTP Archives")
struct HARWriterTests {
  private func written(_ change: (inout HAREntry) -> Void) throws -> JSON {
    var entry = HAREntry()
    entry.url = "http://a/"
    entry.status = 200
    change(&entry)
    let writer = HARWriter(creator: "c", version: "1") { value, name in
      name == "cookie" || name == "set-cookie" ? "*" : value
    }
    let json = try JSON(parsing: writer.text(1) { _ in entry })
    return try #require(json["log"]?["entries"]?[0])
  }

  @Test("Times add up, to the microsecond")
  func times() throws {
    let entry = try written {
      $0.waiting = 1_002
      $0.receiving = 3_000_040
    }
    #expect(entry["time"]?.text == "3001.042")
    #expect(entry["timings"]?["wait"]?.text == "1.002")
    #expect(entry["timings"]?["receive"]?.text == "3000.040")
    #expect(entry["timings"]?["send"] == 0)
  }

  @Test("Without an answer the status is 0, and nothing of one is there")
  func noAnswer() throws {
    let response = try #require(
      try written {
        $0.status = nil
        $0.reason = "OK"
        $0.responseFields = Fields(["A": "b", "Set-Cookie": "a=b"])
        $0.response = HAREntry.Content(Array("x".utf8))
        $0.redirect = "/x"
        $0.failure = "reset"
      }["response"])
    #expect(response["status"] == 0)
    #expect(response["statusText"] == "")
    #expect(response["headers"] == [])
    #expect(response["cookies"] == [])
    #expect(response["content"] == ["size": 0, "mimeType": "x-unknown"])
    #expect(response["redirectURL"] == "")
    #expect(response["bodySize"] == -1)
    #expect(response["_error"] == "reset")
  }

  @Test("Fields are shown as they are, in UTF-8, but for those of which somebody says otherwise")
  func fields() throws {
    let values = ["plain", "q\"uo\\te", "t\tab", "\u{E9}", "", "*"]
    let entry = try written { entry in
      for value in values {
        entry.requestFields.append("X-A", value)
        entry.responseFields.append("cookie", value)
      }
      // What is no UTF-8.
      entry.requestFields.append(
        Fields(
          bytes: [0x61, 0x62, 0xE9],
          lines: [
            Fields.Line(nameStart: 0, nameLength: 1, valueStart: 1, valueLength: 2)
          ]))
    }
    let shown = values.map { JSON.object(["name": "X-A", "value": .string($0)]) }
    #expect(
      entry["request"]?["headers"]?.arrayValue == shown + [["name": "a", "value": "b\u{FFFD}"]])
    #expect(
      entry["response"]?["headers"]?.arrayValue
        == values.map { _ in ["name": "cookie", "value": "*"] })
  }

  @Test("A content's size is that of its text, the body's that of all there was")
  func sizes() throws {
    let bytes = Array("äöü".utf8)
    let cut = try written { $0.response = HAREntry.Content(Array(bytes.prefix(3)), total: 6) }
    #expect(cut["response"]?["content"]?["text"] == "ä")
    #expect(cut["response"]?["content"]?["size"] == 2)
    #expect(cut["response"]?["content"]?["comment"] == "the first 3 of 6 bytes")
    #expect(cut["response"]?["bodySize"] == 6)
    let packed = try written { $0.response = HAREntry.Content(bytes, coded: 2) }
    #expect(packed["response"]?["content"]?["compression"] == 4)
    #expect(packed["response"]?["bodySize"] == 2)
    let binary = try written { $0.response = HAREntry.Content([0xFF, 0, 1]) }
    #expect(binary["response"]?["content"]?["encoding"] == "base64")
    #expect(binary["response"]?["content"]?["text"] == "/wAB")
    #expect(binary["response"]?["content"]?["size"] == 3)
  }

  @Test("Forms have their params, queries and cookies are taken apart")
  func parts() throws {
    let entry = try written {
      $0.url = "http://a/b?c=%C3%A4+d&e&k=***#1a"
      $0.requestFields = Fields([
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "Cookie": "x=secret; y=\"q\";z",
      ])
      $0.request = HAREntry.Content(Array("a=1&b=x+y%26&c".utf8))
      $0.responseFields = Fields([
        "Set-Cookie": "s=secret; Path=/p; Secure; Expires=Mon, 1 Jan 2029"
      ])
    }
    #expect(entry["request"]?["url"] == "http://a/b?c=%C3%A4+d&e&k=***%231a")
    #expect(
      entry["request"]?["queryString"] == [
        ["name": "c", "value": "ä d"], ["name": "e", "value": ""],
        ["name": "k", "value": "***#1a"],
      ])
    #expect(
      entry["request"]?["postData"]?["params"] == [
        ["name": "a", "value": "1"], ["name": "b", "value": "x y&"], ["name": "c", "value": ""],
      ])
    #expect(
      entry["request"]?["cookies"] == [
        ["name": "x", "value": "*"], ["name": "y", "value": "*"],
      ])
    #expect(
      entry["response"]?["cookies"] == [
        ["name": "s", "value": "*", "path": "/p", "httpOnly": false, "secure": true]
      ])
  }

  @Test("Of a form in parts that was cut the parts before the cut are there")
  func multipart() throws {
    let text =
      "--q\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--q\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n23"
    let entry = try written {
      $0.requestFields = Fields(["content-type": "multipart/form-data; boundary=q"])
      $0.request = HAREntry.Content(Array(text.utf8), total: 9_000)
    }
    let params = entry["request"]?["postData"]?["params"]?.arrayValue ?? []
    #expect(params.first == ["name": "a", "value": "1"])
    #expect(params.count == 2)
    #expect(params.last?["fileName"] == "x")
  }
}
