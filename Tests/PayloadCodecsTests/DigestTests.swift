import PayloadCodecs
import TestSupport
import Testing

struct DigestCase: Sendable, CustomTestStringConvertible {
  let text: String
  let md5: String
  let sha256: String
  var testDescription: String { "\(text.prefix(20)) (\(text.utf8.count) bytes)" }
}

@Suite("Digests")
struct DigestTests {
  static let cases = [
    DigestCase(
      text: "", md5: "d41d8cd98f00b204e9800998ecf8427e",
      sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    DigestCase(
      text: "abc", md5: "900150983cd24fb0d6963f7d28e17f72",
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    DigestCase(
      text: "123456789", md5: "25f9e794323b453885f5181f1b624d0b",
      sha256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    DigestCase(
      text: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      md5: "8215ef0796a20bcaaae116d3876c664a",
      sha256: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    DigestCase(
      text: String(repeating: "a", count: 1000), md5: "cabe45dcc9ae5b66ba86600cca6b8ba8",
      sha256: "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
  ]

  @Test("Digests of known texts (RFC 1321 A.5, FIPS 180-4 examples)", arguments: cases)
  func known(_ example: DigestCase) {
    let bytes = Array(example.text.utf8)
    #expect(MD5.digest(bytes).hexadecimal == example.md5)
    #expect(SHA256.digest(bytes).hexadecimal == example.sha256)
  }

  @Test("Every cut of the input gives the same digest, at every length around the block size")
  func cuts() {
    var random = SeededNoise(1)
    for length in 0...200 {
      let bytes = random.bytes(length)
      let cut = length == 0 ? 0 : random.below(length + 1)
      var md5 = MD5()
      var sha = SHA256()
      for piece in [bytes[..<cut], bytes[cut...]].map({ Array($0) }) {
        md5.update(piece.span)
        sha.update(piece.span)
      }
      #expect(md5.finalize() == MD5.digest(bytes))
      #expect(sha.finalize() == SHA256.digest(bytes))
    }
  }

  @Test("A digest may be asked for in the middle and go on")
  func goesOn() {
    var md5 = MD5()
    md5.update(Array("ab".utf8).span)
    #expect(md5.finalize() == MD5.digest(Array("ab".utf8)))
    md5.update(Array("c".utf8).span)
    #expect(md5.finalize().hexadecimal == "900150983cd24fb0d6963f7d28e17f72")
  }
}
