package import HTTPModel
import PayloadCodecs

/// Step 1. Whom a request is meant for: tenant and, where its host belongs to a vendor, service.
///
/// The tenant is the first of: path prefix `/_t/NAME`, field `X-Wavetank-Tenant`, a credential of
/// the form `wt-NAME` or `wt-NAME.anything` (bearer token, or in a service's `keyFields`), the user name
/// that is shown to us as a proxy, a host `NAME.tenant.localhost`; else the default one.
/// Source: DESIGN §3, §13.
package struct Addressee: Sendable {
  package enum TenantChoice: Sendable, Equatable {
    case byDefault
    case named(String)
    /// The text that is no tenant's name.
    case malformed(String)
  }

  package let tenant: TenantChoice
  /// Whether the request names it, be it the default one.
  package let isNamed: Bool
  /// How many bytes of the path name the tenant.
  package let prefixLength: Int
  /// Host without port in lower case, when it has letters that could name something; else nil.
  package let host: [UInt8]?

  /// - Parameter keyFields: where keys stand; nil: no credential is read (the bearer token of the
  ///   control API is its own).
  package init(_ request: borrowing Request, keyFields: KeyFields?) {
    let found = FieldScan(request.fields, keyFields)
    let host = found.host(of: request)
    self.host = host
    if let prefix = Addressee.prefix(of: request.target) {
      tenant = prefix.name
      isNamed = true
      prefixLength = prefix.length
      return
    }
    prefixLength = 0
    let bytes = request.fields.bytes
    if let field = found.tenant {
      let name = bytes[field].trimmingOptionalWhitespace
      tenant =
        if let other = found.otherTenant {
          // Two lines of a field are one with a comma (RFC 9110 §5.3).
          Addressee.tenant(named: name + [0x2C, 0x20] + bytes[other].trimmingOptionalWhitespace)
        } else {
          Addressee.tenant(named: name)
        }
      isNamed = true
    } else if let name = found.bearer.flatMap({ Addressee.name(inBearer: $0, of: bytes.span) })
      ?? found.key.flatMap({ Addressee.name(inKey: $0, of: bytes.span) })
    {
      tenant = Addressee.tenant(named: bytes[name])
      isNamed = true
    } else if let user = found.proxyUser(of: request) {
      tenant = Addressee.tenant(named: user)
      isNamed = true
    } else if let host, host.hasSuffix(".tenant.localhost") {
      tenant = Addressee.tenant(named: host.dropLast(".tenant.localhost".utf8.count))
      isNamed = true
    } else {
      tenant = .byDefault
      isNamed = false
    }
  }

  /// What a text says that names a tenant.
  package static func tenant(named name: String) -> TenantChoice {
    tenant(named: Array(name.utf8)[...])
  }

  private static func tenant(named name: ArraySlice<UInt8>) -> TenantChoice {
    let text = String(decoding: name.prefix(100), as: UTF8.self)
    guard Tenant.isName(name.span) else { return .malformed(text) }
    return text == Tenant.defaultName ? .byDefault : .named(text)
  }

  /// How many bytes of a path name the tenant.
  package static func prefixLength(of target: RequestTarget) -> Int {
    prefix(of: target)?.length ?? 0
  }

  /// `/_t/NAME` in front of the path.
  private static func prefix(of target: RequestTarget) -> (name: TenantChoice, length: Int)? {
    let path = target.bytes[target.pathRange]
    guard path.count >= 4, path.starts(with: [0x2F, 0x5F, 0x74, 0x2F]) else { return nil }
    let rest = path.dropFirst(4)
    let name = rest.prefix { $0 != UInt8(ascii: "/") }
    return (tenant(named: name), 4 + name.count)
  }

  /// `Bearer wt-NAME`, the scheme in any case (RFC 9110 §11.1).
  private static func name(inBearer value: Range<Int>, of bytes: Span<UInt8>) -> Range<Int>? {
    BearerToken.range(in: bytes, bytes.trimmingOptionalWhitespace(value)).flatMap {
      name(inKey: $0, of: bytes)
    }
  }

  /// `wt-NAME` or `wt-NAME.anything`.
  private static func name(inKey value: Range<Int>, of bytes: Span<UInt8>) -> Range<Int>? {
    let key = bytes.trimmingOptionalWhitespace(value)
    let start = key.lowerBound
    guard key.count > 3, bytes[start] == UInt8(ascii: "w"), bytes[start + 1] == UInt8(ascii: "t"),
      bytes[start + 2] == UInt8(ascii: "-")
    else { return nil }
    return start + 3..<bytes.firstIndex(of: UInt8(ascii: "."), from: start + 3, to: key.upperBound)
  }
}

/// The fields that can name a tenant, found in one pass over the field lines.
private struct FieldScan {
  var tenant: Range<Int>?
  /// What a second line says that does not say the same.
  var otherTenant: Range<Int>?
  var bearer: Range<Int>?
  var key: Range<Int>?
  private var proxy: Range<Int>?
  private var hostField: Range<Int>?

  init(_ fields: borrowing Fields, _ keyFields: KeyFields?) {
    let lines = fields.lines.span
    for index in lines.indices {
      let line = lines[index]
      switch line.nameLength {
      case 4 where hostField == nil && fields.matches(line, "host"): hostField = line.value
      case 13 where keyFields != nil && bearer == nil && fields.matches(line, "authorization"):
        bearer = line.value
      case 17 where fields.matches(line, "x-wavetank-tenant"):
        if let tenant {
          if fields.bytes[tenant].trimmingOptionalWhitespace
            != fields.bytes[line.value].trimmingOptionalWhitespace
          {
            otherTenant = line.value
          }
        } else {
          tenant = line.value
        }
      case 19 where proxy == nil && fields.matches(line, "proxy-authorization"): proxy = line.value
      default:
        if let keyFields, key == nil, keyFields.contain(line, of: fields) { key = line.value }
      }
    }
  }

  /// Said with each request that goes to a proxy in the clear, and once for a tunnel.
  func proxyUser(of request: borrowing Request) -> String? {
    guard let proxy else { return request.arrival?.proxyUser }
    return BasicCredentials.user(
      String(decoding: request.fields.bytes[proxy].trimmingOptionalWhitespace, as: UTF8.self))
  }

  /// Nil for a numeric address, which names neither a vendor nor a tenant. The target's authority wins over
  /// the field (RFC 9112 §3.2.2).
  func host(of request: borrowing Request) -> [UInt8]? {
    let target = request.target
    if let range = target.authorityRange { return Self.name(in: target.bytes.span, range) }
    return hostField.flatMap { Self.name(in: request.fields.bytes.span, $0) }
  }

  private static func name(in bytes: Span<UInt8>, _ value: Range<Int>) -> [UInt8]? {
    let trimmed = bytes.trimmingOptionalWhitespace(value)
    let start = trimmed.lowerBound
    let end = bytes.firstIndex(of: UInt8(ascii: ":"), from: start, to: trimmed.upperBound)
    // RFC 1035 §2.3.4: what is longer names no host.
    guard start < end, end - start <= 255 else { return nil }
    // Most name an address: it begins with a digit, as a tenant's name may, and ends with one, as no name does
    // that begins so.
    let isAddress = bytes[start] &- 0x30 < 10 && bytes[end - 1] &- 0x30 < 10
    guard !isAddress, bytes[start] &- 0x30 < 10 || bytes[start].asciiLowercased &- 0x61 < 26,
      !bytes.extracting(start..<end).equalsIgnoringCase("localhost".utf8.span)
    else { return nil }
    var lower = (start..<end).map { bytes[$0].asciiLowercased }
    if lower.last == UInt8(ascii: ".") { lower.removeLast() }
    return lower
  }
}

extension [UInt8] {
  package func hasSuffix(_ text: String) -> Bool {
    count > text.utf8.count && suffix(text.utf8.count).elementsEqual(text.utf8)
  }
}
