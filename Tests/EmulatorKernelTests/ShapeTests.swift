import EmulatorKernel
import PayloadCodecs
import Testing

@Suite("Shapes are JSON Schema in few words")
struct ShapeTests {
  static let cases: [(shape: String, schema: String)] = [
    ("string", #"{"type":"string"}"#),
    ("any", "{}"),
    ("time", #"{"type":"string","format":"date-time"}"#),
    ("string(1..255)", #"{"type":"string","minLength":1,"maxLength":255}"#),
    ("integer(0..)", #"{"type":"integer","minimum":0}"#),
    ("number(..9)", #"{"type":"number","maximum":9}"#),
    ("'a'|'b'", #"{"type":"string","enum":["a","b"]}"#),
    ("'a'", #"{"const":"a"}"#),
    ("string|null", #"{"anyOf":[{"type":"string"},{"type":"null"}]}"#),
    ("[Ship]", ##"{"type":"array","items":{"$ref":"#/components/schemas/Ship"}}"##),
    ("{}", #"{"type":"object","additionalProperties":false}"#),
    ("{…}", #"{"type":"object"}"#),
    ("{*: integer}", #"{"type":"object","additionalProperties":{"type":"integer"}}"#),
    (
      #"{a: string = "x", "b c"?: boolean}"#,
      #"{"type":"object","properties":{"a":{"type":"string","examples":["x"]},"#
        + #""b c":{"type":"boolean"}},"required":["a"],"additionalProperties":false}"#
    ),
    (
      "{-- How far.\n-- In miles.\na?: integer = 3,\n}",
      #"{"type":"object","properties":{"a":{"type":"integer","examples":[3],"#
        + #""description":"How far. In miles."}},"additionalProperties":false}"#
    ),
    (
      #"object = {"a": [1, "}"]}"#, #"{"type":"object","examples":[{"a":[1,"}"]}]}"#
    ),
  ]

  @Test("A shape gives its schema", arguments: cases)
  func schema(shape: String, schema: String) throws {
    #expect(try ShapeParser.schema(shape) == JSON(parsing: schema))
  }

  @Test("A tolerant shape takes null for what is optional, and further members")
  func tolerant() throws {
    let schema = try ShapeParser.schema("{a?: string = \"x\", b: string}", isTolerant: true)
    let expected =
      #"{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}],"#
      + #""examples":["x"]},"b":{"type":"string"}},"required":["b"]}"#
    #expect(try schema == JSON(parsing: expected))
  }

  @Test(
    "A shape that is not well written says where",
    arguments: ["", "strin", "{a}", "{a: string", "[string", "'a", "string(1)", "string x", "a = "])
  func malformed(shape: String) {
    #expect(throws: ShapeError.self) { try ShapeParser.schema(shape) }
  }

  @Test("An example is made of the shape's own examples")
  func example() throws {
    let components = try ShapeParser.components(
      """
      Name = string = "Aurora"
      -- A ship.
      Ship = {name: Name, length?: integer, crew: [Name], flag?: 'red'|'green' = "green"}
      """)
    #expect(components["Ship"]?["description"] == "A ship.")
    let value = try ShapeExample(components: components).value(of: ShapeParser.schema("[Ship]"))
    #expect(value == [["name": "Aurora", "crew": ["Aurora"], "flag": "green"]])
  }
}
