import HTTPModel
import Testing

@Suite("Paths without parameters, found to the letter") struct PlainPathsTests {
  static let templates = [
    "/", "/a", "/files", "/files/{file}", "/files/new", "/files/new/", "/apps/{app}/{path…}",
    "/api/v1/task/status", "/api/v1/task/statuS", "/api/v1/task/noop",
  ]

  @Test("What is found here is what the route table finds; parameters are left to it")
  func agreement() {
    var routes: [(method: Method, template: PathTemplate, value: Int)] = []
    var table = RouteTable()
    for (index, text) in (Self.templates + Self.templates).enumerated() {
      let template = PathTemplate(text)
      for (offset, method) in [Method.get, .post].enumerated() {
        routes.append((method, template, 2 * index + offset))
        table.insert(method, template, 2 * index + offset)
      }
    }
    let plain = PlainPaths(routes)
    var found = 0
    let paths =
      Self.templates
      + [
        "", "/b", "/filez", "/files/ne", "/files/neww", "/Files", "//files", "/api/v1/task/status?",
      ]
    for path in paths {
      for method in [Method.get, .post, .put, .head, .other("GETT")] {
        let bytes = Array(path.utf8)
        guard let value = plain.find(method, bytes, 0..<bytes.count) else { continue }
        found += 1
        guard case .found(let other, let parameters) = table.match(method, bytes, 0..<bytes.count)
        else {
          Issue.record("\(method) \(path) is not in the table")
          continue
        }
        #expect(value == other && parameters.names.isEmpty)
      }
    }
    // "/files/new/" is "/files/new" with a slash too many, which no path here has to the letter.
    #expect(found == 2 * 6)
    let slashed = Array("/files/new/".utf8)
    #expect(plain.find(.get, slashed, 0..<slashed.count) == nil)
  }

  @Test("A path is looked at where it stands in its bytes")
  func range() {
    let plain = PlainPaths([(.get, PathTemplate("/files"), 3)])
    let bytes = Array("http://h/files?x".utf8)
    #expect(plain.find(.get, bytes, 8..<14) == 3)
    #expect(plain.find(.get, bytes, 8..<13) == nil)
    #expect(PlainPaths([]).find(.get, bytes, 8..<14) == nil)
  }
}
