import HTTPModel

extension OutboundAllowance {
  package func covers(_ origin: CallerOrigin) -> Bool {
    switch self {
    case .none: false
    case .local: origin == .local
    // What a Wavetank asks for is never handed on: two that point at each other would never end.
    case .any: origin != .outbound
    }
  }
}
