import HTTPModel
import PayloadCodecs

/// The operation that a request of no operation most resembles, for the form of its failure and for
/// the field `X-Wavetank-Hint`.
package struct NearestOperation: Sendable, Equatable {
  package let serviceIndex: Int
  /// Nil when no word of the path is near one of an operation: any hint would be a guess.
  package let hint: String?
}

/// Beyond these counts a word or a template has no part in the search; all services together have
/// about 110 words, 400 templates, none of 16 segments.
package enum NearestOperationLimits {
  package static let wordsMax = 256
  package static let wordBytesMax = PathSketch.wordBytesMax
  package static let segmentsMax = 20
  package static let routesMax = 1024
}

/// All templates laid out for that search.
///
/// **Cost** of a search: bounded whatever is asked, a few microseconds, no heap calls. `PathSketch`
/// reads a kilobyte; each of its 12 segments is held against the words of about its length, at most
/// `distancesMax` of them letter by letter. Templates with a word that the path has are looked at one
/// by one; the others, nearly all, in groups that are equally far from it. The `finalists` alone are
/// compared segment by segment.
final class NearestOperationIndex: Sendable {
  typealias Limits = NearestOperationLimits

  /// Sets of words: one bit for each.
  typealias WordSet = InlineArray<4, UInt64>

  struct Word: Sendable, BitwiseCopyable {
    var start: Int
    var length: Int
  }

  /// What counts of a template beside its words.
  struct Shape: Sendable, BitwiseCopyable, Hashable {
    /// Different ones.
    var wordCount: Int32
    var length: Int32
    var hasRest: Bool
    var method: UInt8
  }

  struct Route: Sendable, BitwiseCopyable {
    var shape: Shape
    var words: WordSet
    /// Without `api` and `v1` where a path begins with them: they stand in too many to say anything.
    var tellingWords: WordSet
    /// In `codes`.
    var start: Int32
    var serviceIndex: Int32
  }

  /// Templates that are alike but for words that are in few templates.
  struct Group: Sendable, BitwiseCopyable {
    var shape: Shape
    /// Of the common words, a bit for each in the order of `commonWords`.
    var words: UInt64
    var tellingWords: UInt64
    /// In `members`.
    var first: Int
    var end: Int
  }

  /// The groups of one shape.
  struct GroupShape: Sendable, BitwiseCopyable {
    var shape: Shape
    /// In `groups`.
    var first: Int
    var end: Int
  }

  static let finalists = 8
  static let distancesMax = 32
  static let parameterCode: Int16 = -1
  static let restCode: Int16 = -2
  static let unknownWordCode: Int16 = -3

  let words: [Word]
  /// Which letters each word has.
  let letterSets: [UInt64]
  let letters: [UInt8]
  /// Where in `words`, which are sorted by length, those of a length begin.
  let firstOfLength: [Int]
  let routes: [Route]
  /// The segments of all templates: a word's number or one of the codes above.
  let codes: [Int16]
  /// Words that stand in many templates; no more than `Group.words` has bits.
  let commonWords: [Int]
  let commonSet: WordSet
  /// How many parts of a `WordSet` have words.
  let usedParts: Int
  let groups: [Group]
  /// Where the groups of each shape lie, by the shape's length; and where those of a length begin.
  let shapes: [GroupShape]
  let firstShapeOfLength: [Int]
  /// The templates of all groups, each group's in their order.
  let members: [Int]
  /// The templates that have each of the other words; where those of a word begin.
  let routesWithWord: [Int]
  let firstWithWord: [Int]
  let methods: [Method]
  let hints: [String]

  init(_ table: OperationTable) {
    var builder = Builder()
    for entry in table.entries where !entry.operation.isClaimed {
      for route in entry.operation.routes where builder.sources.count < Limits.routesMax {
        let segments = route.template.segments
        guard segments.count <= Limits.segmentsMax else { continue }
        builder.sources.append(Source(route: route, segments: segments, entry: entry))
      }
    }
    builder.collectWords()
    words = builder.words
    letters = builder.letters
    letterSets = builder.words.map {
      LetterSet.of(builder.letters[$0.start..<$0.start + $0.length])
    }
    firstOfLength = (0...PathSketch.wordBytesMax + 1).map { length in
      builder.words.firstIndex { $0.length >= length } ?? builder.words.count
    }
    (routes, codes, methods) = builder.routes()
    hints = builder.sources.map {
      "\($0.entry.operation.name) \($0.route.method.name) \($0.route.template.ascii)"
    }
    let parts = RouteGroups(routes, wordCount: words.count)
    (commonWords, commonSet) = (parts.commonWords, parts.commonSet)
    usedParts = (words.count + 63) >> 6
    (groups, members, shapes) = (parts.groups, parts.members, parts.shapes)
    firstShapeOfLength = (0...PathSketch.segmentsMax).map { length in
      parts.shapes.firstIndex { $0.shape.length >= length } ?? parts.shapes.count
    }
    (routesWithWord, firstWithWord) = (parts.routesWithWord, parts.firstWithWord)
  }
}
