import Foundation
import Testing

@testable import CodeRuntime

@Suite("What code sees of folders that are closed to it")
struct ShownPlacesTests {
  /// An installation and an environment of it in a folder, as they lie in somebody's home.
  private final class Home {
    let path: String

    init() throws {
      let place = NSTemporaryDirectory() + "wavetank-shown-\(UUID().uuidString)"
      let files = FileManager.default
      for folder in ["base/bin", "base/lib", "environment/bin", "environment/lib", "private"] {
        try files.createDirectory(atPath: "\(place)/\(folder)", withIntermediateDirectories: true)
      }
      path = URL(filePath: place).resolvingSymlinksInPath().path()
      try Data([0x7F, 0x45, 0x4C, 0x46]).write(to: URL(filePath: path + "/base/bin/python3.9"))
      try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: path + "/base/bin/script"))
      try files.createSymbolicLink(
        atPath: path + "/base/bin/python3", withDestinationPath: "python3.9")
      try files.createSymbolicLink(
        atPath: path + "/environment/bin/python", withDestinationPath: path + "/base/bin/python3")
    }

    func close(_ folder: String = "") throws {
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o700], ofItemAtPath: path + folder)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test("Where all is open nothing is done")
  func open() throws {
    let home = try Home()
    let steps = ShownPlaces(programs: [home.path + "/environment/bin/python"], folders: []).steps
    #expect(steps.isEmpty)
  }

  @Test("An environment in a closed folder is shown with the installation behind its links")
  func environment() throws {
    let home = try Home()
    try home.close()
    let path = home.path
    let steps = ShownPlaces(
      programs: [path + "/environment/bin/python"], folders: [path + "/environment/lib"]
    ).steps
    #expect(
      steps == [
        .bare(path), .folder(path + "/base"), .tree(path + "/base"), .folder(path + "/environment"),
        .tree(path + "/environment"),
      ])
    #expect(ShownPlaces.closedFolder(on: path + "/base/bin/python3") == path)
  }

  @Test("A copied interpreter names its installation in a file")
  func copied() throws {
    let home = try Home()
    let path = home.path
    try FileManager.default.removeItem(atPath: path + "/environment/bin/python")
    try Data([0x7F, 0x45]).write(to: URL(filePath: path + "/environment/bin/python"))
    try Data("version = 3\nhome = \(path)/base/bin\n".utf8).write(
      to: URL(filePath: path + "/environment/pyvenv.cfg"))
    #expect(
      ShownPlaces.Way.of(path + "/environment/bin/python").flatMap(\.trees)
        == [path + "/environment", path + "/base"])
  }

  @Test("A folder on the way that is a link to another is there, too")
  func linked() throws {
    let home = try Home()
    let path = home.path
    try FileManager.default.createSymbolicLink(
      atPath: path + "/current", withDestinationPath: "base")
    try home.close()
    let steps = ShownPlaces(programs: [path + "/current/bin/python3"], folders: []).steps
    #expect(
      steps == [
        .bare(path), .folder(path + "/base"), .tree(path + "/base"),
        .link(path + "/current", to: "base"),
      ])
  }

  @Test("An installation that is closed itself is shown piece by piece")
  func closed() throws {
    let home = try Home()
    let path = home.path
    try home.close("/base")
    let steps = ShownPlaces(programs: [path + "/base/bin/python3"], folders: []).steps
    #expect(
      steps == [
        .bare(path + "/base"), .folder(path + "/base/bin"), .tree(path + "/base/bin"),
        .folder(path + "/base/lib"), .tree(path + "/base/lib"),
      ])
  }

  @Test("A script shows nothing: what it runs is not known")
  func script() throws {
    let home = try Home()
    try home.close()
    #expect(ShownPlaces(programs: [home.path + "/base/bin/script"], folders: []).steps.isEmpty)
  }
}
