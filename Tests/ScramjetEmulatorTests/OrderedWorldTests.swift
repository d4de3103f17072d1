import EmulatorKernel
import Foundation
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

@Suite("Packages and sequences are found without a look at all of them")
struct OrderedWorldTests {
  private func item(_ id: String, _ fileName: String, bytes: Int = 10) throws -> StoreItem {
    let package = try SequencePackage(
      manifest: ["name": "p", "main": "m"], byteCount: bytes, hasPath: { _ in true })
    return StoreItem(
      id: id, fileName: fileName, package: Shared(package), blob: BlobID(1), tag: "t")
  }

  @Test(
    "The store keeps its order, knows its bytes, and replaces a file in its place (contract §4)")
  func store() throws {
    var store = PackageStore()
    for name in ["c", "a", "b"] {
      #expect(store.put(try item("id-\(name)", name + ".tar.gz")) == nil)
    }
    #expect(store.put(try item("id-new", "a.tar.gz", bytes: 30))?.id == "id-a")
    #expect(store.all.map(\.id) == ["id-c", "id-new", "id-b"])
    #expect(store.byteCount == 50)
    #expect(store.item("id-a") == nil)
    #expect(store.item("id-new")?.fileName == "a.tar.gz")
    #expect(store.item("a")?.id == "id-new")
    store.remove(try item("id-c", "c.tar.gz"))
    #expect(store.item("c.tar.gz") == nil)
    #expect(store.byteCount == 40)
    let restored = try JSONDecoder().decode(
      PackageStore.self, from: try JSONEncoder().encode(store))
    #expect(restored.all.map(\.id) == ["id-new", "id-b"])
    #expect(restored.byteCount == 40)
    #expect(restored.item("id-b")?.fileName == "b.tar.gz")
  }

  @Test("A name that is one package's id and another's file is the one's that came first")
  func ambiguous() throws {
    for isIDFirst in [true, false] {
      var store = PackageStore()
      let items = [try item("x", "other.tar.gz"), try item("y", "x.tar.gz")]
      for item in isIDFirst ? items : items.reversed() { _ = store.put(item) }
      #expect(store.item("x")?.id == (isIDFirst ? "x" : "y"))
      #expect(store.item("x.tar.gz")?.id == "y")
    }
  }

  @Test("A sequence is found by its alias, also after a change, a removal and a snapshot")
  func aliases() throws {
    let bench = try StateBench()
    let package = try #require(bench.box.read { $0.hubs[bench.hub]?.sequence("q")?.package })
    func add(_ id: String, _ alias: String?) {
      bench.change { state, step in
        state.addSequence(package, id: id, alias: alias, to: bench.hub, &step)
      }
    }
    func found(_ name: String) -> String? {
      bench.box.read { $0.hubs[bench.hub]?.sequence(name)?.id }
    }
    add("one", "ship")
    add("two", "ship")
    #expect(found("ship") == "one")
    #expect(found("two") == "two")
    add("one", "boat")
    #expect(found("ship") == "two")
    #expect(found("boat") == "one")
    let copy = try JSONDecoder().decode(
      ScramjetState.self, from: try JSONEncoder().encode(bench.box.read { state in copy state }))
    #expect(copy.hubs[bench.hub]?.sequence("boat")?.id == "one")
    #expect(copy.hubs[bench.hub]?.sequenceOrder == ["q", "one", "two"])
    bench.change { state, step in state.removeSequence("two", from: bench.hub, &step) }
    #expect(found("ship") == nil)
    #expect(bench.box.read { $0.heapBytes == $0.recountedHeapBytes })
  }

  @Test("A space with thousands of topics and instances goes in one step, and nothing is left")
  func removal() throws {
    let bench = try StateBench()
    bench.change { state, step in
      for number in 0..<2_000 {
        _ = state.topic(TopicKey(space: bench.space, name: "t\(number)"), type: nil, &step)
        _ = try? state.start("q", on: bench.hub, StartOrder(), program: Program(), &step)
      }
      state.removeSpace(bench.space, &step)
    }
    bench.box.read { state in
      #expect(state.topics.isEmpty && state.instances.isEmpty && state.streams.isEmpty)
      #expect(state.heapBytes == state.recountedHeapBytes)
    }
  }
}
