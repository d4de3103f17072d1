import EmulatorKernel
import PayloadCodecs

/// What the world of a tenant weighs: the sum over its tables, each of which keeps its own account.
extension ScramjetState {
  package var heapBytes: Int {
    spaces.heapBytes + hubs.heapBytes + instances.heapBytes + streams.heapBytes + topics.heapBytes
      + spaceOrder.spineBytes + agenda.heapBytes + work.spineBytes + records.heapBytes
  }

  package var recountedHeapBytes: Int {
    spaces.recountedHeapBytes + hubs.recountedHeapBytes + instances.recountedHeapBytes
      + streams.recountedHeapBytes + topics.recountedHeapBytes + spaceOrder.spineBytes
      + agenda.heapBytes + work.spineBytes + records.heapBytes
  }

  package mutating func share() {
    writeRecords()
    spaces.share()
    hubs.share()
    instances.share()
    streams.share()
    topics.share()
  }
}

extension Space: Weighed {
  var heapBytes: Int {
    id.heapBytes + hubs.spineBytes + topicOrder.heapBytes + store.heapBytes + accessKeys.heapBytes
  }
}

extension StoreItem: Weighed {
  var heapBytes: Int { id.heapBytes + fileName.heapBytes + package.heapBytes + tag.heapBytes }
}

extension Hub: Weighed {
  var heapBytes: Int {
    let texts =
      id.heapBytes + accessKey.heapBytes + description.heapBytes + tags.heapBytes
      + disconnectReason.heapBytes + downBecause.heapBytes + load.heapBytes + config.heapBytes
    return texts + sequences.heapBytes + sequenceOrder.heapBytes + instances.spineBytes
      + instanceOrder.heapBytes
  }
}

extension Sequence: Weighed {
  var heapBytes: Int {
    id.heapBytes + alias.heapBytes + package.heapBytes + instances.heapBytes
      + description.heapBytes
  }
}

extension SequencePackage: Weighed {
  var heapBytes: Int {
    let texts =
      name.heapBytes + version.heapBytes + main.heapBytes + description.heapBytes
      + author.heapBytes
    return texts + engines.heapBytes + keywords.heapBytes + arguments.heapBytes
      + repository.heapBytes + ports.heapBytes + emulator.heapBytes + text.heapBytes
  }
}

extension Topic: Weighed {
  var heapBytes: Int {
    name.heapBytes + contentType.heapBytes + writers.spineBytes + consumers.spineBytes
  }
}

extension TopicKey: Weighed {
  var heapBytes: Int { name.heapBytes }
}

extension Instance: Weighed {
  package var heapBytes: Int {
    let given =
      id.heapBytes + sequenceID.heapBytes + sequence.heapBytes + language.heapBytes
      + appConfig.heapBytes + arguments.heapBytes + limits.heapBytes + provides.heapBytes
      + requires.heapBytes + ports.heapBytes + inputType.heapBytes + program.heapBytes
    return given + input.heapBytes + stdin.heapBytes + activities.heapBytes + counts.spineBytes
      + timersDone.spineBytes + lastEvents.heapBytes + lastEvent.heapBytes
      + recentEvents.heapBytes + (process?.heapBytes ?? 0) + 128
  }
}

extension Instance.Event: Weighed {
  var heapBytes: Int { name.heapBytes + message.heapBytes }
}

extension Activity: Weighed {
  /// Its actions are the program's.
  var heapBytes: Int { 256 + binding.piece.spineBytes + binding.message.heapBytes }
}

extension Program: Weighed {
  var heapBytes: Int {
    let timed = events.spineBytes + timers.spineBytes
    return rules.reduce(timed) { $0 + $1.heapBytes }
      + events.reduce(0) { $0 + $1.name.heapBytes }
  }
}

extension Program.Action: Weighed {
  /// An action of an enum that holds itself lies in an object of its own.
  var heapBytes: Int {
    let own = HeapOverhead.object + 64
    switch self {
    case .write(let template, let sink): return own + template.heapBytes + sink.heapBytes
    case .writeNext(let templates, let sink): return own + templates.heapBytes + sink.heapBytes
    case .emit(let template, let message):
      return own + template.heapBytes + message.heapBytes
    case .log(let template, let level): return own + template.heapBytes + level.heapBytes
    case .loop(_, let actions): return own + actions.heapBytes
    case .fail(_, let template), .failAt(_, _, let template):
      return own + (template?.heapBytes ?? 0)
    default: return own
    }
  }
}

extension Program.Sink {
  fileprivate var heapBytes: Int { if case .topic(let name) = self { name.heapBytes } else { 0 } }
}

extension Template: Weighed {
  var heapBytes: Int {
    parts.reduce(parts.spineBytes) { sum, part in
      switch part {
      case .literal(let bytes): sum + bytes.spineBytes
      case .field(let path), .fieldPlus(let path, _): sum + path.heapBytes
      default: sum
      }
    }
  }
}
