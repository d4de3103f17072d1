import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Accounts, workspaces, packages, versions, instances, tasks (contract §2.1).
extension SteamshipEndpoints {
  static let core: [Row] = [
    rule(
      "steamship.account.current", "account/current", "The user of the key.", needs: .read,
      by: .get, .needsNoWorkspace, gives: "{user: User}"
    ) { state, job, _ in try state.currentAccount(job.caller) },
    rule(
      "steamship.account.usageSummary", "account/getUsageSummary",
      "What the user's plugins came to in all.",
      source: "the application ai-adventure, lib/scripts/example.ts", needs: .read, by: .get,
      touches: .most { $0.usage.totals.count }, .needsNoWorkspace,
      gives:
        "{usageSummary: {userId: Id, billingCredits: integer(0..), operationCount: integer(0..), "
        + "since: time, until: time}}"
    ) { try $0.usageSummary($1.caller, &$2) },
    rule(
      "steamship.account.usage", "account/usage", "What plugins did, use by use, in pages.",
      source: "the application ai-adventure, lib/scripts/example.ts", needs: .read,
      touches: .page { $0.usage.records.extent }, .needsNoWorkspace,
      takes: "{\(page)}", gives: list("usage", "UsageRecord")
    ) { state, job, _ in try state.listUsage(job) },
    rule(
      "steamship.usage.aggregate", "usage/aggregate",
      "What plugins came to, by workspace and plugin.",
      source: "the application ai-adventure, lib/scripts/costs.ts", needs: .read,
      touches: .most { $0.usage.totals.count }, .needsNoWorkspace,
      takes: "{aggregateField: 'billingCredits'|'operationAmount', "
        + "aggregation?: 'sum'|'count'|'min'|'max'|'avg' = \"sum\"}",
      gives: "{aggregateResults: [{workspaceHandle: string = \"default\", "
        + "resourceHandle: string = \"gpt-4\", billingCredits?: number, "
        + "operationAmount?: number}]}"
    ) { state, job, _ in try state.aggregateUsage(job) },
    rule(
      "steamship.account.createLoginAttempt", "account/create_login_attempt", "Begins a login.",
      needs: nil, .needsNoWorkspace, takes: "{}", gives: "{token: Id}"
    ) { $0.createLoginAttempt(&$2) },
    rule(
      "steamship.account.pollLoginAttempt", "account/poll_login_attempt",
      "Whether a login is done.", needs: nil, [.needsNoWorkspace, .keepsNothing],
      takes: "{token: Id}", gives: "{status: 'done', apiKey: string}"
    ) { state, job, _ in try state.pollLoginAttempt(job) },

    rule(
      "steamship.workspace.create", "workspace/create",
      "Makes a workspace or fetches it by handle.", needs: .write, .needsNoWorkspace,
      takes: #"{handle?: string = "default", fetchIfExists?: boolean = true, externalId?: string, "#
        + "externalType?: string, metadata?: string}", gives: "{workspace: Workspace}",
      refuses: [409]
    ) { try $0.createWorkspace($1, &$2) },
    rule(
      "steamship.workspace.get", "workspace/get", "A workspace by id or handle.", needs: .read,
      .needsNoWorkspace, takes: byEither, gives: "{workspace: Workspace}"
    ) { try $0.getWorkspace($1, &$2) },
    rule(
      "steamship.workspace.update", "workspace/update", "Renames or describes a workspace.",
      .assumed, needs: .write, .needsNoWorkspace,
      takes: "{id: Id, handle?: string, description?: string}", gives: "{workspace: Workspace}",
      refuses: [409]
    ) { try $0.updateWorkspace($1, &$2) },
    rule(
      "steamship.workspace.delete", "workspace/delete",
      "Deletes a workspace with all that is in it.", needs: .write, touches: .workspace,
      [.needsNoWorkspace, .keepsNothing], takes: byID, gives: "{workspace: Workspace}"
    ) { try $0.deleteWorkspace($1, &$2) },
    rule(
      "steamship.workspace.list", "workspace/list", "The caller's workspaces, in pages.",
      needs: .read, touches: .page { $0.workspaces.extent }, .needsNoWorkspace,
      takes: "{\(page)}", gives: list("workspaces", "Workspace")
    ) { try $0.listWorkspaces($1, &$2) },

    rule(
      "steamship.package.create", "package/create", "Makes a package.", needs: .write,
      takes: #"{handle?: string = "greeter", isPublic?: boolean, profile?: object, "#
        + "description?: string, readme?: string, fetchIfExists?: boolean = true}",
      gives: "{package: Package}", refuses: [409]
    ) { try $0.createInvocable(.package, $1, &$2) },
    rule(
      "steamship.package.get", "package/get", "A package by id or handle.", needs: .read,
      takes: #"{id?: Id, handle?: string = "greeter"}"#, gives: "{package: Package}"
    ) { state, job, _ in try state.getInvocable(.package, job) },
    rule(
      "steamship.package.list", "package/list", "Public and own packages, in pages.", needs: .read,
      touches: .page { $0.invocables.extent }, takes: "{\(page)}",
      gives: list("packages", "Package")
    ) { state, job, _ in try state.listInvocables(.package, job) },
    rule(
      "steamship.package.update", "package/update", "Changes what is given.", needs: .write,
      takes: "{id: Id, handle?: string, description?: string, profile?: object, readme?: string}",
      gives: "{package: Package}", refuses: [409]
    ) { try $0.updateInvocable(.package, $1, &$2) },
    rule(
      "steamship.package.delete", "package/delete",
      "Deletes a package, its versions and instances.", needs: .write,
      touches: .most { $0.versions.count + $0.instances.count },
      .keepsNothing, takes: byID, gives: "{package: Package}"
    ) { try $0.deleteInvocable(.package, $1, &$2) },
    rule(
      "steamship.package.version.create", "package/version/create", "Deploys a zip archive.",
      needs: .write, .takesUpload, as: .task(nil),
      takes: #"{packageId: Id, handle?: string = "1.0", type?: string = "file", "#
        + "hostingHandler?: string, configTemplate?: string, hostingMemory?: HostingSize, "
        + "hostingTimeout?: HostingSize, isPublic?: boolean, isDefault?: boolean, "
        + "streaming?: boolean, description?: string}", gives: "{packageVersion: PackageVersion}",
      refuses: [409]
    ) { try $0.createVersion(.package, $1, &$2) },
    rule(
      "steamship.package.version.get", "package/version/get", "A version by id, or by handle.",
      needs: .read,
      takes: #"{id?: Id, handle?: string = "1.0", packageId?: Id}"#,
      gives: "{packageVersion: PackageVersion}", refuses: [404]
    ) { state, job, _ in try state.getVersion(.package, job) },
    rule(
      "steamship.package.version.list", "package/version/list", "A package's versions, in pages.",
      needs: .read, touches: .page { $0.versions.extent },
      takes: "{packageId: Id, handle?: string, \(page)}",
      gives: list("packageVersions", "PackageVersion"), refuses: [404]
    ) { state, job, _ in try state.listVersions(.package, job, named: "packageVersions") },
    rule(
      "steamship.package.version.delete", "package/version/delete", "Deletes a version.",
      needs: .write, touches: .most { $0.instances.count }, .keepsNothing,
      takes: byID, gives: "{packageVersion: PackageVersion}"
    ) { try $0.deleteVersion(.package, $1, &$2) },
    rule(
      "steamship.package.instance.create", "package/instance/create",
      "Makes an instance with its configuration, or fetches it.", .documented, needs: .write,
      .asksOrigin,
      takes: #"{handle?: string = "demo", packageId?: Id, packageHandle?: string = "greeter", "#
        + "packageVersionId?: Id, packageVersionHandle?: string, fetchIfExists?: boolean = true, "
        + "config?: object, workspaceId?: Id, localDevelopmentURL?: string}",
      gives: "{packageInstance: PackageInstance}", refuses: [409]
    ) { try $0.createInstance(.package, $1, &$2) },
    rule(
      "steamship.package.instance.get", "package/instance/get", "An instance by handle or id.",
      needs: .read, looksAt: .instance(.package),
      takes: #"{id?: Id, handle?: string = "demo"}"#, gives: "{packageInstance: PackageInstance}"
    ) { try $0.getInstance(.package, $1, &$2) },
    rule(
      "steamship.package.instance.list", "package/instance/list",
      "A workspace's instances, in pages.", needs: .read, touches: .page { $0.instances.extent },
      takes: "{packageId?: Id, packageVersionId?: Id, includeWorkspace?: boolean, "
        + "acrossWorkspaces?: boolean, \(page)}", gives: list("packageInstances", "PackageInstance")
    ) { try $0.listInstances(.package, $1, &$2) },
    rule(
      "steamship.package.instance.delete", "package/instance/delete", "Deletes an instance.",
      needs: .write, .keepsNothing,
      takes: byID, gives: "{packageInstance: PackageInstance}"
    ) { try $0.deleteInstance(.package, $1, &$2) },
    rule(
      "steamship.package.instance.invoke", "package/instance/invoke", "Schedules a later call.",
      needs: .write, .asksOrigin, as: .task(nil),
      takes: #"{instanceHandle?: string = "demo", instanceId?: Id, "#
        + #"payload?: {httpVerb?: string = "POST", invocationPath: string = "greet", "#
        + "arguments?: object}}", gives: "any", refuses: [501]
    ) { try $0.invokeScheduled($1, &$2) },

    own(
      "steamship.task.status", [.post("/api/v1/task/status")],
      "Where a task stands, with its result.", .documented, needs: .read,
      content: .collected(limit: 64 * 1024), shortcut: { $0.finishedTaskStatus($1, in: $2) },
      description: about(
        .json(200, "Where the task stands.", "TaskAnswer"), takes: .json("{taskId: Id, …}"))
    ) { try $0.taskStatus($1, $2, in: $3) },
    rule(
      "steamship.task.get", "task/get", "A task, without its envelope.", needs: .read,
      looksAt: .task, takes: "{id?: Id, taskId?: Id}", gives: "{task: Task}"
    ) { state, job, _ in try state.getTask(job) },
    rule(
      "steamship.task.list", "task/list", "A workspace's tasks, in pages.", needs: .read,
      touches: .page { $0.tasks.extent }, looksAt: .tasks,
      takes: "{id?: Id, workspaceId?: Id, state?: TaskState, \(page)}", gives: list("tasks", "Task")
    ) { try $0.listTasks($1, &$2) },
    rule(
      "steamship.task.update", "task/update", "Merges fields into a task.", needs: .write,
      takes: "{taskId: Id, state?: TaskState, statusMessage?: string, statusSuggestion?: string, "
        + "statusCode?: string, output?: string|object}", gives: "{task: Task}"
    ) { try $0.updateTask($1, &$2) },
    rule(
      "steamship.task.comment.create", "task/comment/create", "Remarks on a task.", needs: .write,
      takes: "{taskId: Id, externalId?: string, externalType?: string, externalGroup?: string, "
        + "metadata?: string|object}", gives: "{taskComment: TaskComment}"
    ) { try $0.createTaskComment($1, &$2) },
    rule(
      "steamship.task.comment.list", "task/comment/list", "Remarks by what is given, in pages.",
      needs: .read, touches: .page { $0.comments.extent },
      takes: "{taskId?: Id, externalId?: string, externalType?: string, externalGroup?: string, "
        + "\(page)}", gives: list("comments", "TaskComment")
    ) { state, job, _ in try state.listTaskComments(job) },
    rule(
      "steamship.task.comment.delete", "task/comment/delete", "Deletes a remark.", needs: .write,
      .keepsNothing, takes: byID, gives: "{taskComment: TaskComment}"
    ) { state, job, _ in try state.deleteTaskComment(job) },
    rule(
      "steamship.task.noop", "task/noop", "Does nothing and succeeds.", needs: .write,
      .keepsNothing, takes: "{}", gives: "{}"
    ) { _, _, _ in [:] },
    rule(
      "steamship.task.alwaysFail", "task/alwaysfail", "Fails.", needs: .write, .keepsNothing,
      takes: "{}", gives: "{}", refuses: [500]
    ) { state, _, _ in try state.alwaysFail() },
  ]
}
