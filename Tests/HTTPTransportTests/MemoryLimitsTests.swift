import HTTPModel
import Testing
import WavetankTestKit

@testable import HTTPTransport

@Suite("What memory this process may take (DESIGN §11)")
struct MemoryLimitsTests {
  static let mounts = """
    23 1 254:0 / / rw - ext4 /dev/vda rw
    35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
    36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
    41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
    """

  @Test(
    "The limits of all groups around a process are looked at (cgroups(7))",
    arguments: [
      // Version 1, nested; the same machine has an empty version 2 beside it.
      (
        "9:name=systemd:/\n4:memory:/outer/inner\n1:cpu:/other\n0::/", mounts,
        [
          "/sys/fs/cgroup/memory/outer/inner/memory.limit_in_bytes",
          "/sys/fs/cgroup/memory/outer/memory.limit_in_bytes",
          "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/unified/memory.max",
        ]
      ),
      // Version 2.
      (
        "0::/user.slice/app", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
        [
          "/sys/fs/cgroup/user.slice/app/memory.max", "/sys/fs/cgroup/user.slice/memory.max",
          "/sys/fs/cgroup/memory.max",
        ]
      ),
      // A container: its own group is mounted, the path is told from outside.
      (
        "4:memory:/docker/abc/job",
        "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory",
        [
          "/sys/fs/cgroup/memory/job/memory.limit_in_bytes",
          "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        ]
      ),
      // A path that is not below what is mounted: what is mounted is ours.
      (
        "0::/../elsewhere", "41 31 0:38 /here /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
        ["/sys/fs/cgroup/memory.max"]
      ),
      // Names with a dash, fields between, and other trees of groups.
      (
        "3:cpu,memory:/a - cgroup",
        """
        36 31 0:33 /- /sys/fs/cgroup/a-b rw shared:9 master:1 - cgroup cgroup rw,memory
        37 31 0:33 / /mnt rw - cgroup cgroup rw,name=memory
        38 31 0:33 / /mnt rw - cgroups x memory
        """,
        ["/sys/fs/cgroup/a-b/memory.limit_in_bytes"]
      ),
      ("", mounts, []), ("nonsense\n0:", "x\ny - z", []), ("0::/a", "- cgroup\n - cgroup2", []),
    ] as [(String, String, [String])])
  func groups(_ groups: String, _ mounts: String, _ wanted: [String]) {
    let files = MemoryLimits.limitFiles(groups: Array(groups.utf8), mounts: Array(mounts.utf8))
    #expect(files == wanted)
  }

  private static func limits(_ files: [String: String]) -> MemoryLimits {
    let base = [
      "/proc/self/cgroup": "4:memory:/a/b\n0::/c", "/proc/self/mountinfo": mounts,
      "/proc/meminfo": "MemTotal:       16000000 kB\nMemFree: 1 kB\n",
      "/proc/self/status": "Name:\twavetank\nVmPeak:\t 90000 kB\nVmSize:\t   80000 kB\n",
    ]
    return MemoryLimits(addressSpace: 1 << 40) { Array((files[$0] ?? base[$0] ?? "").utf8) }
  }

  @Test("The tightest limit counts, and none is none")
  func tightest() {
    let none = Self.limits([
      "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/unified/c/memory.max": "max\n",
    ])
    #expect(none.group == nil && none.physical == 16_384_000_000 && none.mapped == 81_920_000)
    let nested = Self.limits([
      "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "900000000\n",
      "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "300000000\n",
      "/sys/fs/cgroup/unified/c/memory.max": "700000000\n",
    ])
    #expect(nested.group == 300_000_000)
    #expect(MemoryLimits(reading: { _ in [] }) == MemoryLimits())
    let nonsense = Array("18446744073709551616 kB - 99 : memory".utf8)
    #expect(MemoryLimits(addressSpace: 1, reading: { _ in nonsense }).group == nil)
  }

  @Test("Half of what is left beside the process is for clients, at most 4 GiB")
  func budget() {
    var limits = MemoryLimits()
    #expect(limits.budget(threads: 2) == 4 << 30)
    limits.physical = 64 << 30
    #expect(limits.budget(threads: 2) == 4 << 30)
    limits.physical = 4 << 30
    #expect(limits.budget(threads: 2) == (3 << 30 - 32 << 20) / 2)
    limits.group = 256 << 20
    #expect(limits.budget(threads: 2) == 112 << 20)
    limits.mapped = 80 << 20
    limits.addressSpace = 400 << 20
    #expect(limits.budget(threads: 2) == 112 << 20)
    limits.addressSpace = 200 << 20
    #expect(limits.budget(threads: 2) == (200 - 80 - 10 - 32) << 19)
    limits.data = 64 << 20
    #expect(limits.budget(threads: 2) == (64 - 10 - 32) << 19)
    limits.group = 0
    #expect(limits.budget(threads: 64) == MemoryLimits.leastBytes)
  }

  @Test("This machine says something")
  func here() {
    let limits = MemoryLimits.now()
    #expect(limits.physical ?? 0 > 64 << 20)
    #expect(limits.budget(threads: 1) >= MemoryLimits.leastBytes)
  }

  @Test(
    "Content that is collected takes room; without it the responder is told, and all comes back")
  func collecting() async throws {
    let budget = MemoryBudget(limit: 1 << 20)
    let handler: TestServer.Handler = { _ in
      .collect(limit: 16 << 20) { content in
        switch content {
        case .complete(let bytes): .now(.text("\(bytes.count) \(budget.bytesUsed > 0)"))
        case .tooLarge: .now(.text("too large", status: .contentTooLarge))
        case .noRoom: .now(.text("no room", status: Status(507)))
        }
      }
    }
    try await TestServer.with({ $0.memory = budget }, handler: handler) { server in
      let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
      let small = try server.peer()
      try small.send(head + "300000\r\n\r\n" + String(repeating: "s", count: 300_000))
      #expect(try small.readResponse().text == "300000 true")
      _ = try await server.recorder.next()
      #expect(budget.bytesUsed == 0)
      // A small one is taken where nothing is left, also when it comes behind its head.
      budget.charge(2 << 20)
      let tiny = try server.peer()
      try tiny.send(head + "5\r\n\r\n")
      try tiny.send("12345")
      #expect(try tiny.readResponse().text == "5 true")
      _ = try await server.recorder.next()
      budget.charge(-2 << 20)
      let large = try server.peer()
      try? large.send(head + "3000000\r\n\r\n" + String(repeating: "l", count: 3_000_000))
      let refused = try large.readResponse()
      #expect(refused.status == 507 && refused.fields["connection"] == "close")
      _ = try await server.recorder.next()
      #expect(budget.bytesUsed == 0)
      // Many that have sent half of what they announce hold room until they go.
      let many = try (0..<8).map { _ in try server.peer() }
      for peer in many {
        try peer.send(head + "200000\r\n\r\n" + String(repeating: "m", count: 100_000))
      }
      var refusals = 0
      for peer in many.suffix(2) {
        try? peer.send(String(repeating: "m", count: 100_000))
        if try peer.readResponse().status == 507 { refusals += 1 }
      }
      #expect(refusals > 0)
      for peer in many { peer.close() }
      for _ in many { _ = try await server.recorder.next() }
      #expect(budget.bytesUsed == 0)
    }
  }
}
