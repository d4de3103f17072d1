import ControlPlane
import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension Configuration {
  /// Names another Wavetank behind the same front, by its base URL. False for what is no such URL.
  public mutating func addPeer(_ text: String) -> Bool {
    let url = text.hasSuffix("/") ? String(text.dropLast()) : text
    let target = RequestTarget(url)
    guard url.hasPrefix("http://") || url.hasPrefix("https://"), let authority = target.authority,
      Authority(authority, defaultPort: 80) != nil, target.pathRange.count <= 1,
      !url.contains("?"), !url.contains("#")
    else { return false }
    peers.append(url)
    return true
  }
}

extension Emulator {
  /// The servers that the configuration names. They are asked with this server's own token: all that stand
  /// behind one front have the same.
  static func peers(_ configuration: Configuration, _ own: OwnPlaces) -> [PeerServer] {
    // Whoever looks at the list waits for the slowest: a server that stands still is one that is silent.
    let calls = OutboundCalls(own: own, configuration, patience: .seconds(5))
    let controlToken = configuration.controlToken
    return configuration.peers.map { url in
      PeerServer(url: url) {
        var request = OutboundRequest(
          .configured, method: .get, url: url + "/_wavetank/tenants?of=server",
          contentLimit: 16 << 20)
        if let controlToken { request.fields.append("Authorization", "Bearer \(controlToken)") }
        switch await calls.ask(request) {
        case .none: return nil
        case .failure(let failure): return .failure(failure)
        case .success(let answer):
          guard answer.status == 200, let content = try? JSON(parsing: answer.content) else {
            return .failure(OutboundFailure("it answers with status \(answer.status)."))
          }
          return .success(content)
        }
      }
    }
  }
}
