import PayloadCodecs

/// Blockifiers of sound: one block with all that was said, a tag for each word's time and one for who
/// spoke.
/// Source: the published plugins `assemblyai-s2t-blockifier` (which is `s2t-blockifier-default`) and
/// `whisper-s2t-blockifier`: tags of kind `timestamp`, named by the word, and `speaker`, with
/// `{"start_time", "end_time"}` in milliseconds. Fidelity: what was said is assumed.
enum SpeechToText {
  static let handles: TextSet = [
    "s2t-blockifier-default", "s2t-blockifier-assembly", "whisper-s2t-blockifier",
  ]
  private static let wordMilliseconds = 300

  static func block(_ text: String) throws(SteamshipError) -> BlockDraft {
    guard text.utf8.count <= PluginLimits.taggedBytesMax else { throw PluginLimits.tooMuchMade }
    let words = Canned.words(text)
    guard words.count < PluginLimits.madeCountMax else { throw PluginLimits.tooMuchMade }
    var draft = BlockDraft(text: text)
    draft.tags = words.enumerated().map { index, word in
      TagDraft(
        kind: "timestamp", name: word.text, value: time(from: index, to: index + 1),
        start: word.start, end: word.end)
    }
    draft.tags.append(
      TagDraft(
        kind: "speaker", name: "A", value: time(from: 0, to: words.count), start: 0,
        end: text.unicodeScalars.count))
    return draft
  }

  private static func time(from start: Int, to end: Int) -> JSON {
    [
      "start_time": .integer(start * wordMilliseconds),
      "end_time": .integer(end * wordMilliseconds),
    ]
  }
}
