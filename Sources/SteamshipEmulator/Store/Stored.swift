import EmulatorKernel

extension Stored {
  /// Ids are compared without regard to letter case (contract §8).
  static var idsIgnoreCase: Bool { true }
}
