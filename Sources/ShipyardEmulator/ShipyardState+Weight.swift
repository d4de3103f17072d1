import EmulatorKernel
import PayloadCodecs

/// What the world of a tenant weighs.
extension ShipyardState {
  package var heapBytes: Int {
    weight(
      versions.heapBytes, blueprints.heapBytes, externalFiles.heapBytes, runs.heapBytes)
  }

  package var recountedHeapBytes: Int {
    weight(
      versions.recountedHeapBytes, blueprints.recountedHeapBytes,
      externalFiles.recountedHeapBytes, runs.recountedHeapBytes)
  }

  package mutating func share() {
    versions.share()
    blueprints.share()
    externalFiles.share()
  }

  private func weight(_ parts: Int...) -> Int {
    let tables =
      organizations.spineBytes + projects.spineBytes + fleets.spineBytes + webhooks.spineBytes
      + runCounts.spineBytes + (attemptCounts?.spineBytes ?? 0) + runPositions.spineBytes
      + queue.heapBytes
    // A fleet stands in the lists of its organization, with a webhook's token and the first chunk of its
    // runs' positions.
    return parts.reduce(tables) { $0 + $1 } + fleets.count * 2_560
      + (organizations.count + projects.count) * 512
  }
}

extension ResourceID: Weighed {
  package var heapBytes: Int { 0 }
}

extension FleetRun: Weighed {
  /// Eight bytes more for its place in its fleet's list.
  package var heapBytes: Int {
    HeapOverhead.array + voyages.count * MemoryLayout<Voyage>.stride + (input?.heapBytes ?? 0) + 8
  }
}

extension RunInput: Weighed {
  package var heapBytes: Int {
    skipped.spineBytes + (webhook?.heapBytes ?? 0)
  }
}

extension Blueprint: Weighed {
  package var heapBytes: Int { name.heapBytes + inputs.heapBytes + members.heapBytes }
}

extension Blueprint.Input: Weighed {
  package var heapBytes: Int { name.heapBytes + members.heapBytes }
}

extension ExternalFile: Weighed {
  package var heapBytes: Int { url.heapBytes + fileName.heapBytes }
}

extension FleetVersion: Weighed {
  package var heapBytes: Int {
    HeapOverhead.object + 256 + definition.heapBytes + graph.heapBytes
  }
}

extension FleetDefinition: Weighed {
  package var heapBytes: Int {
    name.heapBytes + vessels.heapBytes + connections.spineBytes + schedules.spineBytes
      + notifications.heapBytes
  }
}

extension Vessel: Weighed {
  package var heapBytes: Int {
    name.heapBytes + source.heapBytes + guardrails.excludedExitCodes.spineBytes
      + notifications.heapBytes
  }
}

extension VesselSource: Weighed {
  package var heapBytes: Int {
    let texts =
      version.heapBytes + (file.map { $0.name.heapBytes + $0.content.heapBytes } ?? 0)
      + (git.map { $0.repository.heapBytes + $0.checkoutPoint.heapBytes } ?? 0)
      + fileToRun.heapBytes + blueprint.heapBytes
    let pairs =
      inputs.reduce(inputs.spineBytes) { $0 + $1.name.heapBytes + $1.value.heapBytes }
      + arguments.reduce(arguments.spineBytes) { $0 + $1.flag.heapBytes + $1.value.heapBytes }
      + environment.reduce(environment.spineBytes) {
        $0 + $1.name.heapBytes + $1.value.heapBytes
      }
    return texts + pairs
      + packages.reduce(packages.spineBytes) { $0 + $1.name.heapBytes + $1.version.heapBytes }
      + systemPackages.heapBytes
  }
}

extension Notifications: Weighed {
  package var heapBytes: Int { emails.heapBytes }
}

extension VesselGraph: Weighed {
  package var heapBytes: Int {
    outgoing.reduce(outgoing.spineBytes + incoming.spineBytes) { $0 + $1.spineBytes }
      + incoming.reduce(0) { $0 + $1.spineBytes }
  }
}
