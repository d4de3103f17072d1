import CLinux
import CProcess
import Glibc
import Synchronization

/// Starts children from a thread that lives as long as they do: the kernel ends a child with the
/// thread that started it.
final class Spawner: Sendable {
  private let orders = OrderQueue()

  init() {
    let context = unsafe Unmanaged.passRetained(orders)
    var thread = pthread_t()
    // SAFETY: the queue is retained here and released by the thread, exactly once.
    let result = unsafe pthread_create(
      &thread, nil,
      { raw in
        guard let raw = unsafe raw else { return nil }
        let orders = unsafe Unmanaged<OrderQueue>.fromOpaque(raw).takeRetainedValue()
        while let order = orders.next() { order() }
        return nil
      }, context.toOpaque())
    if result == 0 {
      pthread_detach(thread)
    } else {
      unsafe context.release()
      orders.close()
    }
  }

  deinit { orders.close() }

  /// - Returns: its number, and with a network of its own the socket that listens in it.
  func start(_ order: ChildOrder) async throws(CodeError) -> (pid: Int32, listener: Int32?) {
    let result: Result<(Int32, Int32?), CodeError> = await withCheckedContinuation { continuation in
      let isOpen = orders.append {
        continuation.resume(returning: Result { () throws(CodeError) in try Self.spawn(order) })
      }
      if !isOpen { continuation.resume(returning: .failure(.shuttingDown)) }
    }
    return try result.get()
  }

  private static func spawn(_ order: ChildOrder) throws(CodeError) -> (Int32, Int32?) {
    var through: [Int32] = [-1, -1]
    if order.isolation.contains(.network) {
      // SAFETY: room for the two descriptors that the call gives.
      let made = unsafe socketpair(
        AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &through)
      guard made == 0 else { throw .notStarted(order.program, reason: message(errno)) }
    }
    defer { for fd in through where fd >= 0 { _ = close(fd) } }
    let result = unsafe withCStrings(order.arguments) { arguments in
      unsafe withCStrings(order.environment) { environment in
        unsafe order.program.withCString { program in
          unsafe order.folder.withCString { folder in
            unsafe order.descriptors.map(\.number).withUnsafeBufferPointer { descriptors in
              unsafe withShown(order.shown) { shown in
                // SAFETY: all that the child is told of lives until the call returns, which is after
                // the child has begun or ended.
                var child = unsafe wavetank_child()
                unsafe child.path = program
                unsafe child.arguments = arguments
                unsafe child.environment = environment
                unsafe child.directory = folder
                unsafe child.descriptors = descriptors.baseAddress
                unsafe child.descriptor_count = Int32(descriptors.count)
                unsafe child.isolation = order.isolation.rawValue
                unsafe (child.user, child.group) = identity(order.isolation, order.user)
                unsafe child.user_count = order.userCount
                unsafe child.data_bytes = UInt(order.limits.dataBytes)
                unsafe child.file_bytes = UInt(order.limits.fileBytes)
                unsafe child.processes = UInt(order.limits.processes)
                unsafe child.open_files = UInt(order.limits.openFiles)
                unsafe child.port = order.port
                unsafe child.listener_socket = through[1]
                unsafe child.shown = shown.baseAddress
                unsafe child.shown_count = Int32(shown.count)
                return unsafe wavetank_spawn(&child)
              }
            }
          }
        }
      }
    }
    guard result > 0 else { throw .notStarted(order.program, reason: message(-result)) }
    guard order.isolation.contains(.network), order.port != 0 else { return (result, nil) }
    let listener = wavetank_receive_descriptor(through[0])
    return (result, listener >= 0 ? listener : nil)
  }

  /// Root starts nobody as root: the numbers are of nobody on this machine.
  private static func identity(_ isolation: Isolation, _ user: UInt32) -> (UInt32, UInt32) {
    if geteuid() == 0 { return (user, user) }
    return isolation.contains(.users) ? (geteuid(), getegid()) : (0, 0)
  }

  static func message(_ code: Int32) -> String {
    // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
    unsafe String(cString: strerror(code))
  }
}

/// Who code is when the server is root.
enum ChildIdentity {
  /// Above the users that distributions give out, below those of containers.
  static let user: UInt32 = 64_917

  private static let owns: UInt32 = 500
  /// With the one that all have in common.
  static let all = owns + 1
  private static let count = Atomic<UInt32>(0)

  /// One that hardly another has at the same time: the kernel counts processes by user, and what one
  /// makes of them is not to be lacking to others.
  static func ofItsOwn() -> UInt32 {
    user + 1 + count.wrappingAdd(1, ordering: .relaxed).oldValue % owns
  }
}

private func withCStrings<Result>(
  _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  // SAFETY: freed after the body, which alone sees them.
  var pointers = unsafe texts.map { unsafe strdup($0) } + [nil]
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
    // SAFETY: never empty: it ends with a nil.
    unsafe body(UnsafePointer(buffer.baseAddress.unsafelyUnwrapped))
  }
}

private func withShown<Result>(
  _ steps: [ShownPlaces.Step], _ body: (UnsafeBufferPointer<wavetank_shown>) -> Result
) -> Result {
  // SAFETY: the texts are freed after the body, which alone sees them.
  let shown = unsafe steps.map { step in
    let (kind, path, target) =
      switch step {
      case .bare(let path): (WAVETANK_SHOW_BARE, path, "")
      case .folder(let path): (WAVETANK_SHOW_FOLDER, path, "")
      case .tree(let path): (WAVETANK_SHOW_TREE, path, "")
      case .file(let path): (WAVETANK_SHOW_FILE, path, "")
      case .link(let path, let target): (WAVETANK_SHOW_LINK, path, target)
      }
    return unsafe wavetank_shown(
      kind: Int32(kind), path: unsafe strdup(path), target: unsafe strdup(target))
  }
  defer {
    unsafe shown.forEach {
      unsafe free(UnsafeMutablePointer(mutating: $0.path))
      unsafe free(UnsafeMutablePointer(mutating: $0.target))
    }
  }
  return unsafe shown.withUnsafeBufferPointer(body)
}
