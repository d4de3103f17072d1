import EmulatorKernel
import PayloadCodecs
import Scenarios

/// What the names in a scripted answer are worth (`HoleText`): values by their first name.
///
/// A text that is one name and nothing else becomes the value itself, with its type; inside other
/// text a value is written as text. What a call does not have is an empty text.
struct AnswerValues {
  let values: JSONObject

  /// The names that answers know.
  static let names = [
    TemplateName("arguments.…", "An argument of the call."),
    TemplateName("config.…", "A parameter of the instance's configuration."),
    TemplateName("options.…", "An option that the call gives to a plugin."),
    TemplateName("input.text", "What a plugin is given to work on."),
    TemplateName("verb", "The call's method."), TemplateName("path", "The method's path."),
    TemplateName("package.handle", "The package's handle."),
    TemplateName("instance.id", "The instance's id."),
    TemplateName("instance.handle", "The instance's handle."),
    TemplateName("workspace.id", "The workspace's id."),
    TemplateName("workspace.handle", "The workspace's handle."),
    TemplateName("now", "The tenant's time."),
    TemplateName("id", "A fresh UUID, the same in every run."),
  ]

  /// Repeated often, a long value is cut: as much as the content of a request may be.
  private static let bytesMax = 16 << 20

  func fill(_ json: JSON) -> JSON {
    switch json {
    case .string(let text): HoleText(text).json(bytesMax: Self.bytesMax, value)
    case .array(let elements): .array(elements.map(fill))
    case .object(let object):
      .object(JSONObject(object.members.map { (fill($0.key), fill($0.value)) }))
    case .null, .bool, .integer, .decimal: json
    }
  }

  func fill(_ text: String) -> String { HoleText(text).text(bytesMax: Self.bytesMax, value) }

  private func value(_ path: String) -> JSON? {
    var found: JSON? = .object(values)
    for key in path.split(separator: ".", omittingEmptySubsequences: false) {
      found = Int(key).flatMap { found?[$0] } ?? found?[String(key)]
    }
    guard let found, !found.isNull else { return nil }
    return found
  }
}
