import HTTPModel
import TestSupport
import Testing

@Suite("Route table: which operation a method and a path mean") struct RouteTableTests {
  // MARK: Templates

  @Test(
    "A template's parameters are named in order; the rest has two spellings",
    arguments: [
      ("/", []), ("/orgs", []), ("/orgs/{org}/fleets/{fleet}", ["org", "fleet"]),
      ("/apps/{app}/{path…}", ["app", "path"]), ("/apps/{path...}", ["path"]),
      // Braces in the middle of a segment are text.
      ("/a{b}/c", []),
    ] as [(String, [String])])
  func templates(text: String, names: [String]) {
    #expect(PathTemplate(text).parameterNames == names)
    #expect(PathTemplate(text).text == text)
  }

  // MARK: What beats what

  struct Case: Sendable, CustomTestStringConvertible {
    var path: String
    /// The template that is found; nil: none.
    var template: String?
    var values: [String] = []
    init(_ path: String, _ template: String?, _ values: String...) {
      self.path = path
      self.template = template
      self.values = values
    }
    var testDescription: String { path }
  }

  static let templates = [
    "/", "/files", "/files/{file}", "/files/new", "/files/{file}/raw", "/files/new/{part}/end",
    "/apps/{app}/{path…}", "/apps/{app}/admin", "/{any}/raw", "/deep/{a}/x/{b}", "/deep/y/{c}",
  ]

  static let cases: [Case] = [
    .init("/", "/"), .init("", "/"), .init("/files", "/files"),
    .init("/files/f1", "/files/{file}", "f1"),
    .init("/files/new", "/files/new"),
    // The literal `new` has no `raw` behind it: back to the parameter.
    .init("/files/new/raw", "/files/{file}/raw", "new"),
    .init("/files/new/p/end", "/files/new/{part}/end", "p"),
    .init("/files/new/p/else", nil),
    // Two steps back: neither `files` nor its parameter leads there.
    .init("/deep/raw", "/{any}/raw", "deep"),
    .init("/deep/y/z", "/deep/y/{c}", "z"),
    .init("/deep/y/x/z", "/deep/{a}/x/{b}", "y", "z"),
    .init("/apps/a/admin", "/apps/{app}/admin", "a"),
    .init("/apps/a/admin/x", "/apps/{app}/{path…}", "a", "admin/x"),
    .init("/apps/a/b//c/", "/apps/{app}/{path…}", "a", "b//c/"),
    // A rest may be empty, with the slash before it or without.
    .init("/apps/a/", "/apps/{app}/{path…}", "a", ""),
    .init("/apps/a", "/apps/{app}/{path…}", "a", ""),
    // A parameter is never empty, a slash at the end is none.
    .init("/files/", nil), .init("/files//raw", nil), .init("//files", nil),
    .init("/files/new/", nil), .init("/apps", nil), .init("/Files", nil), .init("/filesx", nil),
    // Letters written as escapes are other bytes (RFC 3986 §6.2.2.2 would allow to fold them).
    .init("/f%69les", nil),
    .init("/files/a%2Fb", "/files/{file}", "a/b"),
    .init("/files/%6eew", "/files/{file}", "new"),
  ]

  private static func table(
    _ templates: [String] = templates, foldsCase: Bool = false, skipsEmptySegments: Bool = false
  ) -> RouteTable {
    var table = RouteTable(foldsCase: foldsCase, skipsEmptySegments: skipsEmptySegments)
    for (index, template) in templates.enumerated() {
      table.insert(.get, PathTemplate(template), index)
    }
    return table
  }

  private static func found(
    _ match: RouteTable.Match, in templates: [String] = templates
  ) -> (template: String, values: [String])? {
    guard case .found(let index, let parameters) = match else { return nil }
    return (templates[index], parameters.all.map(\.value))
  }

  @Test(
    "A literal beats a parameter, a parameter beats a rest, and the search goes back",
    arguments: cases)
  func precedence(_ example: Case) {
    let found = Self.found(Self.table().match(.get, RequestTarget(example.path)))
    #expect(found?.template == example.template)
    #expect(found?.values ?? [] == example.values)
  }

  @Test(
    "Where there are words alone, a segment that is longer than any of them is none of them",
    arguments: [
      ("/ab/cdef", 0), ("/ab/cdefg", nil), ("/ab/cdef/", nil), ("/ab/cdef/x", nil),
      ("/ab/cde", nil),
      ("/gh/ijkl/m/n", 1), ("/gh/ijkl/", 1), ("/gh/ijkl", 1), ("/gh/ijklm/n", nil), ("/ghi", nil),
      ("/ab/" + String(repeating: "c", count: 9000), nil),
      (String(repeating: "/", count: 9000), nil),
    ] as [(String, Int?)], [false, true])
  func words(_ example: (path: String, value: Int?), foldsCase: Bool) {
    let table = Self.table(["/ab/cdef", "/gh/ijkl/{path…}"], foldsCase: foldsCase)
    var value: Int?
    if case .found(let found, _) = table.match(.get, RequestTarget(example.path)) { value = found }
    #expect(value == example.value)
  }

  @Test("The order of registration does not matter", arguments: [1, 2, 3] as [UInt64])
  func order(seed: UInt64) {
    var random = SeededNoise(seed)
    let templates = Self.templates.shuffled(using: &random)
    let table = Self.table(templates)
    for example in Self.cases {
      let found = Self.found(table.match(.get, RequestTarget(example.path)), in: templates)
      #expect(found?.template == example.template, "\(example.path)")
    }
  }

  @Test("Values come decoded, and as they were written; of two with one name the first counts")
  func values() throws {
    var table = RouteTable()
    table.insert(.get, PathTemplate("/{a}/{b}/{a}"), 7)
    guard case .found(7, let found) = table.match(.get, RequestTarget("/x%20y/%zz/last?q=1")) else {
      Issue.record("not found")
      return
    }
    #expect(found["a"] == "x y")
    #expect(found.written("a") == "x%20y")
    #expect(found["b"] == "%zz", "a broken escape stays as it stands")
    #expect(found["c"] == nil)
    #expect(found.all.map(\.value) == ["x y", "%zz", "last"])
  }

  // MARK: Methods

  @Test("A known path with another method tells which there are, each once (RFC 9110 §15.5.6)")
  func methodNotAllowed() {
    var table = RouteTable()
    table.insert(.put, PathTemplate("/files/{file}"), 1)
    table.insert(.get, PathTemplate("/files/{file}"), 2)
    table.insert(.post, PathTemplate("/files/new"), 3)
    table.insert(.get, PathTemplate("/files/new"), 4)
    table.insert(.delete, PathTemplate("/{path…}"), 5)
    func allowed(_ method: Method, _ path: String) -> [Method]? {
      guard case .methodNotAllowed(let methods) = table.match(method, RequestTarget(path)) else {
        return nil
      }
      return methods
    }
    #expect(allowed(.patch, "/files/f") == [.put, .get, .delete])
    // All templates that fit are asked, the best first.
    #expect(allowed(.patch, "/files/new") == [.post, .get, .put, .delete])
    #expect(allowed(.other("get"), "/other") == [.delete], "methods are case-sensitive (§9.1)")
    guard case .found(let value, _) = table.match(.put, RequestTarget("/files/new")) else {
      Issue.record("another template that fits has the method")
      return
    }
    #expect(value == 1)
  }

  @Test("HEAD is found where GET is, unless it has an operation of its own (RFC 9110 §9.3.2)")
  func head() {
    var table = RouteTable()
    table.insert(.get, PathTemplate("/a"), 1)
    table.insert(.get, PathTemplate("/b"), 2)
    table.insert(.head, PathTemplate("/b"), 3)
    table.insert(.post, PathTemplate("/c"), 4)
    func value(_ path: String) -> Int? {
      guard case .found(let value, _) = table.match(.head, RequestTarget(path)) else { return nil }
      return value
    }
    #expect(value("/a") == 1)
    #expect(value("/b") == 3)
    #expect(value("/c") == nil)
    guard case .found(2, _) = table.match(.get, RequestTarget("/b")) else {
      Issue.record("GET is still GET")
      return
    }
  }

  @Test("The first registration of a method on a template wins")
  func doubled() {
    var table = RouteTable()
    table.insert(.get, PathTemplate("/a/{x}"), 1)
    table.insert(.get, PathTemplate("/a/{y}"), 2)
    guard case .found(let value, let found) = table.match(.get, RequestTarget("/a/1")) else {
      Issue.record("not found")
      return
    }
    #expect(value == 1)
    #expect(found["x"] == "1")
  }

  // MARK: Leniency

  @Test(
    "A table that skips empty segments finds a path with slashes too many",
    arguments: [
      ("//files", "/files"), ("/files/", "/files"), ("/files//f1///raw//", "/files/{file}/raw"),
      ("///////////////////////////files", "/files"), ("//", "/"), ("/apps/a//", nil),
    ] as [(String, String?)])
  func emptySegments(path: String, template: String?) {
    let templates = Self.templates.filter { !$0.contains("…") }
    let strict = Self.found(
      Self.table(templates).match(.get, RequestTarget(path)), in: templates)
    #expect(strict == nil)
    let lenient = Self.table(templates, skipsEmptySegments: true)
    #expect(
      Self.found(lenient.match(.get, RequestTarget(path)), in: templates)?.template == template)
  }

  @Test("A table that folds case compares ASCII letters alone, and keeps values as they are")
  func foldedCase() {
    let table = Self.table(["/Files/{file}/RAW", "/é"], foldsCase: true)
    func values(_ path: String) -> [String]? {
      Self.found(table.match(.get, RequestTarget(path)), in: ["/Files/{file}/RAW", "/é"])?.values
    }
    #expect(values("/fIlEs/MiXeD/raw") == ["MiXeD"])
    #expect(values("/é") == [])
    #expect(values("/É") == nil)
    // `[` and `{` differ in the bit that folds letters.
    #expect(Self.found(Self.table(["/["], foldsCase: true).match(.get, RequestTarget("/{"))) == nil)
  }

  @Test("Segments of every length are compared whole, also those longer than a machine word")
  func longSegments() {
    for length in 1...40 {
      let text = String(repeating: "a", count: length)
      let table = Self.table(["/\(text)", "/\(text)/{x}"])
      let templates = ["/\(text)", "/\(text)/{x}"]
      #expect(Self.found(table.match(.get, RequestTarget("/\(text)")), in: templates) != nil)
      #expect(Self.found(table.match(.get, RequestTarget("/\(text)a")), in: templates) == nil)
      #expect(
        Self.found(table.match(.get, RequestTarget("/\(text.dropLast())")), in: templates) == nil)
      let found = Self.found(table.match(.get, RequestTarget("/\(text)/\(text)")), in: templates)
      #expect(found?.values == [text])
    }
  }

  // MARK: Against a plain model

  /// What a template's segment counts when two templates fit: the lower wins.
  private static func rank(_ segment: Substring) -> Int {
    segment.hasSuffix("…}") ? 2 : segment.hasPrefix("{") ? 1 : 0
  }

  /// All templates that fit, compared segment by segment: what the table must find.
  private static func best(_ templates: [String], _ path: String) -> String? {
    let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    func fits(_ template: String) -> Bool {
      let segments = template.dropFirst().split(separator: "/")
      for (index, segment) in segments.enumerated() {
        if rank(segment) == 2 { return true }
        guard index < parts.count, !parts[index].isEmpty,
          rank(segment) == 1 || segment == parts[index]
        else { return false }
      }
      return segments.count == parts.count || (segments.isEmpty && parts == [""])
    }
    // At the root a rest takes a segment at least.
    if path == "/" { return templates.first { $0 == "/" } }
    return templates.filter(fits).min { left, right in
      let (left, right) = (
        left.dropFirst().split(separator: "/"), right.dropFirst().split(separator: "/")
      )
      return left.map(rank).lexicographicallyPrecedes(right.map(rank))
    }
  }

  @Test("Random tables find what a plain comparison of all templates finds")
  func model() {
    var random = SeededNoise(SeededNoise.runSeed)
    for round in 0..<300 {
      var templates: [String] = []
      var shapes: Set<String> = []
      for _ in 0...random.below(8) {
        var segments = (0..<random.below(4)).map { _ in ["a", "b", "{p}"][random.below(3)] }
        if random.below(4) == 0 { segments.append("{r…}") }
        let template = "/" + segments.joined(separator: "/")
        if shapes.insert(template).inserted { templates.append(template) }
      }
      let table = Self.table(templates)
      for _ in 0..<40 {
        let parts = (0..<random.below(5)).map { _ in ["a", "b", "c", ""][random.below(4)] }
        let path = "/" + parts.joined(separator: "/")
        let found = Self.found(table.match(.get, RequestTarget(path)), in: templates)?.template
        let expected = Self.best(templates, path)
        #expect(
          found == expected, "\(path) in \(templates), round \(round), seed \(SeededNoise.runSeed)")
      }
    }
  }
}
