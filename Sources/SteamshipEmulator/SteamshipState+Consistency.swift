import PayloadCodecs
import EmulatorKernel

/// What the rules of the service rely on and a snapshot made by hand may not have.
///
/// A key whose record is gone is no inconsistency: sets of keys sweep such keys out only now and
/// then, and every look-up allows for it.
extension SteamshipState {
  package var inconsistencies: [String] {
    var findings = StateFindings()
    checkTables(&findings)
    checkSets(&findings)
    for (serial, task) in tasks.bySerial {
      task.check("/tasks/\(serial)", &findings)
    }
    for (serial, item) in indexItems.bySerial {
      findings.expect(
        item.vector.isConsistent, "/indexItems/\(serial)/vector", "axes and lengths do not fit")
    }
    checkContent(&findings)
    usage.check(&findings)
    due.check("/due", &findings)
    findings.expect(lastMoment, "/lastMoment")
    for (index, behavior) in script.behaviors.enumerated() {
      behavior.timeline?.check("/script/behaviors/\(index)/timeline", &findings)
    }
    return findings.found
  }

  private func checkTables(_ findings: inout StateFindings) {
    users.check("/users", &findings)
    workspaces.check("/workspaces", &findings)
    invocables.check("/invocables", &findings)
    versions.check("/versions", &findings)
    instances.check("/instances", &findings)
    tasks.check("/tasks", &findings)
    comments.check("/comments", &findings)
    files.check("/files", &findings)
    blocks.check("/blocks", &findings)
    tags.check("/tags", &findings)
    indices.check("/indices", &findings)
    indexItems.check("/indexItems", &findings)
  }

  private func checkSets(_ findings: inout StateFindings) {
    check(users, "/users", \.workspaces, "workspaces", in: workspaces, &findings)
    check(invocables, "/invocables", \.versions.all, "versions", in: versions, &findings)
    check(invocables, "/invocables", \.instances, "instances", in: instances, &findings)
    check(tasks, "/tasks", \.comments, "comments", in: comments, &findings)
    check(files, "/files", \.tags, "tags", in: tags, &findings)
    check(blocks, "/blocks", \.tags, "tags", in: tags, &findings)
    check(indices, "/indices", \.items, "items", in: indexItems, &findings)
    for (serial, workspace) in workspaces.bySerial {
      check(workspace, "/workspaces/\(serial)", &findings)
    }
    for (serial, file) in files.bySerial {
      findings.expect(
        zip(file.blocks, file.blocks.dropFirst()).allSatisfy(<)
          && file.blocks.allSatisfy(blocks.contains), "/files/\(serial)/blocks",
        "they are not in order, or not there")
    }
    for (serial, tag) in tags.bySerial {
      let (start, end) = (tag.start ?? 0, tag.end ?? tag.start ?? 0)
      findings.expect(
        start >= 0 && start <= end, "/tags/\(serial)", "its span ends before it begins")
    }
  }

  /// The sets of keys that records of one table hold of those of another.
  private func check<Holder, Member>(
    _ table: Table<Holder>, _ place: String, _ set: KeyPath<Holder, KeySet<Member>>,
    _ name: String, in members: Table<Member>, _ findings: inout StateFindings
  ) {
    for (serial, holder) in table.bySerial {
      holder[keyPath: set].check("\(place)/\(serial)/\(name)", in: members, &findings)
    }
  }

  private func check(_ workspace: Workspace, _ place: String, _ findings: inout StateFindings) {
    workspace.packageInstances.all.check(place + "/packageInstances", in: instances, &findings)
    workspace.pluginInstances.all.check(place + "/pluginInstances", in: instances, &findings)
    workspace.files.all.check(place + "/files", in: files, &findings)
    workspace.indices.all.check(place + "/indices", in: indices, &findings)
    workspace.tasks.check(place + "/tasks", in: tasks, &findings)
    let index = workspace.tagIndex
    index.all.check(place + "/tagIndex/all", in: tags, &findings)
    for (kind, keys) in index.byKind {
      keys.check("\(place)/tagIndex/byKind/\(kind.text)", in: tags, &findings)
    }
    for (name, keys) in index.byName {
      keys.check("\(place)/tagIndex/byName/\(name.text)", in: tags, &findings)
    }
    for (_, keys) in index.byBoth { keys.check(place + "/tagIndex/byBoth", in: tags, &findings) }
  }

  private func checkContent(_ findings: inout StateFindings) {
    for (serial, file) in files.bySerial {
      file.content?.check("/files/\(serial)/content", &findings)
    }
    for (serial, block) in blocks.bySerial {
      block.content.check("/blocks/\(serial)/content", &findings)
    }
    for (serial, version) in versions.bySerial {
      version.archive?.check("/versions/\(serial)/archive", &findings)
    }
    for (name, content) in storedObjects {
      content.check("/storedObjects/\(name.path)", &findings)
    }
  }
}

extension EngineTask {
  fileprivate func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(stage, in: -1...timeline.stages.count, place + "/stage")
    findings.expect(pollsLeft, place + "/pollsLeft")
    timeline.check(place + "/timeline", &findings)
    if let upload = job?.arguments.upload {
      findings.expect(upload.count, place + "/job/arguments/upload/count")
    }
  }
}

extension Timeline {
  fileprivate func check(_ place: String, _ findings: inout StateFindings) {
    for (index, stage) in stages.enumerated() {
      if case .polls(let count) = stage.end { findings.expect(count, "\(place)/stages/\(index)") }
    }
  }
}

extension WordVector {
  /// A plugin's own code may give more dimensions than ours have.
  fileprivate var isConsistent: Bool {
    axes.count == lengths.count && axes.allSatisfy(StateFindings.counts.contains)
      && zip(axes, axes.dropFirst()).allSatisfy(<)
  }
}

extension Content {
  fileprivate func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(count, place + "/count")
  }
}
