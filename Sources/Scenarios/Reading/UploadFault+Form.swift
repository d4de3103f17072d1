import HTTPModel
import PayloadCodecs

extension ScenarioRule {
  /// It strikes requests while their content comes in, by their heads alone.
  package var isAboutUploads: Bool { action.isUploadFault }

  /// What a rule about uploads cannot say: there is no content yet, and no answer.
  func checkUploads(in object: ScenarioObject) {
    if case .sequence(let sequence) = action {
      for (index, step) in sequence.steps.enumerated() where step.action.isUploadFault {
        object.reader.place("sequence", "\(index)")?.problem(
          "there is no fault on a request in a sequence: give it a rule of its own, with \"times\"")
      }
    }
    guard isAboutUploads else { return }
    let why = "a fault on a request strikes while its content comes in"
    object.reader.member("match")?.member("body")?.problem("\(why): there is no content to look at")
    for key in ["delay", "after", "twice", "close"] where object.has(key) {
      object.reader.member(key)?.problem("\(why): there is no answer that \"\(key)\" is about")
    }
  }
}

extension RuleAction {
  fileprivate var isUploadFault: Bool { if case .fault(.upload) = self { true } else { false } }
}
