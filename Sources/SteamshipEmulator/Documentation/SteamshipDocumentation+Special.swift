import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Endpoints that have their own way of answering.
extension SteamshipDocumentation {
  static func special(
    _ special: SteamshipRoute.Special, _ name: String, _ route: SteamshipRoute
  ) -> OperationDocumentation {
    let byID = DocumentedContent(json, "{id: Id, …}")
    let hasID = route.operation.routes.first?.template.parameterNames.contains("id") ?? false
    switch special {
    case .taskStatus:
      return plain(
        route, [DocumentedContent(json, "{taskId: Id, …}")],
        ok("Where the task stands.", json, "TaskAnswer"))
    case .rawFile:
      return plain(route, hasID ? [] : [byID], ok("The bytes.", "*/*", "bytes"), [401, 404])
    case .rawBlock:
      return plain(
        route, hasID ? [] : [byID],
        ok("The bytes; of a block that is still streamed as they come.", "*/*", "bytes"),
        [401, 404])
    case .fileEvents: return fileEvents(route)
    case .appendStream:
      return plain(
        route, [DocumentedContent("application/octet-stream", "bytes")],
        ok("They are kept.", json, "{data: {}}"), [507])
    case .endStream:
      return plain(route, [], ok("The block as it stays.", json, "{data: {block: Block}}"))
    case .signedRead: return signed([], ok("The bytes.", "application/octet-stream", "bytes"))
    case .signedWrite:
      return signed(
        [DocumentedContent("application/octet-stream", "bytes")],
        DocumentedAnswer(200, "They are kept.", [.init("text/plain", "string")]), [400, 507])
    case .invoke: return invoke(route)
    case .preflight:
      return OperationDocumentation(
        answers: [
          DocumentedAnswer(
            204, "What a browser may send.",
            fields: [
              ("Access-Control-Allow-Origin", "`*`"),
              ("Access-Control-Allow-Methods", "The methods."),
              ("Access-Control-Allow-Headers", "The fields that were asked for."),
            ]),
          failure(404),
        ], needsKey: false)
    }
  }

  private static func ok(_ meaning: String, _ type: String, _ shape: String) -> DocumentedAnswer {
    DocumentedAnswer(200, meaning, [.init(type, shape)])
  }

  private static func plain(
    _ route: SteamshipRoute, _ content: [DocumentedContent], _ answer: DocumentedAnswer,
    _ errors: [Int] = []
  ) -> OperationDocumentation {
    OperationDocumentation(
      parameters: workspaceFields, content: content, isContentRequired: !content.isEmpty,
      answers: [answer] + failures(of: route, errors), needsKey: route.needsKey)
  }

  private static func fileEvents(_ route: SteamshipRoute) -> OperationDocumentation {
    OperationDocumentation(
      parameters: workspaceFields + [
        .init(.query, "requestId", "string", "Only blocks made by that request."),
        .init(.query, "timeoutSeconds", "number(0..86400)", "When the stream ends; else 60."),
        .init(.query, "minDatetime", "time", "Only blocks made since then."),
      ],
      answers: [
        DocumentedAnswer(
          200, "An event for each block, those first that are there.",
          [
            DocumentedContent(
              "text/event-stream", "string",
              example: .string(
                """
                event: blockCreated
                id: 0B9E5B1C-6E53-4C5B-9C0B-5D2B0D3B7A10
                data: {"blockCreated":{"blockId":"0B9E5B1C-6E53-4C5B-9C0B-5D2B0D3B7A10",\
                "createdAt":"2023-06-28T03:57:41Z"}}


                """))
          ])
      ] + failures(of: route, []), needsKey: route.needsKey, isStreaming: true)
  }

  /// Failures here are the object store's.
  private static func signed(
    _ content: [DocumentedContent], _ answer: DocumentedAnswer, _ errors: [Int] = []
  ) -> OperationDocumentation {
    let xml = DocumentedContent(
      "application/xml", "string",
      example: .string(
        #"<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code>"#
          + "<Message>The specified key does not exist.</Message></Error>"))
    let meanings = [
      400: "The content ended too early.", 403: "The signature does not fit, or has expired.",
      404: "There is no such object.", 507: "There is no room left for stored content.",
    ]
    return OperationDocumentation(
      parameters: [
        .init(.query, "operation", "'Read'|'Write'", "As it stands in the signed URL."),
        .init(.query, "expires", "string", "As it stands in the signed URL."),
        .init(.query, "signature", "string", "As it stands in the signed URL."),
      ],
      content: content, isContentRequired: false,
      answers: [answer]
        + (errors + [403, 404]).sorted().map {
          DocumentedAnswer($0, meanings[$0] ?? "", [xml])
        },
      needsKey: false)
  }

  private static func invoke(_ route: SteamshipRoute) -> OperationDocumentation {
    OperationDocumentation(
      parameters: [
        .init(.header, "X-Package-Owner-Handle", "string", "Whose instance it is."),
        .init(.header, "X-Package-Instance-Id", "string", "The instance, by id."),
        .init(
          .header, "X-Task-Background", "'true'|'false'", "Whether a task is wanted."),
      ],
      content: [DocumentedContent(json, "{…}", isTolerant: true)],
      answers: [
        DocumentedAnswer(
          200, "What the method gives: JSON, text or bytes.", [.init("*/*", "any")])
      ] + failures(of: route, [401, 403, 404, 501, 502, 503]), needsKey: false)
  }
}
