import HTTPModel
import PayloadCodecs

extension RuleOutcome.Patch {
  /// Content beyond this is left as it is.
  private static let byteLimit = 16 << 20

  func apply(to response: inout Response) {
    if let status { response.status = Status(status) }
    var names: TextSet = []
    for (name, value) in header {
      if names.insert(name.asciiLowercased).inserted { response.fields.remove(name) }
      if let value { response.fields.append(name, value) }
    }
    if let json { change(&response, by: json, saysType: names.contains("content-type")) }
    if let csv { change(&response, by: csv) }
  }

  /// - Parameter saysType: the patch's own fields say what type it has, be it none.
  private func change(_ response: inout Response, by json: JSON, saysType: Bool) {
    guard let bytes = Self.content(of: response),
      let old = bytes.isEmpty ? .null : try? JSON(parsing: bytes)
    else {
      response.remark("a rule's JSON patch was not applied: the content is no JSON in memory")
      return
    }
    response.body = .bytes(old.merging(patch: json).serialized())
    if !saysType, !response.fields.contains("Content-Type") {
      response.fields.append("Content-Type", "application/json")
    }
  }

  private func change(
    _ response: inout Response, by cells: [(heading: String, value: String)]
  ) {
    guard let bytes = Self.content(of: response),
      let changed = CSVTable(bytes)?.setting(cells)
    else {
      let headings = cells.map(\.heading).joined(separator: ", ")
      response.remark(
        "a rule's CSV patch was not applied: the content is no table in memory with \(headings)")
      return
    }
    response.body = .bytes(changed)
  }

  /// Nil where it is not in memory, or too much.
  private static func content(of response: borrowing Response) -> [UInt8]? {
    let bytes: [UInt8]?
    switch response.body {
    case .empty: bytes = []
    case .bytes(let content): bytes = content
    case .chunks(let chunks):
      bytes = response.body.length ?? 0 <= UInt64(byteLimit) ? Array(chunks.joined()) : nil
    case .stream, .followed: bytes = nil
    }
    return bytes.flatMap { $0.count <= byteLimit ? $0 : nil }
  }
}
