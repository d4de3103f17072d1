import HTTPModel
import PayloadCodecs

/// `zero-shot-tagger-default`: says of each block which of its labels fit.
///
/// A label fits as far as its words occur in the text, by their stems. With `multi_label` every label
/// gets a tag, however little it fits; without it the best alone, the first of several.
/// Source: the published plugin `tagger-zero-shot-class-hf-bart-mnli`, README and tests: kind from
/// `tag_kind`, name the label, value `{"score"}` above 0.9 for what the text is about; SDK
/// `tests/assets/packages/article_tagging.py`. Fidelity: the scores are assumed.
struct ZeroShot {
  static let handle = "zero-shot-tagger-default"
  private static let labelsMax = 1000

  private let kind: String
  private let labels: [String]
  private let isMultiple: Bool

  init(_ config: JSONObject) throws(SteamshipError) {
    labels = (config["labels"]?.stringValue ?? "").split(separator: ",")
      .map { String($0).trimmingOptionalWhitespace() }.filter { !$0.isEmpty }
    guard let kind = config["tag_kind"]?.stringValue, !labels.isEmpty,
      labels.count <= Self.labelsMax
    else {
      throw .configuration(
        "\"labels\" must be up to \(Self.labelsMax) labels with commas, \"tag_kind\" a word.",
        of: InvocableKind.plugin.instanceTypeName)
    }
    self.kind = kind
    isMultiple = config["multi_label"]?.boolValue ?? false
  }

  func tags(of text: String) throws(SteamshipError) -> [TagDraft] {
    guard text.utf8.count <= PluginLimits.taggedBytesMax else { throw PluginLimits.tooMuchMade }
    let stems = Self.stems(text)
    let scores = labels.map { 0.02 + 0.96 * Self.share(of: $0, in: stems) }
    guard !isMultiple else { return zip(labels, scores).map { tag($0, $1, text) } }
    let sum = scores.reduce(0, +)
    guard
      let best = scores.indices.max(by: {
        scores[$0] < scores[$1] || scores[$0] == scores[$1] && $0 > $1
      })
    else { return [] }
    return [tag(labels[best], scores[best] / sum, text)]
  }

  private func tag(_ label: String, _ score: Double, _ text: String) -> TagDraft {
    TagDraft(
      kind: kind, name: label, value: ["score": JSON((score * 10_000).rounded() / 10_000)],
      start: 0, end: text.unicodeScalars.count)
  }

  private static func stems(_ text: String) -> TextSet {
    TextSet(Canned.words(text).map { WordVector.stem($0.text) })
  }

  /// How much of a label occurs: 0 to 1.
  private static func share(of label: String, in stems: TextSet) -> Double {
    let words = Self.stems(label)
    return words.isEmpty ? 0 : Double(words.count(where: stems.contains)) / Double(words.count)
  }
}
