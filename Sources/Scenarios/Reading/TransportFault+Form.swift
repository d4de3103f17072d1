import HTTPModel
import PayloadCodecs

extension TransportFault {
  /// Longer, an outage that somebody forgot looks like a broken server. Source: DESIGN §7.
  static let refusalMax = Duration.seconds(60)

  private struct Settings: Sendable {
    var bytes: Int?
    var side = Side.response
    var pause: Duration = .milliseconds(50)
    var count = 1

    var isOnRequest: Bool { side == .request }
  }

  /// What is spoilt: the answer on its way out, or the request's content on its way in.
  private enum Side: String, CaseIterable { case response, request }

  private static let side = Field<Settings>.standard(
    "on", \.side, .choice, "response",
    "What is meant: the response, or the request's content as it comes in; then bytes are those received.",
    example: "request")

  /// A kind's name, or one kind with its settings: `{"truncate": {"afterBytes": 100}}`.
  static let form = Form<Self>.short(
    word,
    orObject: .object(
      "A kind with its settings.", .empty,
      [.oneOf(\.self, missing: "a fault needs its kind", kinds.map { $0.choice })]),
    "A failure on the wire.")

  /// How a kind is written: with settings, with `true`, or by its name alone.
  private struct Kind: Sendable {
    /// What it is without settings, unless it `needsSettings`.
    var plain: TransportFault
    var needsSettings = false
    var sentence: String
    var settings: Form<TransportFault>

    var choice: Field<TransportFault>.Choice<TransportFault> {
      let short = Form.either(
        .plain(["const": true], example: true) { _ in plain }, when: { $0 == .bool(true) },
        else: settings)
      return .choice(
        plain.kind, needsSettings ? settings : short, sentence, example: settings.example()
      ) { $0 }
    }
  }

  private static let word = Form<Self>.plain(
    ["enum": .array(kinds.filter { !$0.needsSettings }.map { .string($0.plain.kind) })],
    example: "reset"
  ) { reader in
    let words = kinds.map(\.plain.kind)
    guard let text = reader.value.stringValue else {
      return reader.mismatch("one of " + words.map { "\"\($0)\"" }.joined(separator: ", "))
    }
    guard let kind = kinds.first(where: { $0.plain.kind == text }) else {
      return reader.unknown("value", text, of: words)
    }
    if kind.needsSettings {
      let example = JSON.object([text: kind.settings.example()]).text
      reader.problem("the fault \"\(text)\" needs settings, such as \(example)")
    }
    return kind.plain
  }

  private static let kinds: [Kind] = [
    Kind(
      plain: .reset(afterBytes: 0), sentence: "RST, after so many bytes of the response.",
      settings: afterBytes("Where; absent: at once.") { settings in
        settings.isOnRequest
          ? .upload(UploadFault(ending: .reset, afterBytes: settings.bytes ?? 0))
          : .reset(afterBytes: settings.bytes ?? 0)
      }),
    Kind(
      plain: .empty, sentence: "Close without a byte.",
      settings: .object("No settings.", .empty, [])),
    Kind(
      plain: .truncate(afterBytes: nil), sentence: "Close inside the content.",
      settings: Form.object(
        "Where.", Settings(),
        [
          .optional(
            "afterBytes", \.bytes, .size(), "Where in the content; absent: in the middle.",
            example: "1KiB")
        ]
      ).map { .truncate(afterBytes: $0.bytes) }),
    Kind(
      plain: .stall(afterBytes: nil), sentence: "Send no more, and keep the connection open.",
      settings: afterBytes(
        "Where in the content; absent: in the middle, or of a request's at its beginning."
      ) { settings in
        settings.isOnRequest
          ? .upload(UploadFault(ending: .stall, afterBytes: settings.bytes ?? 0))
          : .stall(afterBytes: settings.bytes)
      }),
    Kind(
      plain: .throttle(bytesPerSecond: 1), needsSettings: true, sentence: "So many bytes a second.",
      settings: Form.object(
        "The rate.", Settings(),
        [
          .required(
            "bytesPerSecond",
            .size(atLeast: 1, "expected a rate of at least 1 byte a second; or use \"stall\""),
            "Bytes a second.", example: "10KiB"
          ) { $0.count = $1 },
          .optional(
            "resetAfterBytes", \.bytes, .size(), "RST, once so many bytes have left, or come.",
            example: "1KiB"),
          side,
        ]
      ).map { settings in
        settings.isOnRequest
          ? .upload(
            UploadFault(
              bytesPerSecond: settings.count, ending: settings.bytes == nil ? .none : .reset,
              afterBytes: settings.bytes ?? 0))
          : .throttle(bytesPerSecond: settings.count, resetAfterBytes: settings.bytes)
      }),
    Kind(
      plain: .dribble(bytes: 1, pause: .milliseconds(50)),
      sentence: "Small pieces, with a pause before each.",
      settings: Form.object(
        "How small, how slow.", Settings(),
        [
          .standard(
            "bytes", \.count, .size(atLeast: 1, "expected at least 1 byte"), 1, "Bytes of a piece.",
            example: 10),
          .standard("pause", \.pause, .duration, "50ms", "Between pieces.", example: "10ms"),
        ]
      ).map { .dribble(bytes: $0.count, pause: $0.pause) }),
    Kind(
      plain: flipped(1), sentence: "Wrong bytes.",
      settings: .object(
        "What is wrong.", flipped(1),
        [
          .oneOf(
            \.self,
            [
              .choice(
                "chunk", .onlyTrue("\"chunk\" can only be true"),
                "A chunk whose size cannot be read."
              ) { _ in .corrupt(.chunkFraming) },
              .choice(
                "bytes", .int(in: 1...65_536), "So many bytes of the content are changed.",
                example: 3
              ) { flipped($0) },
            ])
        ])),
    Kind(
      plain: .refuse(for: .seconds(1)),
      sentence: "Close without a byte, for a while: every request that the rule matches.",
      settings: Form.object(
        "How long.", Settings(pause: .seconds(1)),
        [.standard("for", \.pause, refusal, "1s", "How long; at most 1m.", example: "5s")]
      ).map { .refuse(for: $0.pause) }),
    Kind(
      plain: .tls(.expired), needsSettings: true,
      sentence: "A failure of TLS: of the connection, before any request.",
      settings: TLSFault.form.map { .tls($0) }),
  ]

  /// Where the bytes are is drawn for each strike.
  private static func flipped(_ count: Int) -> Self {
    .corrupt(.flippedBytes(count: count, seed: 0))
  }

  private static func afterBytes(
    _ sentence: String, _ make: @escaping @Sendable (Settings) -> Self
  ) -> Form<Self> {
    Form.object(
      "Where.", Settings(),
      [.optional("afterBytes", \.bytes, .size(), sentence, example: "1KiB"), side]
    ).map(make)
  }

  private static let refusal = Form<Duration>.duration.checked { duration, reader in
    if duration > refusalMax {
      reader.problem(
        "expected at most 1m: a refusal strikes every request that the rule matches, and ends by itself, by reset or with its rule"
      )
    }
    return min(duration, refusalMax)
  }
}
