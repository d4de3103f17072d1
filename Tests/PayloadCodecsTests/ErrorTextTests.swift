import Testing

@testable import PayloadCodecs

@Suite("Errors of codecs say in words what is wrong, since clients read them")
struct ErrorTextTests {
  static let texts: [(error: any Error, text: String)] = [
    (MultipartError.truncated(offset: 9), "it ends at byte 9, before its last boundary"),
    (MultipartError.tooManyParts(limit: 1000), "it has more than 1000 parts"),
    (MultipartError.fieldTooLarge(name: "a", limit: 5), "the part \"a\" has more than 5 bytes"),
    (
      BracketedNames.RebuildError.conflict(name: "a[0]"),
      "\"a[0]\" wants a list or an object where another has a text"
    ),
    (
      BracketedNames.RebuildError.tooDeep(
        name: "a" + String(repeating: "[0]", count: 99), limit: 32),
      "\"a" + String(repeating: "[0]", count: 33) + "…\" has more than 32 brackets"
    ),
    (FormURLEncoded.ReadError.tooManyPairs(limit: 7), "it has more than 7 pairs"),
    (GzipError.damaged(offset: 3), "it is damaged at byte 3"),
    (GzipError.ratioTooHigh(limit: 250), "it unpacks to more than 250 times its size"),
    (TarError.badChecksum(offset: 512), "the header at byte 512 has another checksum"),
    (PackageArchiveError.gzip(.truncated), "gzip: it ends too early"),
    (PackageArchiveError.tar(.empty), "tar: it is empty"),
  ]

  @Test("Each has its sentence", arguments: texts.indices)
  func sentence(_ index: Int) {
    #expect("\(Self.texts[index].error)" == Self.texts[index].text)
  }
}
