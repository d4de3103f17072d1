import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

@Suite("Blueprints and external files (the former API reference)")
struct BlueprintTests {
  static let path = "/orgs/\(ShipyardDemo.org)/blueprints"

  static func upload(_ harness: ServiceHarness, _ form: String) async throws -> Reply {
    try await harness.send(
      .post, "/orgs/\(ShipyardDemo.org)/temporary_external_files",
      [("Content-Type", "multipart/form-data; boundary=x7q")], text: form)
  }

  static let form =
    "--x7q\r\nContent-Disposition: form-data; name=\"file\"; filename=\"script.py\"\r\n"
    + "Content-Type: application/octet-stream\r\n\r\nprint(\"hi\")\n\r\n--x7q--\r\n"

  @Test("An uploaded file is answered 201 with RequestID and ExternalFile (contract 6.10)")
  func uploaded() async throws {
    let reply = try await Self.upload(try ServiceHarness(ShipyardService()), Self.form)
    #expect(reply.status == 201)
    let id = try #require(reply.json["data"]?["RequestID"]?.stringValue)
    let url = try #require(reply.json["data"]?["ExternalFile"]?.stringValue)
    #expect(
      url.hasPrefix(
        "s3://production-shipyard-uploads-tmp/tmp/organizations/\(ShipyardDemo.org)/requests/\(id).sefv2_"
      ))
    #expect(UUIDText.isUUID(String(url.suffix(36))))
    #expect(reply.json.objectValue?.keys == ["data"])
  }

  @Test("The inventory has uploaded files in the order in which they came")
  func inventory() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let names = (0..<12).map { "\($0).py" }
    for name in names {
      _ = try await Self.upload(harness, Self.form.replacing("script.py", with: name))
    }
    let files = harness.live.slots[0].inventory().filter { $0.kind == "external file" }
    #expect(files.map(\.place) == names.map { ["file \($0)"] })
  }

  @Test(
    "Other forms than one part named file are 400",
    arguments: [
      "", "--x7q--\r\n", "nothing", String(form.dropLast(4)),
      form.replacing("name=\"file\"", with: "name=\"other\""), form.replacing("x7q", with: "y"),
      form.replacing("--x7q--", with: "--x7q") + form,
    ])
  func badForms(form: String) async throws {
    let reply = try await Self.upload(try ServiceHarness(ShipyardService()), form)
    #expect(reply.status == 400)
    #expect(reply.isFailureForm)
  }

  @Test("A blueprint refers to the upload, its inputs get ids, an update changes what is present")
  func life() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let file = try await Self.upload(harness, Self.form).json["data"]
    let id = try #require(file?["RequestID"])
    let url = try #require(file?["ExternalFile"])
    let document: JSON = [
      "name": "Greeter", "synopsis": "s", "description": "d", "state": 3, "pallet_type": 2,
      "pallet_config": [
        "version": "3.7", "command": ["program": "python3", "file_to_run": "script.py"],
        "external_file": ["temp": ["file_name": "script.py", "id": id, "url": url]],
      ],
      "spec_list": [
        ["display_name": "Who", "name": "WHO", "type": 1, "required": true],
        [
          "display_name": "Key", "name": "KEY", "type": 7, "default": "s3cret",
          "type_spec": ["multiline": false],
        ],
        [
          "display_name": "Tone", "name": "TONE", "type": 6, "default": "warm",
          "type_spec": [["name": "warm", "value": "w"], ["name": "cold", "value": "c"]],
        ],
      ],
      "retry_strategy": ["number_of_retries": 2, "ttr": 300], "runtime_timeout": 600,
      "exclude_exit_code_ranges": [[1, 5]],
    ]
    let made = try await harness.send(
      .post, Self.path, [("Content-Type", "application/x-www-form-urlencoded")],
      text: document.text)
    #expect(made.status == 201, "\(made.field("X-Wavetank-Remark") ?? "")")
    #expect(made.json["data_kind"] == "blueprint")
    let data = try #require(made.json["data"])
    #expect(data["org_id"] == .string(ShipyardDemo.org))
    #expect(data["retry_strategy"] == ["number_of_retries": 2, "ttr": 300])
    let inputs = try #require(data["spec_list"]?.arrayValue)
    #expect(inputs.map { $0["name"] } == ["WHO", "KEY", "TONE"])
    #expect(inputs[1]["default"] == "SHIPYARD_HIDDEN")
    let blueprint = try #require(data["id"]?.stringValue)

    let change: JSON = [
      "synopsis": "other",
      "spec_list": [
        ["id": inputs[0]["id"] ?? .null, "required": false], ["name": "NEW", "type": 2],
      ],
    ]
    let updated = try await harness.send(.post, "\(Self.path)/\(blueprint)", text: change.text)
    #expect(updated.status == 200)
    let after = try #require(updated.json["data"])
    #expect(after["synopsis"] == "other")
    #expect(after["description"] == "d")
    #expect(after["spec_list"]?.arrayValue?.map { $0["name"] } == ["WHO", "KEY", "TONE", "NEW"])
    #expect(after["spec_list"]?[0]?["required"] == false)
    #expect(after["spec_list"]?[0]?["display_name"] == "Who")

    // A vessel of this blueprint hides the password.
    let yaml = """
      name: n
      vessels: {v: {source: {type: BLUEPRINT, blueprint: Greeter, inputs: {KEY: k, WHO: w}}}}
      """
    let fleet = try await harness.send(.put, "\(ShipyardDemo.projectPath)/fleets", text: yaml).text
    #expect(fleet.contains("KEY: SHIPYARD_HIDDEN\n"))
    #expect(fleet.contains("WHO: w\n"))
    let line = try #require(fleet.split(separator: "\n").first { $0.hasPrefix("_id: ") })
    let runs = "\(ShipyardDemo.projectPath)/fleets/\(line.dropFirst(5))/fleetruns"
    let run = try await harness.trigger(runs)
    #expect(try harness.environment(of: "v", in: run)["SHIPYARD_BLUEPRINT_ID"] == blueprint)
  }

  @Test(
    "Values out of range are 400",
    arguments: [
      "", "[]", "{", #"{"pallet_type":2}"#, #"{"name":"b"}"#, #"{"name":7,"pallet_type":2}"#,
      #"{"name":"","pallet_type":2}"#, #"{"name":"b","pallet_type":1}"#,
      #"{"name":"b","pallet_type":"2"}"#, #"{"name":"b","pallet_type":2,"state":4}"#,
      #"{"name":"b","pallet_type":2,"runtime_timeout":299}"#,
      #"{"name":"b","pallet_type":2,"retry_strategy":{"ttr":250}}"#,
      #"{"name":"b","pallet_type":2,"retry_strategy":{"number_of_retries":25}}"#,
      #"{"name":"b","pallet_type":2,"exclude_exit_code_ranges":[[0,5]]}"#,
      #"{"name":"b","pallet_type":2,"pallet_config":{"command":{"program":"bash"}}}"#,
      #"{"name":"b","pallet_type":2,"pallet_config":{"external_file":{"temp":{"id":"x","url":"y"}}}}"#,
      #"{"name":"b","pallet_type":2,"spec_list":{}}"#,
      #"{"name":"b","pallet_type":2,"spec_list":[{"name":"A"}]}"#,
      #"{"name":"b","pallet_type":2,"spec_list":[{"name":"A","type":9}]}"#,
      #"{"name":"b","pallet_type":2,"spec_list":[{"name":"A","type":6}]}"#,
      #"{"name":"b","pallet_type":2,"spec_list":[{"name":"A","type":6,"type_spec":[{"name":"x"}],"default":"y"}]}"#,
      #"{"name":"b","pallet_type":2,"spec_list":[{"id":"none","name":"A","type":1}]}"#,
    ])
  func refused(body: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(.post, Self.path, text: body)
    #expect(reply.status == 400)
    #expect(reply.isFailureForm)
    #expect(
      harness.state["organizations"]?[0]?["blueprints"]?.arrayValue?.count == 1, "nothing was made")
  }

  @Test("pallet_type cannot change")
  func palletTypeStays() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let made = try await harness.send(.post, Self.path, text: #"{"name":"b","pallet_type":3}"#)
    let id = made.json["data"]?["id"]?.stringValue ?? ""
    let path = "\(Self.path)/\(id)"
    #expect(try await harness.send(.post, path, text: #"{"pallet_type":2}"#).status == 400)
    #expect(try await harness.send(.post, path, text: #"{"pallet_type":3}"#).status == 200)
  }
}
