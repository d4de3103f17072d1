import Testing

@testable import HTTPTransport

@Suite struct ProcessMemoryTests {
  static let map = """
    00400000-00500000 r--p 00000000 fe:00 12 /srv/a tool/wavetank
    Size:                400 kB
    Rss:                 400 kB
    Anonymous:             0 kB
    THPeligible:           0
    00500000-00600000 r-xp 00100000 fe:00 12 /srv/wavetank
    Anonymous:             0 kB
    00600000-00601000 r--p 00200000 fe:00 12 /srv/wavetank
    Anonymous:             4 kB
    00601000-00602000 rw-p 00201000 fe:00 12 /srv/wavetank
    Anonymous:             0 kB
    00602000-00700000 rw-p 00000000 00:00 0 [heap]
    Anonymous:             0 kB
    7f0000000000-7f0000001000 r--s 00000000 fe:00 13 /srv/shared
    Anonymous:             0 kB
    7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0 [vdso]
    Anonymous:             0 kB
    ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
    Anonymous:             0 kB
    """

  @Test("Only what cannot have been written is unmapped")
  func mappings() {
    #expect(
      ProcessMemory.unwrittenMappings(in: Array(Self.map.utf8)) == [
        0x400000..<0x500000, 0x500000..<0x600000,
      ])
    #expect(ProcessMemory.unwrittenMappings(in: []).isEmpty)
    #expect(
      ProcessMemory.unwrittenMappings(in: Array("x-y r-xp 0 0 0 /a\nAnonymous: 0 kB".utf8)).isEmpty)
  }

  @Test("Code goes on after its pages were unmapped")
  func goesOn() {
    ProcessMemory.forgetCode()
    #expect(ProcessMemory.descriptorLimit > 0)
  }
}
