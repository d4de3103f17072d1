import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Plugins, embedding indices, logs, and the calls of packages (contract §2.3, §2.4, §5).
extension SteamshipEndpoints {
  static let plugins: [Row] = [
    rule(
      "steamship.plugin.create", "plugin/create", "Makes a plugin.", needs: .write,
      takes: #"{type: string = "tagger", transport?: string = "jsonOverHttp", isPublic?: boolean, "#
        + #"handle?: string = "spotter", description?: string, metadata?: string|object, "#
        + "trainingPlatform?: string, profile?: object, readme?: string, "
        + "fetchIfExists?: boolean = true}", gives: "{plugin: Plugin}", refuses: [409]
    ) { try $0.createInvocable(.plugin, $1, &$2) },
    rule(
      "steamship.plugin.get", "plugin/get", "A plugin by id or handle.", needs: .read,
      takes: #"{id?: Id, handle?: string = "test-tagger"}"#, gives: "{plugin: Plugin}"
    ) { state, job, _ in try state.getInvocable(.plugin, job) },
    rule(
      "steamship.plugin.list", "plugin/list", "Public and own plugins, in pages.", needs: .read,
      touches: .page { $0.invocables.extent }, takes: "{type?: string, \(page)}",
      gives: list("plugins", "Plugin")
    ) { state, job, _ in try state.listInvocables(.plugin, job) },
    rule(
      "steamship.plugin.update", "plugin/update", "Changes what is given.", needs: .write,
      takes: "{id: Id, handle?: string, description?: string, profile?: object, readme?: string}",
      gives: "{plugin: Plugin}", refuses: [409]
    ) { try $0.updateInvocable(.plugin, $1, &$2) },
    rule(
      "steamship.plugin.delete", "plugin/delete", "Deletes a plugin, its versions and instances.",
      needs: .write, touches: .most { $0.versions.count + $0.instances.count }, .keepsNothing,
      takes: byID, gives: "{plugin: Plugin}"
    ) { try $0.deleteInvocable(.plugin, $1, &$2) },
    rule(
      "steamship.plugin.version.create", "plugin/version/create", "Deploys a zip archive.",
      needs: .write, .takesUpload, as: .task(nil),
      takes:
        #"{pluginId: Id, handle?: string = "1.0", type?: string = "file", hostingHandler?: string, "#
        + "configTemplate?: string, hostingMemory?: HostingSize, hostingTimeout?: HostingSize, "
        + "isPublic?: boolean, isDefault?: boolean, streaming?: boolean, description?: string}",
      gives: "{pluginVersion: PluginVersion}", refuses: [409]
    ) { try $0.createVersion(.plugin, $1, &$2) },
    rule(
      "steamship.plugin.version.public", "plugin/version/public", "A plugin's public versions.",
      needs: .write, touches: .page { $0.versions.extent },
      takes: "{pluginId: Id, handle?: string, \(page)}", gives: list("plugins", "PluginVersion")
    ) { state, job, _ in try state.listVersions(.plugin, job, named: "plugins", isPublic: true) },
    rule(
      "steamship.plugin.version.private", "plugin/version/private", "A plugin's private versions.",
      needs: .write, touches: .page { $0.versions.extent },
      takes: "{pluginId: Id, handle?: string, \(page)}", gives: list("plugins", "PluginVersion")
    ) { state, job, _ in try state.listVersions(.plugin, job, named: "plugins", isPublic: false) },
    rule(
      "steamship.plugin.version.delete", "plugin/version/delete", "Deletes a version.",
      needs: .write, touches: .most { $0.instances.count }, .keepsNothing,
      takes: byID, gives: "{pluginVersion: PluginVersion}"
    ) { try $0.deleteVersion(.plugin, $1, &$2) },
    rule(
      "steamship.plugin.instance.create", "plugin/instance/create",
      "Makes or fetches an instance.", needs: .write, .asksOrigin,
      takes: #"{handle?: string, pluginId?: Id, pluginHandle?: string = "test-tagger", "#
        + "pluginVersionId?: Id, pluginVersionHandle?: string, fetchIfExists?: boolean = true, "
        + "config?: object, workspaceId?: Id}", gives: "{pluginInstance: PluginInstance}",
      refuses: [409]
    ) { try $0.createInstance(.plugin, $1, &$2) },
    rule(
      "steamship.plugin.instance.get", "plugin/instance/get", "An instance by handle or id.",
      needs: .read, looksAt: .instance(.plugin),
      takes: #"{id?: Id, handle?: string = "test-tagger-1.0"}"#,
      gives: "{pluginInstance: PluginInstance}"
    ) { try $0.getInstance(.plugin, $1, &$2) },
    rule(
      "steamship.plugin.instance.delete", "plugin/instance/delete", "Deletes an instance.",
      needs: .write, .keepsNothing,
      takes: byID, gives: "{pluginInstance: PluginInstance}"
    ) { try $0.deleteInstance(.plugin, $1, &$2) },
    rule(
      "steamship.plugin.instance.tag", "plugin/instance/tag", "Tags blocks.", needs: .write,
      touches: .named(["id"]), .runsPlugin, as: .task(.byDefault),
      takes:
        #"{pluginInstance: string = "test-tagger-1.0", type?: 'inline'|'file' = "inline", id?: Id, "#
        + #"file?: {blocks?: [NewBlock]} = {"blocks": [{"text": "Ahoy"}]}}"#,
      gives: "{file: File | {blocks: [LooseBlock], tags: [LooseTag]}}"
    ) { try $0.tag($1, &$2) },
    rule(
      "steamship.plugin.instance.blockify", "plugin/instance/blockify",
      "Makes blocks of a file's bytes.", needs: .write, touches: .everything, .runsPlugin,
      as: .task(.byDefault),
      takes:
        #"{pluginInstance: string = "markdown-blockifier-default-1.0", type?: string, id: Id}"#,
      gives: "{file: File}"
    ) { try $0.blockify($1, &$2) },
    rule(
      "steamship.plugin.instance.generate", "plugin/instance/generate", "Generates blocks.",
      needs: .write, touches: .named(["inputFileId", "blockQuery"]), .runsPlugin, as: .task(nil),
      takes: #"{pluginInstance: string = "test-generator-1.0", text?: string = "Ahoy", "#
        + "inputFileId?: Id, inputFileStartBlockIndex?: integer(0..), "
        + "inputFileEndBlockIndex?: integer(0..), inputFileBlockIndexList?: [integer(0..)], "
        + "blockQuery?: string, appendOutputToFile?: boolean, outputFileId?: Id, "
        + "makeOutputPublic?: boolean, tags?: [NewTag], streaming?: boolean, options?: object}",
      gives: "{blocks: [LooseBlock]}"
    ) { try $0.generate($1, &$2) },
    rule(
      "steamship.plugin.instance.train", "plugin/instance/train", "Trains a model.", needs: .write,
      .runsPlugin, as: .task(.byDefault, type: "train"),
      takes: "{\(training)}",
      gives: "{pluginInstanceId: Id, archivePath: string, inferenceParams: object, "
        + "trainingProgress: object, trainingResults: object}"
    ) { try $0.train($1, &$2) },
    rule(
      "steamship.plugin.instance.getTrainingParameters", "plugin/instance/getTrainingParameters",
      "What a training would run with.", needs: .write, [.keepsNothing, .runsPlugin],
      as: .task(nil), takes: "{\(training)}",
      // A plugin's own code says what it likes.
      gives: #"{machineType?: string|null = "cpu", trainingEpochs?: integer|null = 1, "#
        + "testingHoldoutPercent?: number|null = 0, testSplitSeed?: integer|null = 0, "
        + "trainingParams?: object|null, inferenceParams?: object|null, "
        + "exportPluginInput?: object|null, …}"
    ) { try $0.trainingParameters($1, &$2) },
    rule(
      "steamship.plugin.instance.embeddingSearch", "plugin/instance/embeddingSearch",
      "Searches texts that come with the request.", needs: .write, [.keepsNothing, .runsPlugin],
      takes:
        #"{query: string = "Ahoy", docs?: [string], pluginInstance: string = "test-embedder-1.0", "#
        + "k?: integer(1..)}", gives: "Hits"
    ) { try $0.embeddingSearch($1, &$2) },

    rule(
      "steamship.embeddingIndex.create", "embedding-index/create", "Makes or fetches an index.",
      needs: .write,
      takes: #"{handle?: string = "charts", name?: string, "#
        + #"pluginInstance: string = "test-embedder-1.0", fetchIfExists?: boolean = true, "#
        + "externalId?: string, externalType?: string, metadata?: string|object}",
      gives: "{index: Index}", refuses: [409]
    ) { try $0.createIndex($1, &$2) },
    rule(
      "steamship.embeddingIndex.delete", "embedding-index/delete",
      "Deletes an index with its items.", needs: .write,
      touches: .most { $0.indexItems.count }, .keepsNothing,
      takes: byID, gives: "{index: Index}"
    ) { try $0.deleteIndex($1, &$2) },
    rule(
      "steamship.embeddingIndex.item.create", "embedding-index/item/create", "Adds items.",
      needs: .write, touches: .named(["fileId"]),
      takes: "{indexId: Id, reindex?: boolean, items?: [{value\(newItem)}], blockType?: string, "
        + "value?\(newItem)}", gives: "{itemIds: [{indexId: Id, id: Id}]}"
    ) { try $0.createIndexItems($1, &$2) },
    rule(
      "steamship.embeddingIndex.item.list", "embedding-index/item/list",
      "An index's items, in pages.", needs: .read, touches: .page { $0.indexItems.extent },
      takes: "{id: Id, fileId?: Id, blockId?: Id, spanId?: string, \(page)}",
      gives: list("items", "IndexItem")
    ) { try $0.listIndexItems($1, &$2) },
    rule(
      "steamship.embeddingIndex.embed", "embedding-index/embed", "Embeds what is not embedded yet.",
      needs: .write, as: .task(nil), takes: byID, gives: "{id: Id}"
    ) { try $0.embedIndex($1, &$2) },
    rule(
      "steamship.embeddingIndex.search", "embedding-index/search", "The nearest items.",
      needs: .read,
      touches: .each("queries") { $0.indexItems.extent }, as: .task(nil),
      takes: #"{id: Id, query?: string = "Ahoy", queries?: [string], k?: integer(1..), "#
        + "includeMetadata?: boolean}", gives: "Hits"
    ) { try $0.searchIndex($1, &$2) },

    rule(
      "steamship.logs.list", "logs/list", "What packages and plugins did.", needs: .read,
      touches: .page { .init(count: $0.logs.count, bytes: $0.logs.heapBytes) },
      takes:
        "{from?: integer(0..), size?: integer(0..), fieldValues?: object, invocableHandle?: string, "
        + "invocableInstanceHandle?: string, invocableVersionHandle?: string, "
        + "invocablePath?: string}",
      gives: "{from: integer(0..), size: integer(0..), "
        + #"entries: [{timestamp: time, level: string = "INFO", message: string, …}]}"#
    ) { state, job, _ in try state.listLogs(job) },
  ]

  static let invocation = [invoke, preflight]

  static let invoke = own(
    "steamship.package.invoke",
    [
      .post("/apps/{workspace}/{instance}/{path…}"), .get("/apps/{workspace}/{instance}/{path…}"),
    ], "Calls a method of a package.", .documented, needs: nil, content: .collectedByDefault,
    per: "instance", .asksOrigin,
    description: OperationDocumentation(
      parameters: [
        .init(.header, "X-Package-Owner-Handle", "string", "Whose instance it is."),
        .init(.header, "X-Package-Instance-Id", "string", "The instance, by id."),
        .init(.header, "X-Task-Background", "'true'|'false'", "Whether a task is wanted."),
      ],
      content: [DocumentedContent(json, "{…}", isTolerant: true)],
      answers: [
        DocumentedAnswer(200, "What the method gives: JSON, text or bytes.", [.init("*/*", "any")])
      ], refusals: [401, 403, 404, 500, 501, 502, 503, 504])
  ) { try $0.invoke($1, $2, in: $3) }

  /// Browsers ask before they call a package (contract §8, CORS).
  static let preflight = own(
    "steamship.package.preflight",
    [.init(.options, "/apps/{workspace}/{instance}/{path…}")],
    "What a browser asks before it calls.", needs: nil,
    description: OperationDocumentation(answers: [
      DocumentedAnswer(
        204, "What a browser may send.",
        fields: [
          ("Access-Control-Allow-Origin", "`*`"),
          ("Access-Control-Allow-Methods", "The methods."),
          ("Access-Control-Allow-Headers", "The fields that were asked for."),
        ]),
      failure(404),
    ])
  ) { _, call, _, _ in .now(CrossOrigin.answer([.get, .post], call.request)) }

  private static let training =
    #"pluginInstance: string = "test-tagger-1.0", trainingEpochs?: integer(1..), "#
    + "testingHoldoutPercent?: number(0..100), testSplitSeed?: integer, trainingParams?: object, "
    + "inferenceParams?: object, exportPluginInput?: object"
  /// Behind the name of its first member, which may be left out of a request for one item.
  private static let newItem =
    #": string = "Ahoy", externalId?: string, externalType?: string, "#
    + "metadata?: string|object, fileId?: Id, blockId?: Id, spanId?: string"
}
