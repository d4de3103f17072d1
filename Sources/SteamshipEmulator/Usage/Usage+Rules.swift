import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// A plugin's instance was used, and it was done.
  mutating func bill(
    _ instance: InvocableInstance, type: String = "run", amount: Int, _ caller: Caller,
    _ step: inout Step
  ) {
    usage.add(
      UsageRecord(
        id: step.ids.uuid("steamship.usage", .upper), user: instance.user,
        workspace: instance.workspace,
        workspaceHandle: workspaces.read(instance.workspace, { $0.handle }) ?? "",
        resourceHandle: invocables.read(instance.invocable, { $0.handle }) ?? "",
        instanceHandle: instance.handle, operationType: type, amount: max(0, amount),
        requestID: caller.requestID, createdAt: step.now), of: instance.invocable)
  }

  /// `POST account/usage`: single uses in pages, the newest first.
  ///
  /// **Shape**: `{"usage": […], "nextPageToken"?}`.
  /// Source: ai-adventure, `lib/scripts/example.ts`, which reads `data.usage[0]`. Fidelity: the
  /// members of an element are assumed, in the words of the SDK's `UsageReport`.
  borrowing func listUsage(_ job: Job) throws(SteamshipError) -> RuleResult {
    // See `listVersions`.
    let (records, user) = (usage.records, job.caller.user)
    let page = try Page(of: records.keys, job.arguments) { records.read($0, { $0.user }) == user }
    return reply(page)
  }

  private borrowing func reply(_ page: Page<UsageRecord>) -> RuleResult {
    page.reply("usage") { write($0, into: &$1) }
  }

  private borrowing func write(_ key: Key<UsageRecord>, into json: inout JSONWriter) {
    let isThere: Void? = usage.records.glance(key) { record in
      let user = users.read(record.user) { $0.id } ?? ""
      let workspace = workspaces.read(record.workspace) { $0.id } ?? ""
      json.object { json in
        json.member("id", record.id)
        json.member("userId", user)
        json.member("workspaceId", workspace)
        json.member("workspaceHandle", record.workspaceHandle)
        json.member("resourceType", "plugin")
        json.member("resourceHandle", record.resourceHandle)
        json.member("resourceInstanceHandle", record.instanceHandle)
        json.member("operationType", record.operationType)
        json.member("operationUnit", "units")
        json.member("operationAmount", record.amount)
        json.member("billingCredits", record.amount)
        json.member("requestId", record.requestID)
        json.member("createdAt", record.createdAt)
      }
    }
    if isThere == nil { json.null() }
  }

  /// Source: ai-adventure, `lib/scripts/costs.ts`, asks for the sum; the others are assumed.
  private enum Aggregation: String, CaseIterable { case sum, count, min, max, avg }
  private enum AggregateField: String, CaseIterable { case billingCredits, operationAmount }

  /// `POST usage/aggregate`: a row for each workspace and plugin.
  ///
  /// **Shape**: `{"aggregateResults": [{"workspaceHandle", "resourceHandle", FIELD: number}]}`.
  /// Source: ai-adventure, `lib/scripts/costs.ts`.
  func aggregateUsage(_ job: Job) throws(SteamshipError) -> RuleResult {
    guard let field = try job.arguments.choice("aggregateField", AggregateField.self) else {
      throw .invalid("The field \"aggregateField\" is missing.")
    }
    let aggregation = try job.arguments.choice("aggregation", Aggregation.self) ?? .sum
    let rows = usage.totals.filter { $0.user == job.caller.user }.map { total -> JSON in
      let value: JSON =
        switch aggregation {
        case .sum: .integer(total.sum)
        case .count: .integer(total.count)
        case .min: .integer(total.least)
        case .max: .integer(total.most)
        case .avg: JSON(Double(total.sum) / Double(max(1, total.count)))
        }
      return .object(
        JSONObject([
          (
            "workspaceHandle",
            .string(workspaces.read(total.workspace, { $0.handle }) ?? total.workspaceHandle)
          ),
          ("resourceHandle", .string(total.resourceHandle)), (field.rawValue, value),
        ]))
    }
    return ["aggregateResults": .array(rows)]
  }

  /// `GET account/getUsageSummary`. Source: ai-adventure, `lib/scripts/example.ts`, which prints the
  /// answer. Fidelity: its shape is assumed.
  func usageSummary(_ caller: Caller, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    guard let user = users[caller.user] else { throw .missingKey }
    let totals = usage.totals.filter { $0.user == caller.user }
    return [
      "usageSummary": [
        "userId": .string(user.id),
        "billingCredits": .integer(totals.reduce(0) { $0.addingClamping($1.sum) }),
        "operationCount": .integer(totals.reduce(0) { $0.addingClamping($1.count) }),
        "since": .string(user.createdAt.iso8601()), "until": .string(step.now.iso8601()),
      ]
    ]
  }
}
