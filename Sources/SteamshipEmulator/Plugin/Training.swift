import EmulatorKernel
import PayloadCodecs

/// `plugin/instance/train` and `getTrainingParameters`.
/// Source: SDK `plugin/inputs/training_parameter_plugin_input.py`, `plugin/outputs/…`.
extension SteamshipState {
  /// What a request says about a training, with the standard values filled in.
  private struct TrainingParameters {
    var epochs: Int
    var holdout: JSON
    var seed: Int
    var training: JSONObject
    var inference: JSONObject
    var export: JSONObject?

    init(_ arguments: Arguments) throws(SteamshipError) {
      epochs = try arguments.int("trainingEpochs") ?? 1
      guard epochs > 0 else { throw .invalid("The field \"trainingEpochs\" must be above 0.") }
      let share = try arguments.double("testingHoldoutPercent") ?? 0
      guard (0...100).contains(share) else {
        throw .invalid("The field \"testingHoldoutPercent\" must be between 0 and 100.")
      }
      holdout = arguments["testingHoldoutPercent"] ?? 0
      seed = try arguments.int("testSplitSeed") ?? 0
      training = try arguments.object("trainingParams") ?? JSONObject()
      inference = try arguments.object("inferenceParams") ?? JSONObject()
      export = try arguments.object("exportPluginInput")
    }
  }

  /// `POST plugin/instance/train`. Fidelity: shape seen in client, figures canned.
  mutating func train(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let parameters = try TrainingParameters(job.arguments)
    let run = try pluginRun(job, "plugin.instance.train", path: "/train", types: [], &step)
    bill(run.instance, type: "train", amount: parameters.epochs, job.caller, &step)
    if let made = run.made { return RuleResult(made) }
    if case .json(let json) = run.answer { return RuleResult(json) }
    let model = step.ids.uuid("steamship.model", .upper)
    return RuleResult { json in
      json.object { json in
        json.member("pluginInstanceId", run.instance.id)
        json.member("archivePath") { path in
          path.piece(run.instance.handle)
          path.piece("/")
          path.piece(model)
          path.piece(".zip")
        }
        json.member("inferenceParams", .object(parameters.inference))
        json.object("trainingProgress") { json in
          json.member("epoch", parameters.epochs)
          json.member("epochs", parameters.epochs)
        }
        json.object("trainingResults") { json in
          json.key("accuracy")
          json.raw("1.0")
        }
      }
    }
  }

  mutating func trainingParameters(_ job: Job, _ step: inout Step) throws(SteamshipError)
    -> RuleResult
  {
    let parameters = try TrainingParameters(job.arguments)
    let run = try pluginRun(
      job, "plugin.instance.getTrainingParameters", path: "/getTrainingParameters", types: [], &step
    )
    if let made = run.made { return RuleResult(made) }
    if case .json(let json) = run.answer { return RuleResult(json) }
    return RuleResult { json in
      json.object { json in
        json.member("machineType", "cpu")
        json.member("trainingEpochs", parameters.epochs)
        json.member("testingHoldoutPercent", parameters.holdout)
        json.member("testSplitSeed", parameters.seed)
        json.member("trainingParams", .object(parameters.training))
        json.member("inferenceParams", .object(parameters.inference))
        if let export = parameters.export { json.member("exportPluginInput", .object(export)) }
      }
    }
  }
}
