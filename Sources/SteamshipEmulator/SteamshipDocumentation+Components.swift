/// The Engine's objects. Source: contract §2; the `…+Wire.swift` files beside the rules.
extension SteamshipEndpoints {
  static let components = """
    -- An upper-case UUID, unless a scenario says otherwise.
    Id = string = "0B9E5B1C-6E53-4C5B-9C0B-5D2B0D3B7A10"
    -- A failure, for the SDK under `status`, for readers of the documentation under `task`.
    Failure = {
      status: {
        state: 'failed',
        statusMessage: string = "The workspace \\"harbor\\" was not found.",
        statusSuggestion?: string,
        -- One word for programs.
        statusCode: string = "NotFound"
      },
      task: {taskState: 'failed', taskMessage: string}
    }
    TaskState = 'waiting'|'running'|'succeeded'|'failed'
    -- What is unset is left out; `task/update` may add members of its own.
    Task = {
      taskId: Id, state: TaskState = "succeeded", userId: Id, workspaceId: string, requestId: Id,
      name: string = "/api/v1/task/noop", version: string = "1",
      -- JSON text.
      input: string = "{}",
      taskType: string = "internalApi",
      assignedWorker: string = "engine",
      -- JSON text, once the task is over.
      output?: string = "{}",
      statusMessage?: string, statusSuggestion?: string, statusCode?: string,
      taskCreatedOn: time, taskLastModifiedOn: time, startedAt?: time, …
    }
    -- The same in the spelling of the documentation's page "HTTP Operation".
    TaskPage = {
      taskId: Id, taskState: TaskState, taskMessage?: string, taskCreatedOn: time,
      taskLastModifiedOn: time
    }
    -- `data` once the task has succeeded.
    TaskAnswer = {status: Task, task: TaskPage, data?: any}
    -- One use of a plugin.
    UsageRecord = {
      id: Id, userId: Id, workspaceId: string, workspaceHandle: string = "default",
      resourceType: 'plugin', resourceHandle: string = "gpt-4",
      resourceInstanceHandle: string = "gpt-4-1.0", operationType: 'run'|'train',
      operationUnit: 'units', operationAmount: integer(0..), billingCredits: integer(0..),
      requestId: Id, createdAt: time
    }
    User = {id: Id, handle: string = "sailor"}
    Workspace = {
      id: Id, handle: string = "default", userId: Id, createdAt: time, updatedAt: time,
      description?: any
    }
    Package = {
      id: Id, handle: string = "greeter", userId: Id, isPublic: boolean, description?: string,
      readme?: string, profile?: object, createdAt: time, updatedAt: time
    }
    ConfigTemplate = {*: {type?: any, description?: any, default?: any, …}}
    HostingSize = 'min'|'xxs'|'xs'|'sm'|'md'|'lg'|'xl'|'xxl'|'max'
    PackageVersion = {
      id: Id, packageId: Id, handle: string = "1.0", configTemplate: ConfigTemplate,
      hostingHandler?: string, description?: string, hostingMemory?: HostingSize,
      hostingTimeout?: HostingSize, isPublic?: boolean, isDefault?: boolean, streaming?: boolean,
      createdAt: time, updatedAt: time
    }
    InitStatus = 'notNeeded'|'initializing'|'complete'|'failed'
    -- What stands behind an instance, where a server runs uploaded code.
    Runtime = 'scripted'|'process'|'forward'
    PackageInstance = {
      id: Id, handle: string = "demo", packageId: Id, packageHandle: string = "greeter",
      packageVersionId: Id, packageVersionHandle: string = "1.0", userId: Id, userHandle: string,
      workspaceId: Id, workspaceHandle: string = "default", config: object, initStatus: InitStatus,
      createdAt: time, updatedAt: time,
      invocationURL: string = "http://127.0.0.1:7070/apps/default/demo/",
      localDevelopmentURL?: string, runtime?: Runtime
    }
    Plugin = {
      id: Id, handle: string = "test-tagger", userId: Id, isPublic: boolean,
      type?: string = "tagger", transport?: string = "jsonOverHttp", trainingPlatform?: string,
      metadata?: string, description?: string, readme?: string, profile?: object, createdAt: time,
      updatedAt: time
    }
    PluginVersion = {
      id: Id, pluginId: Id, handle: string = "1.0", configTemplate: ConfigTemplate,
      hostingHandler?: string, description?: string, hostingMemory?: HostingSize,
      hostingTimeout?: HostingSize, isPublic?: boolean, isDefault?: boolean, streaming?: boolean,
      createdAt: time, updatedAt: time
    }
    PluginInstance = {
      id: Id, handle: string = "test-tagger-1.0", pluginId: Id, pluginHandle: string = "test-tagger",
      pluginVersionId: Id, pluginVersionHandle: string = "1.0", userId: Id, userHandle: string,
      workspaceId: Id, workspaceHandle: string = "default", config: object, initStatus: InitStatus,
      createdAt: time, updatedAt: time, hostingMemory?: HostingSize, hostingTimeout?: HostingSize,
      runtime?: Runtime
    }
    Tag = {
      id: Id, fileId: Id, blockId?: Id, kind: string = "sentiment", name?: string = "positive",
      value?: object, startIdx?: integer, endIdx?: integer
    }
    Block = {
      id: Id, fileId: Id, text: string = "Ahoy", tags: [Tag], index: integer(0..),
      mimeType: string = "text/plain", publicData: boolean, requestId: string,
      streamState?: 'started'|'complete'|'aborted', createdAt: time
    }
    -- A block that is not kept: without an id; bytes lie behind `contentURL`.
    LooseBlock = {
      id?: Id, fileId?: Id, text: string, tags: [LooseTag], index: integer(0..),
      mimeType: string = "text/plain", publicData: boolean, requestId?: string,
      contentURL?: string, streamState?: 'started'|'complete'|'aborted', createdAt?: time
    }
    LooseTag = {
      id?: Id, fileId?: Id, blockId?: Id, kind: string = "sentiment", name?: string,
      value?: object, startIdx?: integer, endIdx?: integer
    }
    File = {
      id: Id, handle: string = "logbook", mimeType?: string = "text/plain", workspaceId: Id,
      userId: Id, filename?: string, publicData: boolean, blocks: [Block], tags: [Tag],
      createdAt: time
    }
    TaskComment = {
      id: Id, userId: Id, taskId: Id, externalId?: string, externalType?: string,
      externalGroup?: string,
      -- JSON text.
      metadata?: string,
      createdAt: time
    }
    Index = {
      id: Id, handle: string = "charts", name?: string, plugin: string = "test-embedder-1.0",
      externalId?: string, externalType?: string, metadata?: string
    }
    IndexItem = {
      id: Id, value: string = "Ahoy", indexId: Id, externalId?: string, externalType?: string,
      metadata?: string, fileId?: string, blockId?: string, spanId?: string
    }
    -- The nearest first.
    Hits = {
      items: [{
        score: number, index: integer, id: string,
        value: {
          id?: string, value: string, externalId?: string, externalType?: string,
          metadata?: string, score: number
        }
      }]
    }
    -- What is sent to tag something; `id` and `text` are ignored.
    NewTag = {
      kind: string = "sentiment", name?: string|null, value?: object|null,
      startIdx?: integer|null, endIdx?: integer|null, …
    }
    NewBlock = {
      text?: string|null = "Ahoy", mimeType?: string|null, tags?: [NewTag]|null,
      publicData?: boolean|null, …
    }
    Bucket = 'exports'|'imports'|'userData'|'pluginData'|'appData'
    """
}
