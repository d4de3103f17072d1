import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Accounts, workspaces, packages, versions, instances, tasks (contract §2.1).
extension SteamshipRoutes {
  static let core: [SteamshipRoute] = [
    getAccount, getUsageSummary,
    rule(
      "account.usage", "account/usage", "What plugins did, use by use, in pages."
    ) { (state, fields, caller, _) throws(SteamshipError) in
      try state.listUsage(fields, caller)
    }.seen(in: "the application ai-adventure, lib/scripts/example.ts"),
    rule(
      "usage.aggregate", "usage/aggregate", "What plugins came to, by workspace and plugin."
    ) { (state, fields, caller, _) throws(SteamshipError) in
      try state.aggregateUsage(fields, caller)
    }.seen(in: "the application ai-adventure, lib/scripts/costs.ts"),
    rule("account.createLoginAttempt", "account/create_login_attempt", "Begins a login.") {
      (state, _, _, step) throws(SteamshipError) in state.createLoginAttempt(&step)
    }.withoutKey(),
    rule("account.pollLoginAttempt", "account/poll_login_attempt", "Whether a login is done.") {
      (state, fields, _, _) throws(SteamshipError) in try state.pollLoginAttempt(fields)
    }.withoutKey(),

    rule("workspace.create", "workspace/create", "Makes a workspace or fetches it by handle.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createWorkspace(fields, caller, &step)
    },
    rule("workspace.get", "workspace/get", "A workspace by id or handle.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.getWorkspace(fields, caller, &step)
    },
    rule("workspace.update", "workspace/update", "Renames or describes a workspace.", .assumed) {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.updateWorkspace(fields, caller, &step)
    },
    rule("workspace.delete", "workspace/delete", "Deletes a workspace with all that is in it.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteWorkspace(fields, caller, &step)
    },
    rule("workspace.list", "workspace/list", "The caller's workspaces, in pages.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.listWorkspaces(fields, caller, &step)
    },

    rule("package.create", "package/create", "Makes a package.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createInvocable(.package, fields, caller, &step)
    },
    rule("package.get", "package/get", "A package by id or handle.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.getInvocable(.package, fields, caller)
    },
    rule("package.list", "package/list", "Public and own packages, in pages.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.listInvocables(.package, fields, caller)
    },
    rule("package.update", "package/update", "Changes what is given.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.updateInvocable(.package, fields, caller, &step)
    },
    rule("package.delete", "package/delete", "Deletes a package, its versions and instances.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteInvocable(.package, fields, caller, &step)
    },
    task("package.version.create", "package/version/create", "Deploys a zip archive.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createVersion(.package, fields, caller, &step)
    }.uploading(),
    rule("package.version.get", "package/version/get", "A version by id, or by handle.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.getVersion(.package, fields, caller)
    },
    rule("package.version.list", "package/version/list", "A package's versions, in pages.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.listVersions(.package, fields, caller, named: "packageVersions")
    },
    rule("package.version.delete", "package/version/delete", "Deletes a version.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteVersion(.package, fields, caller, &step)
    },
    rule(
      "package.instance.create", "package/instance/create",
      "Makes an instance with its configuration, or fetches it.", .documented
    ) { (state, fields, caller, step) throws(SteamshipError) in
      try state.createInstance(.package, fields, caller, &step)
    }.askingOrigin(),
    rule("package.instance.get", "package/instance/get", "An instance by handle or id.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.getInstance(.package, fields, caller, &step)
    }.asking(.instance(.package)),
    rule("package.instance.list", "package/instance/list", "A workspace's instances, in pages.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.listInstances(.package, fields, caller, &step)
    },
    rule("package.instance.delete", "package/instance/delete", "Deletes an instance.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteInstance(.package, fields, caller, &step)
    },
    task("package.instance.invoke", "package/instance/invoke", "Schedules a later call.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.invokeScheduled(fields, caller, &step)
    }.askingOrigin(),

    special(
      "task.status", .post, "task/status", "Where a task stands, with its result.",
      .taskStatus, fidelity: .documented, content: .collected(limit: 64 * 1024)),
    rule("task.get", "task/get", "A task, without its envelope.") {
      (state, fields, caller, _) throws(SteamshipError) in try state.getTask(fields, caller)
    }.asking(.task),
    rule("task.list", "task/list", "A workspace's tasks, in pages.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.listTasks(fields, caller, &step)
    }.asking(.tasks),
    rule("task.update", "task/update", "Merges fields into a task.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.updateTask(fields, caller, &step)
    },
    rule("task.comment.create", "task/comment/create", "Remarks on a task.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createTaskComment(fields, caller, &step)
    },
    rule("task.comment.list", "task/comment/list", "Remarks by what is given, in pages.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.listTaskComments(fields, caller)
    },
    rule("task.comment.delete", "task/comment/delete", "Deletes a remark.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.deleteTaskComment(fields, caller)
    },
    rule("task.noop", "task/noop", "Does nothing, well.") { _, _, _, _ in [:] },
    rule("task.alwaysFail", "task/alwaysfail", "Fails.") {
      (state, _, _, _) throws(SteamshipError) in try state.alwaysFail()
    },
  ]

  private static let getUsageSummary = SteamshipRoute(
    operation: operation(
      "account.usageSummary", .get, "account/getUsageSummary", .seenInClient,
      "What the user's plugins came to in all.", content: .ignored),
    handling: .rule { (state, _, caller, step) throws(SteamshipError) in
      try state.usageSummary(caller, &step)
    }
  ).seen(in: "the application ai-adventure, lib/scripts/example.ts")

  /// The one operation that the SDK's JSON client calls by GET.
  private static let getAccount = SteamshipRoute(
    operation: operation(
      "account.current", .get, "account/current", .seenInClient, "The user of the key.",
      content: .ignored),
    handling: .rule { (state, _, caller, _) throws(SteamshipError) in
      try state.currentAccount(caller)
    })
}
