package import EmulatorKernel
package import HTTPModel
package import PayloadCodecs

/// A made-up vendor that carries parcels: what the guide *Add a service* builds, and the proof that
/// nothing else has to know of it.
package struct ParcelsService: EmulatedService {
  package typealias State = ParcelsState

  /// What answers an endpoint, once the key is known to be good.
  package struct Handler: Sendable {
    let answer: @Sendable (Call, World<ParcelsState>) throws(ParcelsError) -> Response
  }

  package let name = "parcels"
  package let hostNames = ["api.parcels.example"]
  package let endpoints = ParcelsService.table

  package init() {}

  package func makeState(
    _ seed: WorldSeed, _ step: inout StepContext<ParcelsState.WakeKey>
  ) throws(ScenarioProblems) -> ParcelsState {
    var state = ParcelsState()
    for (index, receiver) in (seed.given?["parcels"]?.arrayValue ?? []).enumerated() {
      guard let receiver = receiver.stringValue else {
        throw ScenarioProblems([
          ScenarioProblem("/given/parcels/parcels/\(index)", "expected the receiver's name")
        ])
      }
      _ = state.post(to: receiver, &step)
    }
    return state
  }

  package func credential(of request: Request) -> String? { request.fields["x-parcels-key"] }

  package func respond(
    to call: Call, at endpoint: Endpoint<Self>, in world: World<ParcelsState>
  ) -> ServiceAnswer {
    do throws(ParcelsError) {
      guard case .accepted = call.credentialVerdict else { throw .noKey }
      return .now(try endpoint.handler.answer(call, world))
    } catch {
      return .now(error.response)
    }
  }

  package func failure(
    _ failure: ServiceFailure, operation: EmulatorKernel.Operation?, request: Request
  ) -> Response {
    ParcelsError(failure.status, failure.message ?? "\(failure.kind)").response
  }

  package func describe(_ world: World<ParcelsState>) -> JSON {
    ["parcels": .array(world.read { $0.all }.map(\.json))]
  }

  package func emit(
    _ event: JSONObject, in world: World<ParcelsState>
  ) throws(ScenarioProblems) -> Bool {
    guard let id = event["loseParcel"]?.stringValue else { return false }
    guard world.mutate({ state, _ in state.remove(id) }) else {
      throw ScenarioProblems([ScenarioProblem("/loseParcel", "there is no parcel \"\(id)\"")])
    }
    return true
  }

  // MARK: What clients and people are told

  package var keyFields: [String] { ["x-parcels-key"] }
  package func clientVariables(baseURL: String, key: String) -> [(name: String, value: String)] {
    [("PARCELS_URL", baseURL), ("PARCELS_KEY", key)]
  }

  package var consoleView: ConsoleView? {
    ConsoleView(
      "Parcels",
      script:
        "const service = { view: (state) => [cards(state.parcels.map((one) => tag(one.state)), \"None.\")] };\n"
    )
  }

  package var documentation: ServiceDocumentation {
    ServiceDocumentation(
      title: "Parcels", description: "Carries parcels within an hour.",
      security: .init("key", ["type": "apiKey", "in": "header", "name": "X-Parcels-Key"]),
      components: """
        Parcel = {id: string, receiver: string, state: 'posted'|'delivered'}
        Fault = {fault: {code: integer, text: string}}
        """,
      parameters: ["id": .init(.path, "id", "string", "The parcel.")])
  }
}

extension ParcelsService {
  package func documentation(of endpoint: Endpoint<Self>) -> OperationDocumentation {
    var about = endpoint.description()
    let meanings = [400: "Something is missing.", 401: "No good key.", 404: "No such parcel."]
    for status in [401] + about.refusals {
      about.answers.append(.json(status, meanings[status] ?? "Refused.", "Fault"))
    }
    return about
  }
}

/// The vendor's own error form.
package struct ParcelsError: Error {
  let status: Int
  let text: String

  init(_ status: Int, _ text: String) {
    self.status = status
    self.text = text
  }

  static let noKey = ParcelsError(401, "Who sends this?")
  static let noParcel = ParcelsError(404, "No such parcel.")

  var response: Response {
    .json(
      Status(status),
      JSON.object(["fault": ["code": .integer(status), "text": .string(text)]]).serialized())
  }
}

extension ParcelsState.Parcel {
  /// **Shape**: `{"id": "…", "receiver": "Ada", "state": "posted"}`.
  var json: JSON {
    [
      "id": .string(id), "receiver": .string(receiver),
      "state": .string(isDelivered ? "delivered" : "posted"),
    ]
  }
}
