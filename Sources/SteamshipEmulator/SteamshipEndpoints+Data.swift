import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Files, blocks, tags, queries, signed URLs (contract §2.2).
extension SteamshipEndpoints {
  static let dataPlane: [Row] = [
    rule(
      "steamship.file.create", "file/create",
      "Makes a file of bytes, of blocks or by an importer.", needs: .write, .takesUpload,
      takes: #"{type?: 'none'|'blocks'|'file'|'fileImporter'|'value' = "blocks", handle?: string, "#
        + "mimeType?: string, filename?: string, publicData?: boolean, value?: string, "
        + #"blocks?: [NewBlock] = [{"text": "Ahoy"}], tags?: [NewTag], pluginInstance?: string, "#
        + "url?: string}", gives: "{file: File}", refuses: [409]
    ) { try $0.createFile($1, &$2) },
    rule(
      "steamship.file.get", "file/get", "A file with its blocks and tags.", needs: .read,
      touches: .file, looksAt: .file,
      takes: #"{id?: Id, handle?: string = "logbook"}"#, gives: "{file: File}"
    ) { try $0.getFile($1, &$2) },
    rule(
      "steamship.file.update", "file/update", "Makes a file public or private.", needs: .write,
      touches: .file, takes: "{id: Id, publicData?: boolean}", gives: "{file: File}"
    ) { try $0.updateFile($1, &$2) },
    rule(
      "steamship.file.delete", "file/delete", "Deletes a file with its blocks and tags.",
      needs: .write, touches: .file, .keepsNothing, takes: byID, gives: "{file: File}"
    ) { try $0.deleteFile($1, &$2) },
    rule(
      "steamship.file.clear", "file/clear", "Takes a file's blocks and tags away.", needs: .write,
      touches: .file, .keepsNothing, takes: byID, gives: "{file: File}"
    ) { try $0.clearFile($1, &$2) },
    rule(
      "steamship.file.list", "file/list", "A workspace's files, in pages.", needs: .read,
      touches: .files, takes: "{\(page)}",
      gives: list("files", "File")
    ) { try $0.listFiles($1, &$2) },
    rule(
      "steamship.file.query", "file/query", "Files that have a matching tag.", .documented,
      needs: .read, touches: .files,
      takes: #"{tagFilterQuery: string = "kind \"sentiment\""}"#, gives: "{files: [File]}"
    ) { try $0.queryFiles($1, &$2) },
    rule(
      "steamship.file.import", "file/import", "Fills a file by an importer.", needs: .write,
      touches: .file, as: .task(nil),
      takes: "{id: Id, type?: string, pluginInstance?: string, url?: string, mimeType?: string}",
      gives: "{file: File}", refuses: [409]
    ) { try $0.importFile($1, &$2) },
    own(
      "steamship.file.raw", [.post("/api/v1/file/raw")], "A file's bytes.", needs: .read,
      content: .collectedByDefault,
      description: about(bytes("The bytes."), takes: .json("{id: Id, …}"), refuses: [401, 404])
    ) { .now(try $0.rawFile($1, $2, in: $3)) },
    own(
      "steamship.file.rawByID", [.get("/api/v1/file/{id}/raw")],
      "A file's bytes; of a public one without a key.", needs: nil, per: "id",
      isPublic: { (try? $0.readableFile(id: $1, user: nil)) != nil },
      description: about(bytes("The bytes."), refuses: [401, 404])
    ) { .now(try $0.rawFile($1, $2, in: $3)) },
    own(
      "steamship.file.stream", [.get("/api/v1/file/{id}/stream")],
      "An event for each block that comes.", needs: .read, per: "id",
      description: fileEventsDescription
    ) { try $0.fileEvents($1, $2, in: $3) },

    rule(
      "steamship.block.create", "block/create", "Appends a block to a file.", needs: .write,
      [.takesUpload, .mayFetch],
      takes:
        #"{fileId: Id, text?: string = "Ahoy", tags?: [NewTag], url?: string, mimeType?: string, "#
        + "uploadType?: 'none'|'file'|'url'|'blocks', publicData?: boolean, streaming?: boolean}",
      gives: "{block: Block}", refuses: [501]
    ) { try $0.createBlock($1, &$2) },
    rule(
      "steamship.block.get", "block/get", "A block.", needs: .read, touches: .block,
      looksAt: .block, takes: byID, gives: "{block: Block}"
    ) { try $0.getBlock($1, &$2) },
    rule(
      "steamship.block.update", "block/update", "Makes a block public or private.", needs: .write,
      touches: .block, takes: "{id: Id, publicData?: boolean}", gives: "{block: Block}"
    ) { try $0.updateBlock($1, &$2) },
    rule(
      "steamship.block.delete", "block/delete", "Deletes a block.", needs: .write, touches: .block,
      .keepsNothing, takes: byID, gives: "{block: Block}"
    ) { try $0.deleteBlock($1, &$2) },
    rule(
      "steamship.block.query", "block/query", "Blocks that have a matching tag.", .documented,
      needs: .read, touches: .query,
      takes: #"{tagFilterQuery: string = "all"}"#, gives: "{blocks: [Block]}"
    ) { try $0.queryBlocks($1, &$2) },
    own(
      "steamship.block.raw", [.post("/api/v1/block/raw")],
      "A block's bytes, as they come while it is streamed.", needs: .read,
      content: .collectedByDefault,
      description: about(blockBytes, takes: .json("{id: Id, …}"), refuses: [401, 404])
    ) { try $0.rawBlock($1, $2, in: $3) },
    own(
      "steamship.block.rawByID", [.get("/api/v1/block/{id}/raw")],
      "A block's bytes; of a public one without a key.", needs: nil, per: "id",
      isPublic: { (try? $0.readableBlock(id: $1, user: nil)) != nil },
      description: about(blockBytes, refuses: [401, 404])
    ) { try $0.rawBlock($1, $2, in: $3) },
    own(
      "steamship.block.appendStream", [.post("/api/v1/block/{id}/appendStream")],
      "More bytes of a streamed block.", needs: .write, content: .collectedByDefault, per: "id",
      description: about(
        .json(200, "They are kept.", "{data: {}}"),
        takes: .init("application/octet-stream", "bytes"), refuses: [507])
    ) { try $0.appendStream($1, $2, in: $3) },
    own(
      "steamship.block.finishStream", [.post("/api/v1/block/{id}/finishStream")],
      "A streamed block is complete.", needs: .write, per: "id", .keepsNothing,
      description: about(streamedBlock)
    ) { try $0.endStream(.complete, $1, $2, in: $3) },
    own(
      "steamship.block.abortStream", [.post("/api/v1/block/{id}/abortStream")],
      "A streamed block stays incomplete.", needs: .write, per: "id", .keepsNothing,
      description: about(streamedBlock)
    ) { try $0.endStream(.aborted, $1, $2, in: $3) },

    rule(
      "steamship.tag.create", "tag/create", "Tags a file or a block.", needs: .write,
      takes:
        #"{fileId?: Id, blockId?: Id, kind: string = "sentiment", name?: string, value?: object, "#
        + "startIdx?: integer, endIdx?: integer}", gives: "{tag: Tag}"
    ) { try $0.createTag($1, &$2) },
    rule(
      "steamship.tag.delete", "tag/delete", "Deletes a tag.", needs: .write, .keepsNothing,
      takes: "{id: Id, fileId?: Id, blockId?: Id}", gives: "{tag: Tag}"
    ) { try $0.deleteTag($1, &$2) },
    rule(
      "steamship.tag.query", "tag/query", "Tags that match.", .documented, needs: .read,
      touches: .query, takes: #"{tagFilterQuery: string = "all"}"#, gives: "{tags: [Tag]}"
    ) { try $0.queryTags($1, &$2) },

    rule(
      "steamship.workspace.createSignedUrl", "workspace/createSignedUrl",
      "A URL for writing or reading an object without a key.", needs: .write, .needsNoWorkspace,
      takes: #"{bucket: Bucket, filepath: string(1..) = "a/b.txt", operation: 'Read'|'Write', "#
        + "expiresInMinutes?: integer(1..525600)}",
      gives: "{signedUrl: string, bucket: Bucket, filepath: string, operation: 'Read'|'Write', "
        + "expiresInMinutes: integer(1..525600)}"
    ) { try $0.createSignedURL($1, &$2) },
    own(
      "steamship.signedUrl.write", [.put("/api/v1/signed/{workspace}/{bucket}/{path…}")],
      "Writes the object behind a signed URL.", needs: nil, content: .streamed,
      description: signed(
        DocumentedAnswer(200, "They are kept.", [.init("text/plain", "string")]),
        takes: .init("application/octet-stream", "bytes"), refuses: [400, 403, 404, 507])
    ) { service, call, _, world in service.writeSigned(call, in: world) },
    own(
      "steamship.signedUrl.read", [.get("/api/v1/signed/{workspace}/{bucket}/{path…}")],
      "Reads the object behind a signed URL.", needs: nil,
      description: signed(bytes("The bytes.", "application/octet-stream"), refuses: [403, 404])
    ) { service, call, _, world in .now(service.readSigned(call, in: world)) },
  ]

  private static func bytes(_ meaning: String, _ type: String = "*/*") -> DocumentedAnswer {
    DocumentedAnswer(200, meaning, [.init(type, "bytes")])
  }

  private static var blockBytes: DocumentedAnswer {
    bytes("The bytes; of a block that is still streamed as they come.")
  }

  private static var streamedBlock: DocumentedAnswer {
    .json(200, "The block as it stays.", "{data: {block: Block}}")
  }

  private static var fileEventsDescription: OperationDocumentation {
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
      ], isStreaming: true)
  }

  /// Failures here are the object store's.
  private static func signed(
    _ answer: DocumentedAnswer, takes content: DocumentedContent? = nil, refuses refusals: [Int]
  ) -> OperationDocumentation {
    let meanings = [
      400: "The content ended too early.", 403: "The signature does not fit, or has expired.",
      404: "There is no such object.", 507: "There is no room left for stored content.",
    ]
    let xml = DocumentedContent(
      "application/xml", "string",
      example: .string(
        #"<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code>"#
          + "<Message>The specified key does not exist.</Message></Error>"))
    return OperationDocumentation(
      parameters: [
        .init(.query, "operation", "'Read'|'Write'", "As it stands in the signed URL."),
        .init(.query, "expires", "string", "As it stands in the signed URL."),
        .init(.query, "signature", "string", "As it stands in the signed URL."),
      ], content: content.map { [$0] } ?? [],
      answers: [answer] + refusals.map { DocumentedAnswer($0, meanings[$0] ?? "", [xml]) })
  }
}
