import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ParcelsService {
  static let table: [Endpoint<ParcelsService>] = [
    Endpoint(
      "parcels.parcel.post", [.post("/parcels")], "Posts a parcel.", .assumed, needs: .any,
      content: .collectedByDefault,
      description: OperationDocumentation(
        content: [.json("{receiver: string}")], answers: [.json(201, "The parcel.", "Parcel")],
        refusals: [400]),
      handler: Handler(answer: post)),
    Endpoint(
      "parcels.parcel.list", [.get("/parcels")], "Lists the parcels.", .assumed, needs: .any,
      description: OperationDocumentation(answers: [.json(200, "All parcels.", "[Parcel]")]),
      handler: Handler(answer: list)),
    Endpoint(
      "parcels.parcel.get", [.get("/parcels/{id}")], "Shows a parcel.", .assumed, needs: .any,
      per: "id",
      description: OperationDocumentation(
        answers: [.json(200, "The parcel.", "Parcel")], refusals: [404]),
      handler: Handler(answer: get)),
    Endpoint(
      "parcels.parcel.callBack", [.delete("/parcels/{id}")], "Calls a parcel back.", .assumed,
      needs: .any, per: "id",
      description: OperationDocumentation(
        answers: [DocumentedAnswer(204, "It is gone.")], refusals: [404]),
      handler: Handler(answer: callBack)),
  ]

  @Sendable private static func post(
    _ call: Call, _ world: World<ParcelsState>
  ) throws(ParcelsError) -> Response {
    guard let receiver = (try? JSON(parsing: call.content))?["receiver"]?.stringValue else {
      throw ParcelsError(400, "A parcel needs a receiver.")
    }
    let parcel = world.mutate { state, step in state.post(to: receiver, &step) }
    return .json(.created, parcel.json.serialized())
  }

  @Sendable private static func list(
    _ call: Call, _ world: World<ParcelsState>
  ) throws(ParcelsError) -> Response {
    .json(.ok, JSON.array(world.read { $0.all }.map(\.json)).serialized())
  }

  @Sendable private static func get(
    _ call: Call, _ world: World<ParcelsState>
  ) throws(ParcelsError) -> Response {
    let parcel = world.read { $0.parcels[call.parameters["id"] ?? ""] }
    guard let parcel else { throw .noParcel }
    return .json(.ok, parcel.json.serialized())
  }

  @Sendable private static func callBack(
    _ call: Call, _ world: World<ParcelsState>
  ) throws(ParcelsError) -> Response {
    let wasThere = world.mutate { state, _ in state.remove(call.parameters["id"] ?? "") }
    guard wasThere else { throw .noParcel }
    return Response(.noContent)
  }
}
