import HTTPModel
import Testing

@Suite("Request targets (RFC 9112 §3.2)")
struct RequestTargetTests {
  @Test("Two slashes in a row are found wherever they stand, and one at the end is none")
  func doubledSlash() {
    for length in 1..<40 {
      let path = "/" + String(repeating: "a", count: length)
      #expect(!RequestTarget(path).hasDoubledSlash)
      #expect(!RequestTarget(path + "/b").hasDoubledSlash)
      #expect(RequestTarget(path + "//b").hasDoubledSlash)
      #expect(RequestTarget(path + "//").hasDoubledSlash)
      #expect(!RequestTarget(path + "?x=//").hasDoubledSlash)
      // Bytes that differ from a slash in one bit, or lie beside it.
      for byte in ["\u{2E}", "0", "o", "'", "\u{AF}"] {
        #expect(!RequestTarget(path + byte + "/" + byte + byte + "/").hasDoubledSlash, "\(byte)")
      }
    }
    #expect(RequestTarget("//").hasDoubledSlash)
    #expect(!RequestTarget("http://host/a").hasDoubledSlash)
    #expect(RequestTarget("http://host//a").hasDoubledSlash)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var form: RequestTarget.Form
    var path: String
    var query: String?
    var authority: String?
    init(
      _ text: String, _ form: RequestTarget.Form, _ path: String, query: String? = nil,
      authority: String? = nil
    ) {
      (self.text, self.form, self.path) = (text, form, path)
      (self.query, self.authority) = (query, authority)
    }
    var testDescription: String { text }
  }

  static let cases: [Case] = [
    // §3.2.1, and RFC 3986 §3.4 for the query: the first question mark divides.
    .init("/", .origin, "/"), .init("/where?q=now", .origin, "/where", query: "q=now"),
    .init("/a?", .origin, "/a", query: ""), .init("/a?b?c", .origin, "/a", query: "b?c"),
    .init("/%3Fa", .origin, "/%3Fa"), .init("//a//", .origin, "//a//"),
    .init("/http://a", .origin, "/http://a"),
    // §3.2.2; a scheme's letters have no case (RFC 3986 §3.1).
    .init(
      "http://www.example.org/pub/a.html", .absolute, "/pub/a.html", authority: "www.example.org"),
    .init("HTTPS://h:8443/x?y", .absolute, "/x", query: "y", authority: "h:8443"),
    .init("http://h", .absolute, "/", authority: "h"),
    .init("http://h?q", .absolute, "/", query: "q", authority: "h"),
    .init("http://[::1]:80/", .absolute, "/", authority: "[::1]:80"),
    .init("http://", .absolute, "/", authority: ""),
    // §3.2.4.
    .init("*", .asterisk, "*"), .init("*a", .origin, "*a"),
    // Of no form: never a trap, HTTPWire refuses it before.
    .init("", .origin, ""), .init("a/b?c", .origin, "a/b", query: "c"),
    .init("ftp://h/a", .origin, "ftp://h/a"), .init("http:/h", .origin, "http:/h"),
  ]

  @Test("Each form gives its path, its query and its authority", arguments: cases)
  func forms(_ example: Case) {
    let target = RequestTarget(example.text)
    #expect(target.form == example.form)
    #expect(target.path == example.path)
    #expect(target.query == example.query)
    #expect(target.authority == example.authority)
    #expect(target.text == example.text, "as it was sent")
  }

  @Test("The target of CONNECT is an authority alone (§3.2.3)")
  func connect() {
    let target = RequestTarget(bytes: Array("www.example.com:80".utf8), isConnect: true)
    #expect(target.form == .authority)
    #expect(target.path == "" && target.query == nil)
    #expect(target.authority == "www.example.com:80")
  }

  @Test("A query's pairs are decoded in order, a name without a sign has an empty value")
  func queryItems() {
    func pairs(_ text: String) -> [String] {
      RequestTarget(text).queryItems.map { "\($0.name)=\($0.value)" }
    }
    #expect(pairs("/a?x=1&y=%26%3D&x=a+b") == ["x=1", "y=&=", "x=a b"])
    #expect(pairs("/a?flag&=v&&k==") == ["flag=", "=v", "k=="])
    #expect(pairs("/a?") == [] && pairs("/a") == [])
    let target = RequestTarget("/a?caf%C3%A9=1&cafe%CC%81=2&x=3&x=4")
    #expect(target.queryValue("x") == "3", "the first")
    #expect(target.queryValue("café") == "1" && target.queryValue("cafe\u{301}") == "2")
    #expect(target.queryValue("y") == nil)
    for (query, value) in [
      ("%78=1", "1"), ("a=&x", ""), ("&&x=a+b&x=2", "a b"), ("xx=1&x==", "="), ("=1&xy", nil),
    ] {
      let found = RequestTarget("/a?" + query).queryValue("x")
      #expect(found == value, "\(query)")
      #expect(found == RequestTarget("/a?" + query).queryItems.first { $0.name == "x" }?.value)
    }
  }

  @Test("A prefix of the path is cut off, and what is left is an origin form again")
  func droppedPrefix() {
    for (text, count, left) in [
      ("/_t/blue/orgs?a=/b", 8, "/orgs?a=/b"), ("/_t/blue", 8, "/"), ("/_t/blue?q", 8, "/?q"),
      ("/_t/blue//x", 8, "//x"), ("http://h/_t/blue/a", 8, "/a"), ("/a", 99, "/"),
      ("/a?q", 99, "/?q"), ("/a", 0, "/a"),
    ] {
      let target = RequestTarget(text).droppingPathPrefix(count)
      #expect(target.text == left, "\(text)")
      #expect(target.form == .origin)
    }
  }

  @Test("A long path is quoted by its beginning")
  func shortPath() {
    let short = "/" + String(repeating: "a", count: 199)
    #expect(RequestTarget(short).shortPath == short)
    #expect(RequestTarget(short + "b").shortPath == short + "…")
  }
}
