package import PayloadCodecs
import Resources

/// The shipped scenarios: the files of `Scenarios/`, which are in the program itself so that one file
/// is enough to run it.
package enum ScenarioLibrary {
  /// By name: the file's name without its ending.
  package static let texts = TextMap(
    uniqueKeysWithValues: Resource.all.compactMap { name, text -> (String, String)? in
      guard name.hasPrefix("scenarios/"), name.hasSuffix(".json") else { return nil }
      return (String(name.dropFirst("scenarios/".count).dropLast(".json".count)), text)
    })
}
