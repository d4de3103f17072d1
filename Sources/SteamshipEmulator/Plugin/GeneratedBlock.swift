import EmulatorKernel
import PayloadCodecs

/// A generated block before it is known where it goes.
struct GeneratedBlock {
  enum Body {
    case text(String)
    case bytes([UInt8])
  }

  var content: Body
  /// Nil: plain text, or what the bytes look like.
  var mimeType: String?
  /// Beside those that the request puts on every block.
  var tags: [TagDraft] = []

  static func text(_ text: String) -> Self { Self(content: .text(text)) }
  static func bytes(_ bytes: [UInt8], type: String) -> Self {
    Self(content: .bytes(bytes), mimeType: type)
  }

}

extension GeneratedBlock {
  /// A block as a scenario writes it: `text`, or `base64`, with `mimeType` and `tags`.
  init(scripted block: Arguments) throws(SteamshipError) {
    mimeType = try block.name("mimeType")
    tags = try block.objects("tags", TagDraft.init)
    if let call = try block.object("function_call") {
      content = .text(Self.text(ofCall: call))
    } else if let encoded = try block.string("base64") {
      guard let bytes = Base64.decode(encoded, .lenient) else {
        throw .invalid("The field \"base64\" of a scripted block is no Base64.")
      }
      content = .bytes(bytes)
    } else {
      content = .text(try block.string("text") ?? "")
    }
  }

  /// The call as chat models write it, its arguments as JSON inside a text.
  /// Source: SDK `agents/functional/output_parser.py`.
  private static func text(ofCall call: JSONObject) -> String {
    let arguments = call["arguments"] ?? [:]
    return JSON.object([
      "function_call": [
        "name": call["name"] ?? "", "arguments": .string(arguments.stringValue ?? arguments.text),
      ]
    ]).text
  }
}

extension SteamshipState {
  /// What a generator makes of its input: the scenario's answer, or the built-in one of its kind.
  func outputs(
    for prompt: [PromptBlock], _ run: PluginRun, _ options: JSONObject
  ) throws(SteamshipError) -> [GeneratedBlock] {
    if ChatModel.handles.contains(run.handle), options["model"].map({ !$0.isNull }) ?? false {
      throw .invalid("Model may not be overridden in options.")
    }
    let template = AnswerValues(values: [
      "input": ["text": .string(ChatModel.question(prompt) ?? "")], "options": .object(options),
      "config": .object(run.instance.config),
    ])
    let answer: [GeneratedBlock]
    switch run.answer {
    case .text(let text, let type):
      answer = [GeneratedBlock(content: .text(template.fill(text)), mimeType: type)]
    case .bytes(let bytes, let type): answer = [.bytes(bytes, type: type)]
    case .json(let json):
      let filled = template.fill(json["blocks"] ?? json)
      let blocks = filled.objectValue == nil ? filled : [filled]
      answer = try Arguments(["blocks": blocks])
        .objects("blocks", GeneratedBlock.init(scripted:))
    case .failure, nil:
      answer = builtInOutputs(prompt, run, options)
    }
    guard ChatModel.handles.contains(run.handle) else { return answer }
    return answer.map(ChatModel.spoken) + ChatModel.capabilities(prompt)
  }

  private func builtInOutputs(
    _ prompt: [PromptBlock], _ run: PluginRun, _ options: JSONObject
  ) -> [GeneratedBlock] {
    func count(_ name: String) -> Int? {
      (options[name] ?? run.instance.config[name])?.intValue.map { min(max($0, 1), 10) }
    }
    switch run.handle {
    case "test-image-generator": return [.bytes(Canned.testImage, type: "image/png")]
    case "dall-e", "stable-diffusion", "google-image-search":
      return Array(repeating: .bytes(Canned.pixel, type: "image/png"), count: count("n") ?? 1)
    case "elevenlabs": return [.bytes(Canned.silence, type: "audio/wav")]
    case "did-video-generator": return [.bytes(Canned.video, type: "video/mp4")]
    case _ where ChatModel.handles.contains(run.handle):
      let limit = (options["max_tokens"] ?? run.instance.config["max_tokens"])?.intValue
      let text = "This is a generated answer to: \(ChatModel.question(prompt) ?? "")"
      return Array(
        repeating: .text(Canned.limit(text, toWords: limit)),
        count: count("n") ?? count("n_completions") ?? 1)
    default: return prompt.map { .text($0.text) }
    }
  }
}
