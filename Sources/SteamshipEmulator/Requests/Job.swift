import EmulatorKernel
import PayloadCodecs

/// A request as rules see it: an operation, its fields and who wants it done. Carried out at once, or
/// kept with a task and carried out when the task succeeds.
struct Job: Codable, Sendable, Weighed {
  var operation: String
  var arguments: Arguments
  var caller: Caller

  var heapBytes: Int {
    operation.heapBytes + arguments.heapBytes + caller.requestID.heapBytes
      + caller.baseURL.heapBytes
  }
}
