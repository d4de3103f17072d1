import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Testing

@Suite("Times and ids as texts")
struct WrittenTextTests {
  static let instants: [(nanoseconds: Int64, text: String)] = [
    (0, "1970-01-01T00:00:00.000000Z"),
    (-1, "1969-12-31T23:59:59.999999Z"),
    (1_709_164_799_123_456_789, "2024-02-28T23:59:59.123456Z"),
    (1_709_164_800_000_000_000, "2024-02-29T00:00:00.000000Z"),
    (4_102_444_799_999_999_999, "2099-12-31T23:59:59.999999Z"),
  ]

  @Test("An instant is the same as a string and as a member of an answer", arguments: instants)
  func instant(example: (nanoseconds: Int64, text: String)) {
    let instant = VirtualInstant(nanoseconds: example.nanoseconds)
    let (seconds, milliseconds) = (example.text.prefix(19) + "Z", example.text.prefix(23) + "Z")
    #expect(instant.iso8601() == seconds)
    #expect(instant.iso8601(.milliseconds) == milliseconds)
    #expect(instant.iso8601(.microseconds) == example.text)
    var json = JSONWriter()
    json.object { json in
      json.member("a", instant)
      json.member("b", instant, .milliseconds)
      json.member(ifPresent: "c", instant, .microseconds)
      json.member(ifPresent: "d", VirtualInstant?.none)
    }
    #expect(
      String(decoding: json.bytes, as: UTF8.self)
        == #"{"a":"\#(seconds)","b":"\#(milliseconds)","c":"\#(example.text)"}"#)
  }

  static let ids: [(high: UInt64, low: UInt64, text: String)] = [
    (0, 0, "00000000-0000-0000-0000-000000000000"),
    (.max, .max, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    (
      0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, "01234567-89ab-cdef-fedc-ba9876543210"
    ),
    (
      0x9A0B_1C2D_3E4F_5060, 0x7080_90A0_B0C0_D0E9, "9a0b1c2d-3e4f-5060-7080-90a0b0c0d0e9"
    ),
  ]

  @Test("A UUID is read digit by digit: any other byte in any place makes it none")
  func uuidDigits() throws {
    let text = Array("9a0b1c2d-3e4f-5060-7080-90a0b0c0d0e9".utf8)
    for place in text.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[place] = byte
        let read = UUIDText.read(changed.span)
        guard text[place] != UInt8(ascii: "-") else {
          #expect((read != nil) == (byte == text[place]))
          continue
        }
        let digit = Int(String(decoding: [byte], as: UTF8.self), radix: 16)
        #expect((read != nil) == (digit != nil), "\(byte) at \(place)")
        guard let read else { continue }
        let written = UUIDText.text(read.high, read.low)
        #expect(written.utf8.elementsEqual(changed.map(\.asciiLowercased)))
      }
    }
    for length in [0, 35, 37] {
      let other = Array((text + text).prefix(length))
      let read = UUIDText.read(other.span)
      #expect(read == nil)
    }
  }

  @Test("A UUID has its digits in their places (RFC 9562 §4)", arguments: ids)
  func uuid(example: (high: UInt64, low: UInt64, text: String)) throws {
    #expect(UUIDText.text(example.high, example.low) == example.text)
    #expect(UUIDText.text(example.high, example.low, .upper) == example.text.uppercased())
    var bytes: [UInt8] = [1]
    UUIDText.append(example.high, example.low, to: &bytes)
    #expect(bytes == [1] + Array(example.text.utf8))
    let read = UUIDText.read(example.text.utf8.span)
    let words = try #require(read)
    #expect(words.high == example.high && words.low == example.low)
    var json = JSONWriter()
    json.array { json in
      json.value(uuid: example.high, example.low)
      json.object { $0.member("id", uuid: example.high, example.low) }
    }
    #expect(
      String(decoding: json.bytes, as: UTF8.self)
        == #"["\#(example.text)",{"id":"\#(example.text)"}]"#)
  }
}
