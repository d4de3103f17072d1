import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Plugins, embedding indices, logs, and the calls of packages (contract §2.3, §2.4, §5).
extension SteamshipRoutes {
  static let plugins: [SteamshipRoute] = [
    rule("plugin.create", "plugin/create", "Makes a plugin.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createInvocable(.plugin, fields, caller, &step)
    },
    rule("plugin.get", "plugin/get", "A plugin by id or handle.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.getInvocable(.plugin, fields, caller)
    },
    rule("plugin.list", "plugin/list", "Public and own plugins, in pages.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.listInvocables(.plugin, fields, caller)
    },
    rule("plugin.update", "plugin/update", "Changes what is given.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.updateInvocable(.plugin, fields, caller, &step)
    },
    rule("plugin.delete", "plugin/delete", "Deletes a plugin, its versions and instances.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteInvocable(.plugin, fields, caller, &step)
    },
    task("plugin.version.create", "plugin/version/create", "Deploys a zip archive.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createVersion(.plugin, fields, caller, &step)
    }.uploading(),
    rule("plugin.version.public", "plugin/version/public", "A plugin's public versions.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.listVersions(.plugin, fields, caller, named: "plugins", isPublic: true)
    },
    rule("plugin.version.private", "plugin/version/private", "A plugin's private versions.") {
      (state, fields, caller, _) throws(SteamshipError) in
      try state.listVersions(.plugin, fields, caller, named: "plugins", isPublic: false)
    },
    rule("plugin.version.delete", "plugin/version/delete", "Deletes a version.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteVersion(.plugin, fields, caller, &step)
    },
    rule("plugin.instance.create", "plugin/instance/create", "Makes or fetches an instance.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createInstance(.plugin, fields, caller, &step)
    }.askingOrigin(),
    rule("plugin.instance.get", "plugin/instance/get", "An instance by handle or id.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.getInstance(.plugin, fields, caller, &step)
    }.asking(.instance(.plugin)),
    rule("plugin.instance.delete", "plugin/instance/delete", "Deletes an instance.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteInstance(.plugin, fields, caller, &step)
    },
    task("plugin.instance.tag", "plugin/instance/tag", "Tags blocks.", .byDefault) {
      (state, fields, caller, step) throws(SteamshipError) in try state.tag(fields, caller, &step)
    },
    task(
      "plugin.instance.blockify", "plugin/instance/blockify", "Makes blocks of a file's bytes.",
      .byDefault
    ) { (state, fields, caller, step) throws(SteamshipError) in
      try state.blockify(fields, caller, &step)
    },
    task("plugin.instance.generate", "plugin/instance/generate", "Generates blocks.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.generate(fields, caller, &step)
    },
    task("plugin.instance.train", "plugin/instance/train", "Trains a model.", .byDefault) {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.train(fields, caller, &step)
    },
    task(
      "plugin.instance.getTrainingParameters", "plugin/instance/getTrainingParameters",
      "What a training would run with."
    ) { (state, fields, caller, step) throws(SteamshipError) in
      try state.trainingParameters(fields, caller, &step)
    },
    rule(
      "plugin.instance.embeddingSearch", "plugin/instance/embeddingSearch",
      "Searches texts that come with the request."
    ) { (state, fields, caller, step) throws(SteamshipError) in
      try state.embeddingSearch(fields, caller, &step)
    },

    rule("embeddingIndex.create", "embedding-index/create", "Makes or fetches an index.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createIndex(fields, caller, &step)
    },
    rule("embeddingIndex.delete", "embedding-index/delete", "Deletes an index with its items.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteIndex(fields, caller, &step)
    },
    rule("embeddingIndex.item.create", "embedding-index/item/create", "Adds items.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createIndexItems(fields, caller, &step)
    },
    rule("embeddingIndex.item.list", "embedding-index/item/list", "An index's items, in pages.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.listIndexItems(fields, caller, &step)
    },
    task("embeddingIndex.embed", "embedding-index/embed", "Embeds what is not embedded yet.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.embedIndex(fields, caller, &step)
    },
    task("embeddingIndex.search", "embedding-index/search", "The nearest items.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.searchIndex(fields, caller, &step)
    },
  ]

  static let rest: [SteamshipRoute] = [
    rule("logs.list", "logs/list", "What packages and plugins did.") {
      (state, fields, caller, _) throws(SteamshipError) in try state.listLogs(fields, caller)
    }
  ]

  static let invocation: [SteamshipRoute] = [
    SteamshipRoute(
      operation: Operation(
        "steamship.package.invoke",
        [
          Operation.Route(.post, "/apps/{workspace}/{instance}/{path…}"),
          Operation.Route(.get, "/apps/{workspace}/{instance}/{path…}"),
        ], content: .collectedByDefault, fidelity: .documented,
        summary: "Calls a method of a package.", resourceParameter: "instance"),
      handling: .special(.invoke), needsKey: false, asksOrigin: true),
    special(
      "package.preflight", .options, "/apps/{workspace}/{instance}/{path…}",
      "What a browser asks before it calls.", .preflight, needsKey: false),
  ]
}
