/// Where the things of Shipyard's built-in world are found.
package enum ShipyardDemo {
  package static let org = "11111111-1111-4111-8111-111111111111"
  package static let project = "22222222-2222-4222-8222-222222222222"
  package static let fleet = "33333333-3333-4333-8333-333333333333"
  package static let projectPath = "/orgs/\(org)/projects/\(project)"
  package static let fleetPath = "\(projectPath)/fleets/\(fleet)"
  package static let runsPath = "\(fleetPath)/fleetruns"
  package static let webhookPath = "/44444444-4444-4444-8444-444444444444/demo-webhook-token"
}

/// Where the things of Scramjet's built-in world are found.
package enum ScramjetDemo {
  package static let space = "/api/v1/space/demo/api/v1"
  package static let hub = "\(space)/sth/sth-0/api/v1"
  package static let store = "\(space)/s3"
  /// A hub that stands alone, without a space.
  package static let standalone = "/api/v1"
}
