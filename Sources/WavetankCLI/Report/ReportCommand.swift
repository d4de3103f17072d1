import Glibc
import HTTPModel
import Lab
import PayloadCodecs
import Wavetank

extension Command {
  enum ReportFormat: String, CaseIterable {
    case text, html, json, junit

    /// By a file's ending.
    init(file: String) {
      self =
        file.hasSuffix(".html")
        ? .html : file.hasSuffix(".json") ? .json : file.hasSuffix(".xml") ? .junit : .text
    }

    func text(_ card: ClientCard) -> String {
      switch self {
      case .text: card.text
      case .html: card.html
      case .json: JSONLayout.text(card.json) + "\n"
      case .junit: card.junit
      }
    }
  }

  static let report = Command(
    name: "report",
    summary: "The card of a client: what of the contract it used, and what it did wrong.",
    operands: "",
    flags: serverFlags + [
      Flag(
        "--journal", value: "FILE",
        "A journal in a file (ctl journal --whole), instead of a running server's."),
      Flag("--format", value: "FORMAT", "text, html, json or junit (text)."),
      Flag("--output", value: "FILE", "Write it there instead of on standard output."),
      Flag("--strict-report", "Exit status 1 where there is a remark."),
    ],
    examples: [
      "wavetank report --tenant blue", "wavetank report --format html --output card.html",
      "wavetank ctl journal --whole --output journal.json && wavetank report --journal journal.json",
      "wavetank report --strict-report --format junit --output card.xml",
    ],
    run: { arguments throws(UsageError) in
      let format: ReportFormat = try arguments.choice("--format") ?? .text
      let journal = try journalOfFile(arguments)
      let client = try ControlClient(arguments)
      do {
        let card: ClientCard
        if let journal {
          card = try await Self.card(of: journal)
        } else {
          card = try await Self.card(from: client)
        }
        let isShown = format == .text && arguments.value("--output") ?? "-" == "-"
        let text = isShown ? Terminal.harmless(format.text(card)) : format.text(card)
        try FileContent.write(Array(text.utf8), to: arguments.value("--output") ?? "-")
        return arguments.has("--strict-report") && !card.remarks.isEmpty ? 1 : 0
      } catch {
        Terminal.complain("\(error)")
        return 1
      }
    })

  private static func journalOfFile(
    _ arguments: CommandLineArguments
  ) throws(UsageError) -> JSON? {
    guard let path = arguments.value("--journal") else { return nil }
    if let flag = ["--url", "--tenant", "--token"].first(where: arguments.has) {
      throw UsageError("\(flag) is for a running server; --journal is a file.")
    }
    do {
      let json = try JSON(parsing: try FileContent.read(path))
      guard let entries = json["entries"]?.arrayValue else {
        throw UsageError("--journal: \(path) is no journal; make one by ctl journal --whole.")
      }
      guard entries.allSatisfy({ $0["request"] != nil }) else {
        throw UsageError(
          "--journal: \(path) has no fields and contents; make it by ctl journal --whole.")
      }
      return json
    } catch let error as UsageError {
      throw error
    } catch {
      throw UsageError("--journal: \(path) cannot be read: \(error)")
    }
  }

  /// What the contracts know stands in this program, too: a server without a world tells it.
  private static func card(of journal: JSON) async throws -> ClientCard {
    var configuration = Configuration()
    configuration.port = 0
    let emulator = try await Emulator.start(configuration)
    let client = try ControlClient(
      ServerURL(emulator.baseURL), tenant: nil, CommandLineArguments([], flags: []))
    let catalogue = try await catalogue(from: client)
    await emulator.stop(within: .zero)
    return ClientCard(LabExchange.all(journal), catalogue)
  }

  static func card(from client: ControlClient) async throws -> ClientCard {
    let query = [("detail", "whole"), ("limit", "1000000")]
    let journal = try await client.look("journal", query: query)
    return ClientCard(
      LabExchange.all(try JSON(parsing: journal)), try await catalogue(from: client))
  }

  private static func catalogue(from client: ControlClient) async throws -> ContractCatalogue {
    var documents: [(service: String, document: JSON)] = []
    for service in Emulator.serviceNames {
      let (status, content) = try await client.send(.get, "openapi/\(service).json")
      if status == 200 { documents.append((service, try JSON(parsing: content))) }
    }
    return ContractCatalogue(documents)
  }
}
