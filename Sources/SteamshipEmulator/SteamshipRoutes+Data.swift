import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Files, blocks, tags, queries, signed URLs (contract §2.2).
extension SteamshipRoutes {
  static let dataPlane: [SteamshipRoute] = [
    rule("file.create", "file/create", "Makes a file of bytes, of blocks or by an importer.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createFile(fields, caller, &step)
    }.uploading(),
    rule("file.get", "file/get", "A file with its blocks and tags.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.getFile(fields, caller, &step)
    }.asking(.file),
    rule("file.update", "file/update", "Makes a file public or private.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.updateFile(fields, caller, &step)
    },
    rule("file.delete", "file/delete", "Deletes a file with its blocks and tags.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteFile(fields, caller, &step)
    },
    rule("file.clear", "file/clear", "Takes a file's blocks and tags away.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.clearFile(fields, caller, &step)
    },
    rule("file.list", "file/list", "A workspace's files, in pages.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.listFiles(fields, caller, &step)
    },
    rule("file.query", "file/query", "Files that have a matching tag.", .documented) {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.queryFiles(fields, caller, &step)
    },
    task("file.import", "file/import", "Fills a file by an importer.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.importFile(fields, caller, &step)
    },
    special(
      "file.raw", .post, "file/raw", "A file's bytes.", .rawFile,
      content: .collectedByDefault),
    special(
      "file.rawByID", .get, "file/{id}/raw", "A file's bytes; of a public one without a key.",
      .rawFile, needsKey: false
    ).foundByID(),
    special(
      "file.stream", .get, "file/{id}/stream", "An event for each block that comes.", .fileEvents
    ).resource("id"),

    rule("block.create", "block/create", "Appends a block to a file.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createBlock(fields, caller, &step)
    }.uploading(),
    rule("block.get", "block/get", "A block.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.getBlock(fields, caller, &step)
    }.asking(.block),
    rule("block.update", "block/update", "Makes a block public or private.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.updateBlock(fields, caller, &step)
    },
    rule("block.delete", "block/delete", "Deletes a block.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteBlock(fields, caller, &step)
    },
    rule("block.query", "block/query", "Blocks that have a matching tag.", .documented) {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.queryBlocks(fields, caller, &step)
    },
    special(
      "block.raw", .post, "block/raw", "A block's bytes, as they come while it is streamed.",
      .rawBlock, content: .collectedByDefault),
    special(
      "block.rawByID", .get, "block/{id}/raw", "A block's bytes; of a public one without a key.",
      .rawBlock, needsKey: false
    ).foundByID(),
    special(
      "block.appendStream", .post, "block/{id}/appendStream", "More bytes of a streamed block.",
      .appendStream, content: .collectedByDefault
    ).resource("id"),
    special(
      "block.finishStream", .post, "block/{id}/finishStream", "A streamed block is complete.",
      .endStream(.complete)
    ).resource("id"),
    special(
      "block.abortStream", .post, "block/{id}/abortStream", "A streamed block stays incomplete.",
      .endStream(.aborted)
    ).resource("id"),

    rule("tag.create", "tag/create", "Tags a file or a block.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.createTag(fields, caller, &step)
    },
    rule("tag.delete", "tag/delete", "Deletes a tag.") {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.deleteTag(fields, caller, &step)
    },
    rule("tag.query", "tag/query", "Tags that match.", .documented) {
      (state, fields, caller, step) throws(SteamshipError) in
      try state.queryTags(fields, caller, &step)
    },

    rule(
      "workspace.createSignedUrl", "workspace/createSignedUrl",
      "A URL for writing or reading an object without a key."
    ) { (state, fields, caller, step) throws(SteamshipError) in
      try state.createSignedURL(fields, caller, &step)
    },
    special(
      "signedUrl.write", .put, "signed/{workspace}/{bucket}/{path…}",
      "Writes the object behind a signed URL.", .signedWrite, content: .streamed, needsKey: false),
    special(
      "signedUrl.read", .get, "signed/{workspace}/{bucket}/{path…}",
      "Reads the object behind a signed URL.", .signedRead, needsKey: false),
  ]
}
