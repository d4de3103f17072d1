/// The parts of a form that were collected, in order.
package struct MultipartForm: Sendable, Equatable {
  package struct Entry: Sendable, Equatable {
    package var part: MultipartPart
    package var content: [UInt8]
    /// The content as text; bytes that are no UTF-8 are replaced.
    package var text: String { String(decoding: content, as: UTF8.self) }
  }

  package internal(set) var entries: [Entry] = []

  package init() {}

  /// The content of the first part of that name.
  package subscript(_ name: String) -> Entry? { entries.first { $0.part.name == name } }

  /// Names and texts, for `BracketedNames.rebuild`.
  package var texts: [(name: String, value: String)] {
    entries.map { ($0.part.name, $0.text) }
  }

  /// Reads a form that is in memory, all of it.
  package static func parse(
    _ bytes: [UInt8], boundary: MultipartBoundary, limits: MultipartLimits = MultipartLimits()
  ) throws(MultipartError) -> MultipartForm {
    var reader = MultipartFormReader(boundary: boundary, streaming: [], limits: limits)
    _ = try reader.feed(bytes)
    return try reader.finish()
  }
}

/// What a `MultipartFormReader` hands on of the parts that it was told not to collect.
package enum MultipartStreamEvent: Sendable, Equatable {
  case began(MultipartPart)
  case content(ArraySlice<UInt8>)
  case ended
}

/// Collects a form's small parts and streams the others.
///
/// ```swift
/// var reader = MultipartFormReader(boundary: boundary, streaming: ["file"])
/// for try await chunk in content {
///   for event in try reader.feed(chunk) { … }   // only of the part named "file"
/// }
/// let fields = try reader.finish()
/// ```
/// Parts come in any order, so a streamed part may begin before the fields are known.
package struct MultipartFormReader: Sendable {
  private let streaming: TextSet
  private let limits: MultipartLimits
  private var parser: MultipartParser
  private var form = MultipartForm()
  private var isStreaming = false
  private var collectedBytes = 0

  /// - Parameter streaming: names of the parts that are not collected.
  package init(
    boundary: MultipartBoundary, streaming: TextSet = MultipartFormReader.file,
    limits: MultipartLimits = MultipartLimits()
  ) {
    self.streaming = streaming
    self.limits = limits
    parser = MultipartParser(boundary: boundary, limits: limits)
  }

  /// Of an upload: made once.
  package static let file: TextSet = ["file"]

  /// What was collected so far; the last part may be incomplete.
  package var collected: MultipartForm { form }

  package mutating func feed(_ bytes: [UInt8]) throws(MultipartError) -> [MultipartStreamEvent] {
    var streamed: [MultipartStreamEvent] = []
    for event in try parser.feed(bytes) {
      switch event {
      case .partBegan(let part):
        isStreaming = streaming.contains(part.name)
        if isStreaming {
          // With its content and its end.
          if streamed.isEmpty { streamed.reserveCapacity(3) }
          streamed.append(.began(part))
        } else {
          if form.entries.isEmpty { form.entries.reserveCapacity(4) }
          form.entries.append(MultipartForm.Entry(part: part, content: []))
        }
      case .content(let bytes) where isStreaming: streamed.append(.content(bytes))
      case .content(let bytes): try collect(bytes)
      case .partEnded where isStreaming: streamed.append(.ended)
      case .partEnded, .formEnded: break
      }
    }
    return streamed
  }

  /// No more bytes will come: everything collected.
  package func finish() throws(MultipartError) -> MultipartForm {
    try parser.finish()
    return form
  }

  private mutating func collect(_ bytes: ArraySlice<UInt8>) throws(MultipartError) {
    let last = form.entries.count - 1
    guard last >= 0 else { return }
    let size = form.entries[last].content.count + bytes.count
    guard size <= limits.fieldBytesMax else {
      throw .fieldTooLarge(name: form.entries[last].part.name, limit: limits.fieldBytesMax)
    }
    collectedBytes += bytes.count
    guard collectedBytes <= limits.collectedBytesMax else {
      throw .contentTooLarge(limit: limits.collectedBytesMax)
    }
    form.entries[last].content += bytes
  }
}
