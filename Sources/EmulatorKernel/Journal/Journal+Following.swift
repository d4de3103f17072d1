import Synchronization

// Who follows a journal live.
extension Journal {
  /// Gives every exchange that ends from now on, until it is removed.
  package func follow() -> JournalFollower {
    ring.withLock { ring in
      let follower = JournalFollower(budget, ring.life)
      if ring.isOver {
        follower.close()
      } else {
        ring.followers.append(follower)
        followed.store(true, ordering: .relaxed)
      }
      return follower
    }
  }

  /// Its tenant was removed: who follows gets what there is, and then the end.
  func end() {
    let followers = ring.withLock { ring in
      defer { ring.followers = [] }
      ring.isOver = true
      followed.store(false, ordering: .relaxed)
      return ring.followers
    }
    for follower in followers { follower.close() }
  }

  package func remove(_ follower: JournalFollower) {
    ring.withLock { ring in
      ring.followers.removeAll { $0 === follower }
      followed.store(!ring.followers.isEmpty, ordering: .relaxed)
    }
    follower.close()
  }

  package var followerCount: Int { ring.withLock { $0.followers.count } }
}
