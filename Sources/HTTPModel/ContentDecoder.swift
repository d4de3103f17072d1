/// Makes what is inside of a content that comes packed, for its one reader.
package protocol ContentDecoder: AnyObject, Sendable {
  /// The next piece of what is inside, never empty; nil: more has to come first.
  func piece() throws(ContentError) -> [UInt8]?
  /// Asked for when there is no piece left.
  func take(_ chunk: [UInt8])
  /// Nothing more comes.
  func finish() throws(ContentError)
}
