import HTTPModel
import HTTPWire

// Feeds libFuzzer's bytes to the protocol machine, in both roles, whole and cut in two, and traps
// when the events differ: a cut must never change what a message means.
//
//     FUZZ=1 swift build --product WireFuzz && .build/debug/WireFuzz Tests/Fuzz/Corpus

/// What was found, as one number per event.
private func events(_ input: [UInt8], cutAt cut: Int, _ role: ConnectionMachine.Role) -> [Int] {
  var machine = ConnectionMachine(role)
  var spares = HeadSpares()
  var found: [Int] = []
  var contentCount = 0
  var pending: [UInt8] = []
  for piece in [input[..<cut], input[cut...]] {
    let bytes = pending + piece
    var position = 0
    reading: while true {
      switch machine.next(bytes.span, &position, spares: &spares) {
      case .needMore: break reading
      case .blocked:
        machine.finishExchange()
        found.append(1)
        if machine.isDead {
          position = bytes.count
          break reading
        }
      case .request(let request):
        found += [2, request.target.text.utf8.count, request.fields.count]
        spares.reclaim(request)
      case .tunnel(let tunnel): found += [7, Int(tunnel.port), tunnel.fields.count]
      case .interim(let head): found += [3, head.status.code, head.fields.count]
      case .response(let head): found += [4, head.status.code, head.fields.count]
      case .content(let range): contentCount += range.count
      case .contentEnded(let trailers): found += [5, contentCount, trailers.count]
      case .failed(let error):
        found += [6, error.status.code, error.offset, contentCount]
        position = bytes.count
        break reading
      }
    }
    precondition(position <= bytes.count)
    pending = Array(bytes[position...])
  }
  return found
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer gives `count` readable bytes for the time of this call.
  let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let cut = input.isEmpty ? 0 : Int(input[input.count / 2]) % (input.count + 1)
  for role in [ConnectionMachine.Role.server, .client] {
    let whole = events(input, cutAt: input.count, role)
    precondition(events(input, cutAt: cut, role) == whole, "a cut at \(cut) changes the events")
  }
  return 0
}

/// libFuzzer's driver (`FuzzerInterface.h`): SwiftPM brings its own `main`, so we call it.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@main
private struct WireFuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments = unsafe CommandLine.unsafeArgv
    // SAFETY: both pointers are to locals that outlive the driver.
    _ = unsafe runDriver(&count, &arguments, { unsafe fuzzOneInput($0, $1) })
  }
}
