import COpenSSL
import Synchronization

/// Signs certificates for the names that this server answers for.
///
/// One for each user and machine, made on first use and never part of a program or repository: whoever
/// trusts it trusts whoever has its key. It can only sign for the names it is made for.
package final class CertificateAuthority: Sendable {
  /// Days. Ten years: who trusts it shall not do so again each quarter.
  package static let validDays = 3650
  /// Days. Below the 398 that browsers take.
  static let leafDays = 365

  let certificate: Certificate
  private let key: PrivateKey
  /// All leaves have one key: it never leaves the process.
  private let leafKey: PrivateKey
  private let leaves = Mutex<[Request: Leaf]>([:])
  /// What is kept of leaves: some clients ask for a name each.
  private static let leavesMax = 4096

  private struct Request: Hashable {
    var host: String
    var flaw: CertificateFlaw?
  }

  private init(_ certificate: Certificate, _ key: PrivateKey) throws(TLSError) {
    self.certificate = certificate
    self.key = key
    leafKey = try PrivateKey()
  }

  /// Makes one.
  /// - Parameters:
  ///   - owner: whose it is, as people see it: `ada@laptop`.
  ///   - names: the host names it may sign for; each covers all names below it.
  ///   - now: seconds since 1970.
  package static func make(
    owner: String, names: [String], now: Int
  ) throws(TLSError) -> CertificateAuthority {
    let key = try PrivateKey()
    let addresses = [
      "IP:127.0.0.0/255.0.0.0", "IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ]
    let permitted =
      try names.map { name throws(TLSError) in "DNS:" + (try checked(name)) } + addresses
    let draft = CertificateDraft(
      subject: "Wavetank CA of \(owner)", begins: now - 3600, ends: now + validDays * 86_400,
      extensions: [
        (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
        (NID_key_usage, "critical,keyCertSign,cRLSign"),
        (NID_subject_key_identifier, "hash"),
        (
          NID_name_constraints,
          "critical," + permitted.map { "permitted;" + $0 }.joined(separator: ",")
        ),
      ])
    return try CertificateAuthority(try draft.sign(key: key, issuer: nil, by: key), key)
  }

  /// Reads what `certificatePEM` and `keyPEM` gave.
  package static func load(
    certificate: [UInt8], key: [UInt8], now: Int
  ) throws(TLSError) -> CertificateAuthority {
    let certificate = try Certificate(pem: certificate)
    guard certificate.begins <= now else {
      throw .notValidNow("the CA's certificate is not valid yet: is the clock right?")
    }
    guard certificate.ends > now else {
      throw .notValidNow("the CA's certificate is over")
    }
    guard certificate.maySign else {
      throw .unreadable("the CA", reason: "its certificate is no authority's (CA:FALSE)")
    }
    let key = try PrivateKey(pem: key)
    guard key.belongs(to: certificate) else {
      throw .unreadable("the CA", reason: "its key and its certificate do not belong together")
    }
    return try CertificateAuthority(certificate, key)
  }

  package var certificatePEM: [UInt8] { certificate.pem }
  /// What the library looks for in a folder of roots: files are named by it there, `0a1b2c3d.0`.
  package static func subjectHash(ofPEM pem: [UInt8]) throws(TLSError) -> UInt {
    let certificate = try Certificate(pem: pem)
    // SAFETY: the certificate is only read.
    return unsafe UInt(X509_subject_name_hash(certificate.pointer))
  }
  package func keyPEM() throws(TLSError) -> [UInt8] { try key.pem() }
  /// Seconds since 1970.
  package var ends: Int { certificate.ends }

  /// Whether it may sign for a host: clients that trust it refuse what it may not. Asked of a certificate
  /// made for that host, as clients ask.
  package func covers(_ host: String) -> Bool {
    guard let leaf = try? leaf(for: host, now: certificate.begins) else { return false }
    // SAFETY: what is made of the extension is freed; the certificates are only read.
    guard
      let raw = unsafe X509_get_ext_d2i(certificate.pointer, NID_name_constraints, nil, nil)
    else { return true }
    defer { unsafe wavetank_free_constraints(raw) }
    return unsafe wavetank_check_constraints(leaf.certificate.pointer, raw) == X509_V_OK
  }

  /// The certificate for a host; made when it is asked for first.
  func leaf(
    for host: String, flaw: CertificateFlaw? = nil, now: Int
  ) throws(TLSError) -> Leaf {
    let request = Request(host: host, flaw: flaw)
    if let known = leaves.withLock({ $0[request] }),
      known.certificate.ends > now + 86_400 || flaw != nil
    {
      return known
    }
    let made = try makeLeaf(request, now: now)
    leaves.withLock { leaves in
      if leaves.count >= Self.leavesMax { leaves.removeAll() }
      leaves[request] = made
    }
    return made
  }

  private func makeLeaf(_ request: Request, now: Int) throws(TLSError) -> Leaf {
    // A name that it may sign for: clients shall complain of the name, not of who signed it.
    let host = try Self.checked(
      request.flaw == .wrongHost ? "wrong-host.localhost" : request.host)
    let name = Self.isAddress(host) ? "IP:\(host)" : "DNS:\(host)"
    var draft = CertificateDraft(
      // No host: the library would take it for a name, and addresses are none that it permits.
      subject: "Wavetank certificate", begins: now - 3600, ends: now + Self.leafDays * 86_400,
      extensions: [
        (NID_basic_constraints, "critical,CA:FALSE"),
        (NID_key_usage, "critical,digitalSignature"),
        (NID_ext_key_usage, "serverAuth"),
        (NID_subject_alt_name, name),
        (NID_subject_key_identifier, "hash"),
        (NID_authority_key_identifier, "keyid:always"),
      ])
    switch request.flaw {
    case .expired: (draft.begins, draft.ends) = (now - 30 * 86_400, now - 86_400)
    case .notYetValid:
      // It is kept, and shall not become valid meanwhile.
      (draft.begins, draft.ends) = (now + 365 * 86_400, now + 395 * 86_400)
    case .selfSigned:
      draft.extensions.removeLast()
      return Leaf(
        certificate: try draft.sign(key: leafKey, issuer: nil, by: leafKey), key: leafKey)
    case .untrusted:
      // By an authority that nobody has heard of.
      let stranger = try PrivateKey()
      let other = CertificateDraft(
        subject: "Nobody's CA", begins: draft.begins, ends: draft.ends,
        extensions: [
          (NID_basic_constraints, "critical,CA:TRUE"),
          (NID_key_usage, "critical,keyCertSign"), (NID_subject_key_identifier, "hash"),
        ])
      let issuer = try other.sign(key: stranger, issuer: nil, by: stranger)
      return Leaf(
        certificate: try draft.sign(key: leafKey, issuer: issuer, by: stranger), key: leafKey)
    case .wrongHost, nil: break
    }
    return Leaf(
      certificate: try draft.sign(key: leafKey, issuer: certificate, by: key), key: leafKey)
  }

  /// A host name or address, of nothing but what those are made of: it goes into a text that has
  /// commas and colons of its own.
  private static func checked(_ name: String) throws(TLSError) -> String {
    let isAddress = isAddress(name)
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
      default: isAddress
      }
    }
    guard !name.isEmpty, name.utf8.count <= 253, isName else {
      throw .badName(String(name.prefix(80)))
    }
    return name
  }

  static func isAddress(_ host: String) -> Bool {
    // SAFETY: the text is only read; what is made of it is freed.
    let octets = unsafe a2i_IPADDRESS(host)
    defer { unsafe ASN1_OCTET_STRING_free(octets) }
    return unsafe octets != nil
  }
}

/// What is wrong with a certificate that is shown on purpose.
package enum CertificateFlaw: String, Sendable, CaseIterable {
  case expired, notYetValid, wrongHost, selfSigned, untrusted
}

/// A certificate with the key that proves it.
struct Leaf: Sendable {
  var certificate: Certificate
  var key: PrivateKey
}
