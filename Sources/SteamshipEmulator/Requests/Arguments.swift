import EmulatorKernel
import PayloadCodecs

/// The fields of a request, whether they came as JSON or as a form, with an uploaded part if there
/// was one. An explicit null is the same as an absent field: the SDK sends every unset field so.
///
/// Source: SDK `base/request.py`; contract §1.3.
struct Arguments: Sendable, Codable, Weighed {
  var fields: JSONObject
  var upload: Upload?
  /// Where the fields came from: in a form every value is text, so numbers and booleans are read
  /// from their text.
  var isForm = false
  /// How the way here reads in an error message: `items[3].`.
  private var path = ""

  init(_ fields: JSONObject = JSONObject(), upload: Upload? = nil, isForm: Bool = false) {
    self.fields = fields
    self.upload = upload
    self.isForm = isForm
  }

  /// A part that carries a file, stored already.
  var heapBytes: Int { fields.heapBytes + path.heapBytes + (upload?.prefix.spineBytes ?? 0) }

  struct Upload: Sendable, Codable {
    var blob: BlobID
    var count: Int
    /// Enough of its beginning to tell what it is.
    var prefix: [UInt8]
  }

  // MARK: Fields by name

  /// The value, unless it is absent or null.
  subscript(_ name: String) -> JSON? {
    guard let value = fields[name], !value.isNull else { return nil }
    return value
  }

  private func wrong(_ name: String, _ wanted: String, _ found: JSON) -> SteamshipError {
    .invalid("The field \"\(path)\(name)\" must be \(wanted), not \(found.kindName).")
  }

  /// The value in a wanted form; nil when it is absent.
  private func value<Value>(
    _ name: String, _ wanted: String, _ read: (JSON) -> Value?,
    ofText: (String) -> Value? = { _ in nil }
  ) throws(SteamshipError) -> Value? {
    guard let value = self[name] else { return nil }
    if let found = read(value) { return found }
    if isForm, let found = value.stringValue.flatMap(ofText) { return found }
    throw wrong(name, wanted, value)
  }

  func string(_ name: String) throws(SteamshipError) -> String? {
    try value(name, "a string", \.stringValue)
  }

  /// As `string`, an empty text being the same as none.
  func name(_ name: String) throws(SteamshipError) -> String? {
    let text = try string(name)
    return text?.isEmpty == true ? nil : text
  }

  func requiredString(_ name: String) throws(SteamshipError) -> String {
    guard let text = try string(name) else {
      throw .invalid("The field \"\(path)\(name)\" is missing.")
    }
    return text
  }

  func bool(_ name: String) throws(SteamshipError) -> Bool? {
    try value(name, "true or false", \.boolValue) { Bool($0.asciiLowercased) }
  }

  func flag(_ name: String) throws(SteamshipError) -> Bool { try bool(name) ?? false }

  func int(_ name: String) throws(SteamshipError) -> Int? {
    try value(name, "a whole number", \.intValue) { Int($0) }
  }

  func double(_ name: String) throws(SteamshipError) -> Double? {
    try value(name, "a number", \.doubleValue) { Double($0).flatMap { $0.isFinite ? $0 : nil } }
  }

  func object(_ name: String) throws(SteamshipError) -> JSONObject? {
    try value(name, "an object", \.objectValue)
  }

  /// Of one list in one request. Ours: a few bytes of a request become a record of a kilobyte, and a
  /// record takes ten microseconds.
  static let elementCountMax = 20_000

  /// A list of at most `elementCountMax` values.
  func list(_ name: String) throws(SteamshipError) -> [JSON]? {
    guard let elements = try value(name, "a list", \.arrayValue) else { return nil }
    guard elements.count <= Self.elementCountMax else {
      throw .invalid("The list \"\(path)\(name)\" has more than \(Self.elementCountMax) elements.")
    }
    return elements
  }

  /// A list of objects, each read by its own fields.
  func objects<Value>(
    _ name: String, _ read: (Arguments) throws(SteamshipError) -> Value
  ) throws(SteamshipError) -> [Value] {
    guard let elements = try list(name) else { return [] }
    for (index, element) in elements.enumerated() where element.objectValue == nil {
      throw wrong("\(name)[\(index)]", "an object", element)
    }
    var all: [Value] = []
    all.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      var inner = Arguments(element.objectValue ?? JSONObject(), isForm: isForm)
      do throws(SteamshipError) {
        all.append(try read(inner))
      } catch {
        // The way here is written where it is told: for most elements it would be a text for nothing.
        inner.path = "\(path)\(name)[\(index)]."
        all.append(try read(inner))
      }
    }
    return all
  }

  func strings(_ name: String) throws(SteamshipError) -> [String]? {
    try list(name)?.enumerated().map { (index, element) throws(SteamshipError) in
      guard let text = element.stringValue else {
        throw wrong("\(name)[\(index)]", "a string", element)
      }
      return text
    }
  }

  /// A value of a closed set, given by its text.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _ type: Choice.Type
  ) throws(SteamshipError) -> Choice? where Choice.RawValue == String {
    guard let text = try string(name) else { return nil }
    if let value = Choice(rawValue: text) { return value }
    let all = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    throw .invalid(
      "The field \"\(path)\(name)\" must be one of \(all), not \"\(text.shortened)\".")
  }

  /// JSON inside a text: how clients send configuration templates. An object is taken as well.
  func embeddedObject(_ name: String) throws(SteamshipError) -> JSONObject? {
    guard let value = self[name] else { return nil }
    if let object = value.objectValue { return object }
    guard let text = value.stringValue else { throw wrong(name, "the text of an object", value) }
    if text.isEmpty { return nil }
    do {
      let inner = try JSON(parsing: text)
      if inner.isNull { return nil }
      guard let object = inner.objectValue else {
        throw wrong(name, "the text of an object", inner)
      }
      return object
    } catch let error as JSONParseError {
      throw .invalid("The field \"\(path)\(name)\" is no JSON: \(error.description).")
    } catch let error as SteamshipError {
      throw error
    } catch {
      throw .invalid("The field \"\(path)\(name)\" is no JSON.")
    }
  }

  /// Text that the server keeps and returns byte for byte; an object is kept as its JSON text.
  func verbatimText(_ name: String) throws(SteamshipError) -> String? {
    guard let value = self[name] else { return nil }
    if let text = value.stringValue { return text }
    guard value.objectValue != nil || value.arrayValue != nil else {
      throw wrong(name, "a text", value)
    }
    return value.text
  }
}
