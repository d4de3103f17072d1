package import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ScramjetService {
  package var documentation: ServiceDocumentation {
    ServiceDocumentation(
      title: "Scramjet Cloud Platform",
      description: """
        The HTTP API of the Scramjet Cloud Platform and of Transform Hub 1.0.1, as Wavetank emulates \
        it: platform, spaces, hubs with their sequences and instances, topics.

        What is shown below `/api/v1/…` for the hub and its instances is there for every hub of a \
        space too: `x-wavetank-aliases` lists these paths. What the real hub would have refused is \
        accepted with the field `X-Wavetank-Remark`, unless the scenario is strict.

        A hub answers 404 without content to what it does not know, and refusals about a missing \
        instance have content without `Content-Type`; such answers are shown without content. A \
        scenario can make any operation answer any status; those are not listed here.
        """,
      security: .init("token", ["type": "http", "scheme": "bearer"], isOptional: true),
      components: Self.components, parameters: Self.pathParameters)
  }

  private static let pathParameters: TextMap<DocumentedParameter> = [
    "space": .init(.path, "space", #"string = "demo""#, "The space's id."),
    "hub": .init(.path, "hub", #"string = "sth-0""#, "The hub's id."),
    "file": .init(.path, "file", #"string = "echo.tar.gz""#, "The item's file name or id."),
    "folder": .init(.path, "folder", #"string = "packages""#, "A folder: not looked at."),
    "name": .init(.path, "name", #"string = "cargo""#, "The topic's or the event's name."),
    "id": .init(.path, "id", "Id", "The id of the instance; of a sequence also its name."),
    "rest": .init(.path, "rest", #"string = "anything""#, "All that follows."),
  ]

  private static let components = #"""
    Id = string = "0b9e5b1c-6e53-4c5b-9c0b-5d2b0d3b7a10"
    -- `error` is a sentence, or what a check of the hub says.
    Refusal = {error: any = "Invalid content-type", …}
    Forbidden = {message: 'Forbidden'}
    Topic = {contentType: string = "application/x-ndjson", localProvider: '', topic: string,
      topicName: string}
    TopicType = 'text/x-ndjson'|'application/x-ndjson'|'text/plain'|'application/octet-stream'
    -- Who reads or writes a topic now.
    Actor = {role: 'provider'|'consumer', type: 'api'|'host', stream: boolean, hostId?: string,
      retired: boolean}
    SpaceTopic = {name: string, contentType: string, actors: [Actor]}
    SequenceConfig = {
      type: string = "process", engines: object, entrypointPath: string = "index.js",
      version: string = "1.0.0", name: string = "echo", id: Id, sequenceDir: string = "/package",
      language: string = "js", packageSize: integer(0..), …
    }
    Sequence = {
      id: Id, name?: string, config: SequenceConfig, location: string = "sth-0", instances: [Id]
    }
    StoreItem = {
      type: string = "process", engines: object, entrypointPath: string, version: string,
      name: string, id: Id, sequenceDir: string = "", language: string, packageSize: integer(0..),
      _filename: string = "echo.tar.gz", _fileId: Id, …
    }
    StoredItem = {
      etag: string, versionId: string, engines: object, entrypointPath: string, version: string,
      name: string, id: Id, language: string, packageSize: integer(0..), …
    }
    InstanceStatus = 'initializing'|'starting'|'running'|'stopping'|'killing'|'completed'|'errored'
    Instance = {
      id: Id, appConfig?: any, args?: any, provides: string, requires: string,
      -- The sequence, with its id and configuration.
      sequence: any,
      ports?: any, created: time|null, started: time, ended?: time,
      status: InstanceStatus = "running",
      terminated?: {exitcode: integer, reason: string}
    }
    -- An instance in the list of its space.
    SpaceInstance = {
      id: Id, appConfig?: any, args?: any, provides: string, requires: string, sequence: any,
      ports?: any, created: time|null, started: time, ended?: time, status: InstanceStatus = "running",
      terminated?: {exitcode: integer, reason: string}, hubId: string, location: string,
      sequenceId: Id
    }
    HubInfo = {
      id: string = "sth-0",
      info: {created: time, lastConnected: time, lastDisconnected?: time},
      healthy: boolean, selfHosted: boolean, isConnectionActive: boolean, description?: string,
      tags: [string], disconnectReason?: string
    }
    ListedHub = {
      id: string = "sth-0",
      info: {created: time, lastConnected: time, lastDisconnected?: time},
      healthy: boolean, selfHosted: boolean, isConnectionActive: boolean, description?: string,
      tags: [string], disconnectReason?: string, topics: [string], sequences: [Id],
      instances: [Id]
    }
    -- The load of a machine; a scenario may give its own.
    Load = {avgLoad?: number, currentLoad?: number, memFree?: integer, memUsed?: integer,
      fsSize?: [{fs: string, available: integer, size: integer, used: integer, use: number, …}], …}
    Health = {uptime: number, timestamp: integer, modules: object}
    Version = {service: string = "@scramjet/host", apiVersion: 'v1', version: string = "1.0.1",
      build: string}
    Event = {eventName: string = "docked", message?: any, …}
    """#
}
