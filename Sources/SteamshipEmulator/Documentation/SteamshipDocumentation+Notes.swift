import PayloadCodecs

/// What the endpoints with rules take and answer, by name. Source: contract §2.
extension SteamshipDocumentation {
  static let notes: TextMap<SteamshipNote> = core.merging(dataPlane) { first, _ in first }
    .merging(pluginNotes) { first, _ in first }

  private static let page =
    #"pageSize?: integer(1..) = 20, pageToken?: string, sortOrder?: 'ASC'|'DESC'"#
  private static let byID = "{id: Id}"
  private static let byEither = #"{id?: Id, handle?: string = "default"}"#

  private static func list(_ name: String, _ shape: String) -> String {
    "{\(name): [\(shape)], nextPageToken?: string}"
  }

  private static let core: TextMap<SteamshipNote> = [
    "account.current": .init(nil, "{user: User}"),
    "account.usageSummary": .init(
      nil,
      "{usageSummary: {userId: Id, billingCredits: integer(0..), operationCount: integer(0..), "
        + "since: time, until: time}}"),
    "account.usage": .init("{\(page)}", list("usage", "UsageRecord")),
    "usage.aggregate": .init(
      "{aggregateField: 'billingCredits'|'operationAmount', "
        + "aggregation?: 'sum'|'count'|'min'|'max'|'avg' = \"sum\"}",
      "{aggregateResults: [{workspaceHandle: string = \"default\", "
        + "resourceHandle: string = \"gpt-4\", billingCredits?: number, "
        + "operationAmount?: number}]}"),
    "account.createLoginAttempt": .init("{}", "{token: Id}"),
    "account.pollLoginAttempt": .init("{token: Id}", "{status: 'done', apiKey: string}"),

    "workspace.create": .init(
      #"{handle?: string = "default", fetchIfExists?: boolean = true, externalId?: string, "#
        + "externalType?: string, metadata?: string}",
      "{workspace: Workspace}", [409]),
    "workspace.get": .init(byEither, "{workspace: Workspace}"),
    "workspace.update": .init(
      "{id: Id, handle?: string, description?: string}", "{workspace: Workspace}", [409]),
    "workspace.delete": .init(byID, "{workspace: Workspace}"),
    "workspace.list": .init("{\(page)}", list("workspaces", "Workspace")),
    "workspace.createSignedUrl": .init(
      #"{bucket: Bucket, filepath: string(1..) = "a/b.txt", operation: 'Read'|'Write', "#
        + "expiresInMinutes?: integer(1..525600)}",
      "{signedUrl: string, bucket: Bucket, filepath: string, operation: 'Read'|'Write', "
        + "expiresInMinutes: integer(1..525600)}"),

    "package.create": .init(
      #"{handle?: string = "greeter", isPublic?: boolean, profile?: object, "#
        + "description?: string, readme?: string, fetchIfExists?: boolean = true}",
      "{package: Package}", [409]),
    "package.get": .init(#"{id?: Id, handle?: string = "greeter"}"#, "{package: Package}"),
    "package.list": .init("{\(page)}", list("packages", "Package")),
    "package.update": .init(
      "{id: Id, handle?: string, description?: string, profile?: object, readme?: string}",
      "{package: Package}", [409]),
    "package.delete": .init(byID, "{package: Package}"),
    "package.version.create": .init(
      #"{packageId: Id, handle?: string = "1.0", type?: string = "file", "#
        + "hostingHandler?: string, configTemplate?: string, hostingMemory?: HostingSize, "
        + "hostingTimeout?: HostingSize, isPublic?: boolean, isDefault?: boolean, "
        + "streaming?: boolean, description?: string}",
      "{packageVersion: PackageVersion}", [409]),
    "package.version.get": .init(
      #"{id?: Id, handle?: string = "1.0", packageId?: Id}"#, "{packageVersion: PackageVersion}",
      [404]),
    "package.version.list": .init(
      "{packageId: Id, handle?: string, \(page)}", list("packageVersions", "PackageVersion"),
      [404]),
    "package.version.delete": .init(byID, "{packageVersion: PackageVersion}"),
    "package.instance.create": .init(
      #"{handle?: string = "demo", packageId?: Id, packageHandle?: string = "greeter", "#
        + "packageVersionId?: Id, packageVersionHandle?: string, fetchIfExists?: boolean = true, "
        + "config?: object, workspaceId?: Id, localDevelopmentURL?: string}",
      "{packageInstance: PackageInstance}", [409]),
    "package.instance.get": .init(
      #"{id?: Id, handle?: string = "demo"}"#, "{packageInstance: PackageInstance}"),
    "package.instance.list": .init(
      "{packageId?: Id, packageVersionId?: Id, includeWorkspace?: boolean, "
        + "acrossWorkspaces?: boolean, \(page)}", list("packageInstances", "PackageInstance")),
    "package.instance.delete": .init(byID, "{packageInstance: PackageInstance}"),
    "package.instance.invoke": .init(
      #"{instanceHandle?: string = "demo", instanceId?: Id, "#
        + #"payload?: {httpVerb?: string = "POST", invocationPath: string = "greet", "#
        + "arguments?: object}}", "any", [501]),

    "task.get": .init("{id?: Id, taskId?: Id}", "{task: Task}"),
    "task.list": .init(
      "{id?: Id, workspaceId?: Id, state?: TaskState, \(page)}", list("tasks", "Task")),
    "task.update": .init(
      "{taskId: Id, state?: TaskState, statusMessage?: string, statusSuggestion?: string, "
        + "statusCode?: string, output?: string|object}", "{task: Task}"),
    "task.comment.create": .init(
      "{taskId: Id, externalId?: string, externalType?: string, externalGroup?: string, "
        + "metadata?: string|object}", "{taskComment: TaskComment}"),
    "task.comment.list": .init(
      "{taskId?: Id, externalId?: string, externalType?: string, externalGroup?: string, "
        + "\(page)}", list("comments", "TaskComment")),
    "task.comment.delete": .init(byID, "{taskComment: TaskComment}"),
    "task.noop": .init("{}", "{}"),
    "task.alwaysFail": .init("{}", "{}", [500]),
    "logs.list": .init(
      "{from?: integer(0..), size?: integer(0..), fieldValues?: object, invocableHandle?: string, "
        + "invocableInstanceHandle?: string, invocableVersionHandle?: string, "
        + "invocablePath?: string}",
      "{from: integer(0..), size: integer(0..), "
        + #"entries: [{timestamp: time, level: string = "INFO", message: string, …}]}"#),
  ]

  private static let dataPlane: TextMap<SteamshipNote> = [
    "file.create": .init(
      #"{type?: 'none'|'blocks'|'file'|'fileImporter'|'value' = "blocks", handle?: string, "#
        + "mimeType?: string, filename?: string, publicData?: boolean, value?: string, "
        + #"blocks?: [NewBlock] = [{"text": "Ahoy"}], tags?: [NewTag], pluginInstance?: string, "#
        + "url?: string}",
      "{file: File}", [409]),
    "file.get": .init(#"{id?: Id, handle?: string = "logbook"}"#, "{file: File}"),
    "file.update": .init("{id: Id, publicData?: boolean}", "{file: File}"),
    "file.delete": .init(byID, "{file: File}"),
    "file.clear": .init(byID, "{file: File}"),
    "file.list": .init("{\(page)}", list("files", "File")),
    "file.query": .init(#"{tagFilterQuery: string = "kind \"sentiment\""}"#, "{files: [File]}"),
    "file.import": .init(
      "{id: Id, type?: string, pluginInstance?: string, url?: string, mimeType?: string}",
      "{file: File}", [409]),
    "block.create": .init(
      #"{fileId: Id, text?: string = "Ahoy", tags?: [NewTag], url?: string, mimeType?: string, "#
        + "uploadType?: 'none'|'file'|'url'|'blocks', publicData?: boolean, streaming?: boolean}",
      "{block: Block}", [501]),
    "block.get": .init(byID, "{block: Block}"),
    "block.update": .init("{id: Id, publicData?: boolean}", "{block: Block}"),
    "block.delete": .init(byID, "{block: Block}"),
    "block.query": .init(#"{tagFilterQuery: string = "all"}"#, "{blocks: [Block]}"),
    "tag.create": .init(
      #"{fileId?: Id, blockId?: Id, kind: string = "sentiment", name?: string, value?: object, "#
        + "startIdx?: integer, endIdx?: integer}", "{tag: Tag}"),
    "tag.delete": .init("{id: Id, fileId?: Id, blockId?: Id}", "{tag: Tag}"),
    "tag.query": .init(#"{tagFilterQuery: string = "all"}"#, "{tags: [Tag]}"),
  ]

  private static let training =
    #"pluginInstance: string = "test-tagger-1.0", trainingEpochs?: integer(1..), "#
    + "testingHoldoutPercent?: number(0..100), testSplitSeed?: integer, trainingParams?: object, "
    + "inferenceParams?: object, exportPluginInput?: object"
  private static let newItem =
    #"value: string = "Ahoy", externalId?: string, externalType?: string, "#
    + "metadata?: string|object, fileId?: Id, blockId?: Id, spanId?: string"

  private static let pluginNotes: TextMap<SteamshipNote> = [
    "plugin.create": .init(
      #"{type: string = "tagger", transport?: string = "jsonOverHttp", isPublic?: boolean, "#
        + #"handle?: string = "spotter", description?: string, metadata?: string|object, "#
        + "trainingPlatform?: string, profile?: object, readme?: string, "
        + "fetchIfExists?: boolean = true}", "{plugin: Plugin}", [409]),
    "plugin.get": .init(#"{id?: Id, handle?: string = "test-tagger"}"#, "{plugin: Plugin}"),
    "plugin.list": .init("{type?: string, \(page)}", list("plugins", "Plugin")),
    "plugin.update": .init(
      "{id: Id, handle?: string, description?: string, profile?: object, readme?: string}",
      "{plugin: Plugin}", [409]),
    "plugin.delete": .init(byID, "{plugin: Plugin}"),
    "plugin.version.create": .init(
      #"{pluginId: Id, handle?: string = "1.0", type?: string = "file", hostingHandler?: string, "#
        + "configTemplate?: string, hostingMemory?: HostingSize, hostingTimeout?: HostingSize, "
        + "isPublic?: boolean, isDefault?: boolean, streaming?: boolean, description?: string}",
      "{pluginVersion: PluginVersion}", [409]),
    "plugin.version.public": .init(
      "{pluginId: Id, handle?: string, \(page)}", list("plugins", "PluginVersion")),
    "plugin.version.private": .init(
      "{pluginId: Id, handle?: string, \(page)}", list("plugins", "PluginVersion")),
    "plugin.version.delete": .init(byID, "{pluginVersion: PluginVersion}"),
    "plugin.instance.create": .init(
      #"{handle?: string, pluginId?: Id, pluginHandle?: string = "test-tagger", "#
        + "pluginVersionId?: Id, pluginVersionHandle?: string, fetchIfExists?: boolean = true, "
        + "config?: object, workspaceId?: Id}", "{pluginInstance: PluginInstance}", [409]),
    "plugin.instance.get": .init(
      #"{id?: Id, handle?: string = "test-tagger-1.0"}"#, "{pluginInstance: PluginInstance}"),
    "plugin.instance.delete": .init(byID, "{pluginInstance: PluginInstance}"),
    "plugin.instance.tag": .init(
      #"{pluginInstance: string = "test-tagger-1.0", type?: 'inline'|'file' = "inline", id?: Id, "#
        + #"file?: {blocks?: [NewBlock]} = {"blocks": [{"text": "Ahoy"}]}}"#,
      "{file: File | {blocks: [LooseBlock], tags: [LooseTag]}}"),
    "plugin.instance.blockify": .init(
      #"{pluginInstance: string = "markdown-blockifier-default-1.0", type?: string, id: Id}"#,
      "{file: File}"),
    "plugin.instance.generate": .init(
      #"{pluginInstance: string = "test-generator-1.0", text?: string = "Ahoy", "#
        + "inputFileId?: Id, inputFileStartBlockIndex?: integer(0..), "
        + "inputFileEndBlockIndex?: integer(0..), inputFileBlockIndexList?: [integer(0..)], "
        + "blockQuery?: string, appendOutputToFile?: boolean, outputFileId?: Id, "
        + "makeOutputPublic?: boolean, tags?: [NewTag], streaming?: boolean, options?: object}",
      "{blocks: [LooseBlock]}"),
    "plugin.instance.train": .init(
      "{\(training)}",
      "{pluginInstanceId: Id, archivePath: string, inferenceParams: object, "
        + "trainingProgress: object, trainingResults: object}"),
    "plugin.instance.getTrainingParameters": .init(
      "{\(training)}",
      "{machineType: 'cpu', trainingEpochs: integer, testingHoldoutPercent: number, "
        + "testSplitSeed: integer, trainingParams: object, inferenceParams: object, "
        + "exportPluginInput?: object}"),
    "plugin.instance.embeddingSearch": .init(
      #"{query: string = "Ahoy", docs?: [string], pluginInstance: string = "test-embedder-1.0", "#
        + "k?: integer(1..)}", "Hits"),

    "embeddingIndex.create": .init(
      #"{handle?: string = "charts", name?: string, "#
        + #"pluginInstance: string = "test-embedder-1.0", fetchIfExists?: boolean = true, "#
        + "externalId?: string, externalType?: string, metadata?: string|object}",
      "{index: Index}", [409]),
    "embeddingIndex.delete": .init(byID, "{index: Index}"),
    "embeddingIndex.item.create": .init(
      "{indexId: Id, reindex?: boolean, items?: [{\(newItem)}], blockType?: string, "
        + newItem.replacing("value: string", with: "value?: string") + "}",
      "{itemIds: [{indexId: Id, id: Id}]}"),
    "embeddingIndex.item.list": .init(
      "{id: Id, fileId?: Id, blockId?: Id, spanId?: string, \(page)}", list("items", "IndexItem")),
    "embeddingIndex.embed": .init(byID, "{id: Id}"),
    "embeddingIndex.search": .init(
      #"{id: Id, query?: string = "Ahoy", queries?: [string], k?: integer(1..), "#
        + "includeMetadata?: boolean}", "Hits"),
  ]
}
