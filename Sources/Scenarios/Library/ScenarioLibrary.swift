package import PayloadCodecs

/// The shipped scenarios, in the program itself so that one file is enough to run it. The texts
/// are those of the files in `Scenarios/`; `ShippedScenariosTests` holds them together and, with
/// `REGENERATE=1`, writes this file.
package enum ScenarioLibrary {
  /// By name: the file's name without its ending.
  package static let texts: TextMap<String> = [
    "bad-credentials": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "bad-credentials",
      "description": "Five keys: good-key works, read-key may only read, expired-key is over, blocked-key is forbidden, hour-key is good for the first hour. Any other key is unknown.",
      "clock": {"mode": "manual", "start": "2026-01-01T00:00:00Z"},
      "auth": {
        "keys": [
          {"key": "good-key"},
          {"key": "read-key", "rights": ["read"]},
          {"key": "expired-key", "status": 401},
          {"key": "blocked-key", "status": 403},
          {"key": "hour-key", "expires": "2026-01-01T01:00:00Z"}
        ]
      },
      "rules": [
        {
          "name": "read-key may not change anything in Steamship",
          "match": {
            "operation": [
              "steamship.*.create", "steamship.*.update", "steamship.*.delete", "steamship.*.clear",
              "steamship.file.import", "steamship.package.invoke"
            ],
            "credential": "read-key"
          },
          "error": {"status": 403, "message": "this key may only read"}
        },
        {
          "name": "read-key may not change anything in Scramjet",
          "match": {
            "service": "scramjet",
            "method": ["POST", "PUT", "DELETE"],
            "credential": "read-key"
          },
          "error": 403
        }
      ]
    }

    """#,
    "brown-out": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "brown-out",
      "description": "All is well for a minute, then everything gets slow, then half of the requests fail, then nothing answers for ten seconds; after three minutes all is well again. By the tenant's clock, which is manual here.",
      "seed": 3,
      "clock": {"mode": "manual", "start": "2026-01-01T00:00:00Z"},
      "rules": [
        {
          "name": "slow",
          "between": ["1m", "3m"],
          "delay": {"normal": {"mean": "60ms", "sigma": "20ms"}, "max": "200ms"},
          "continue": true
        },
        {"name": "dark", "between": ["2m30s", "2m40s"], "fault": "empty"},
        {
          "name": "half fail",
          "between": ["2m", "3m"],
          "probability": 0.5,
          "error": {"status": 503, "header": {"Retry-After": "5"}}
        }
      ]
    }

    """#,
    "corrupt-downloads": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "corrupt-downloads",
      "description": "Downloads arrive damaged: first cut short, then with flipped bytes, then whole. Clients that check lengths and digests notice; others do not.",
      "seed": 11,
      "rules": [
        {
          "name": "store download",
          "match": {"operation": "scramjet.store.get"},
          "per": "resource",
          "sequence": [
            {"fault": {"truncate": {"afterBytes": 64}}},
            {"fault": {"corrupt": {"bytes": 4}}},
            {"pass": true}
          ],
          "end": "pass"
        },
        {
          "name": "file download",
          "match": {
            "operation": ["steamship.file.raw", "steamship.file.rawByID", "steamship.block.raw", "steamship.block.rawByID", "steamship.signedUrl.read"]
          },
          "per": "resource",
          "sequence": [
            {"fault": "truncate"},
            {"fault": {"corrupt": {"bytes": 2}}},
            {"pass": true}
          ]
        },
        {
          "name": "run export",
          "match": {"operation": "shipyard.fleetRun.export"},
          "sequence": [{"fault": "truncate"}, {"pass": true}]
        }
      ]
    }

    """#,
    "demo": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "demo",
      "description": "The healthy built-in world: nothing fails, nothing is slow. Start here.",
      "seed": 1
    }

    """#,
    "duplicate-on-retry": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "duplicate-on-retry",
      "description": "The service does the work, but the first answer about each thing is lost: a client that simply retries makes a duplicate.",
      "rules": [
        {
          "name": "created, but the answer is lost",
          "match": {
            "operation": ["steamship.file.create", "steamship.block.create", "shipyard.fleetRun.create", "scramjet.sequence.create", "scramjet.sequence.start"]
          },
          "times": 1,
          "per": "resource",
          "after": true,
          "fault": "reset"
        },
        {
          "name": "stored, but the answer is 504",
          "match": {"operation": ["scramjet.store.put", "steamship.workspace.create"]},
          "times": 1,
          "after": true,
          "error": {"status": 504, "message": "the gateway gave up waiting"}
        }
      ]
    }

    """#,
    "failing-half-way": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "failing-half-way",
      "description": "Work begins well and then dies: tasks fail while running, instances crash after some input, the last vessel of the fleet exits with an error.",
      "clock": {"mode": "skip", "start": "2026-01-01T00:00:00Z"},
      "behaviors": {
        "steamship": [
          {
            "timeline": [
              {"state": "waiting", "for": "1s"},
              {"state": "running", "polls": 2, "message": "epoch 1"},
              {"state": "failed", "message": "out of memory"}
            ]
          }
        ],
        "scramjet": [
          {
            "when": {"sequence": "*"},
            "behaviour": "crash",
            "with": {"behaviour": "echo"},
            "afterChunks": 3,
            "code": 137,
            "stderr": "out of memory\n"
          }
        ],
        "shipyard": [
          {
            "when": {"fleet": "Nightly", "vessel": "Load"},
            "attempts": [{"exit": 1, "for": "3s", "output": "connection to the warehouse lost\n"}]
          }
        ]
      }
    }

    """#,
    "flaky-network": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "flaky-network",
      "description": "A bad line: most requests are a little slow, some are reset, cut or answered 503. Good clients retry and get through.",
      "seed": 7,
      "rules": [
        {
          "name": "latency",
          "description": "Mostly short, sometimes long; the other rules still have their say.",
          "delay": {"lognormal": {"median": "15ms", "sigma": 0.8}, "max": "400ms"},
          "continue": true
        },
        {"name": "connection reset", "probability": 0.06, "fault": "reset"},
        {"name": "no answer at all", "probability": 0.03, "fault": "empty"},
        {"name": "answer cut in the middle", "probability": 0.05, "fault": "truncate"},
        {
          "name": "unavailable for a moment",
          "probability": 0.08,
          "error": {"status": 503, "message": "try again soon", "header": {"Retry-After": "1"}}
        }
      ]
    }

    """#,
    "fleet-retries": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "fleet-retries",
      "description": "Shipyard's fleet Nightly: Extract succeeds at the third attempt; in the separate fleet Weekly the vessel Report is terminated when somebody looks at its runs. Time is manual.",
      "clock": {"mode": "manual", "start": "2026-01-01T00:00:00Z"},
      "given": {
        "shipyard": {
          "orgs": [
            {
              "id": "11111111-1111-4111-8111-111111111111",
              "name": "Harbor Labs",
              "projects": [
                {
                  "id": "22222222-2222-4222-8222-222222222222",
                  "name": "Harbor",
                  "fleets": [
                    {
                      "_id": "33333333-3333-4333-8333-333333333333",
                      "name": "Nightly",
                      "vessels": {
                        "Extract": {
                          "source": {
                            "type": "CODE", "language": "PYTHON",
                            "file": {"name": "extract.py", "content": "print('rows')\n"},
                            "file_to_run": "extract.py"
                          },
                          "guardrails": {"retry_count": 3, "retry_wait": "0h5m0s"}
                        },
                        "Load": {
                          "source": {
                            "type": "CODE", "language": "BASH",
                            "file": {"name": "load.sh", "content": "echo loaded\n"},
                            "file_to_run": "load.sh"
                          }
                        }
                      },
                      "connections": {"Extract": {"Load": "SUCCESS"}}
                    },
                    {
                      "_id": "55555555-5555-4555-8555-555555555555",
                      "name": "Weekly",
                      "vessels": {
                        "Report": {
                          "source": {
                            "type": "CODE", "language": "BASH",
                            "file": {"name": "report.sh", "content": "sleep 3600\n"},
                            "file_to_run": "report.sh"
                          }
                        }
                      }
                    }
                  ]
                }
              ]
            }
          ]
        }
      },
      "behaviors": {
        "shipyard": [
          {
            "when": {"fleet": "Nightly", "vessel": "Extract"},
            "attempts": [
              {"exit": 1, "for": "3s", "output": "the source is busy\n"},
              {"exit": 1, "for": "3s", "output": "the source is busy\n"},
              {"exit": 0, "for": "2s", "output": "rows\n"}
            ]
          },
          {"when": {"fleet": "Weekly"}, "attempts": [{"exit": 0, "for": "1h"}]}
        ]
      },
      "rules": [
        {
          "name": "somebody terminates the report",
          "match": {
            "operation": "shipyard.fleetRun.list",
            "path": "/orgs/{org}/projects/{project}/fleets/55555555-5555-4555-8555-555555555555/fleetruns"
          },
          "times": 1,
          "emit": {"terminateVessel": {"run": "Weekly", "vessel": "Report"}}
        }
      ]
    }

    """#,
    "hub-crash": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "hub-crash",
      "description": "Hub sth-0 crashes on the third request about it and comes back twelve requests later; the other hub stays up. For clients that must fail over.",
      "variables": {"seen": 0},
      "rules": [
        {
          "name": "count requests to the hub",
          "match": {"path": "*/sth/sth-0/*"},
          "set": {"seen": {"add": 1}},
          "continue": true
        },
        {
          "name": "crash",
          "match": {"path": "*/sth/sth-0/*"},
          "where": {"seen": {"gte": 3}},
          "times": 1,
          "emit": {"crashHub": "sth-0"},
          "continue": true
        },
        {
          "name": "recovery",
          "match": {"path": "*/sth/sth-0/*"},
          "where": {"seen": {"gte": 15}},
          "times": 1,
          "emit": {"recoverHub": "sth-0"},
          "continue": true
        }
      ]
    }

    """#,
    "overloaded-uploads": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "overloaded-uploads",
      "description": "The first two uploads to the Scramjet store are refused, the third is slow, later ones are fine.",
      "variables": {"phase": "cold"},
      "rules": [
        {
          "name": "two refusals",
          "match": {"operation": "scramjet.store.put"},
          "times": 2,
          "error": {"status": 503, "header": {"Retry-After": "1"}}
        },
        {
          "name": "then slow",
          "match": {"operation": "scramjet.store.put"},
          "where": {"phase": "cold"},
          "delay": {"lognormal": {"median": "80ms", "sigma": 0.5}, "max": "500ms"},
          "set": {"phase": "warm"}
        }
      ],
      "expect": {"rules": {"two refusals": 2, "then slow": 1}}
    }

    """#,
    "rate-limited": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "rate-limited",
      "description": "Each credential may send ten requests in ten seconds to each API; beyond that 429 with Retry-After. The clock is manual: advance it instead of waiting.",
      "clock": {"mode": "manual", "start": "2026-01-01T00:00:00Z"},
      "rules": [
        {
          "name": "steamship quota",
          "match": {"service": "steamship"},
          "limit": {"requests": 10, "window": "10s", "per": "credential"}
        },
        {
          "name": "scramjet quota",
          "match": {"service": "scramjet"},
          "limit": {"requests": 10, "window": "10s", "per": "credential"}
        },
        {
          "name": "shipyard quota",
          "match": {"service": "shipyard"},
          "limit": {"requests": 10, "window": "10s", "per": "credential"}
        }
      ]
    }

    """#,
    "slow-tasks": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "slow-tasks",
      "description": "Everything asynchronous takes its time: tasks wait and report progress, sequences answer slowly, vessels run for a minute. The clock skips, so nobody waits: a polling loop sees the stages that are counted in looks.",
      "clock": {"mode": "skip", "start": "2026-01-01T00:00:00Z"},
      "behaviors": {
        "steamship": [
          {
            "timeline": [
              {"state": "waiting", "for": "5s"},
              {"state": "running", "polls": 2, "message": "warming up"},
              {"state": "running", "for": "20s", "message": "half done"}
            ]
          }
        ],
        "scramjet": [
          {"when": {"sequence": "*"}, "behaviour": "slow", "delay": 500}
        ],
        "shipyard": [
          {"when": {"vessel": "*"}, "attempts": [{"exit": 0, "for": "1m"}]}
        ]
      }
    }

    """#,
    "stalled-reader": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "stalled-reader",
      "description": "The first subscriber of each topic hears nothing after one kilobyte and is never told; later ones read normally. For writers and readers that need timeouts.",
      "rules": [
        {
          "name": "first subscriber stalls",
          "match": {"operation": ["scramjet.space.subscribe", "scramjet.topic.subscribe"]},
          "per": "resource",
          "times": 1,
          "fault": {"stall": {"afterBytes": "1KiB"}}
        },
        {
          "name": "second subscriber drips",
          "match": {"operation": ["scramjet.space.subscribe", "scramjet.topic.subscribe"]},
          "per": "resource",
          "times": 1,
          "fault": {"throttle": {"bytesPerSecond": "16KiB"}}
        }
      ]
    }

    """#,
    "store-full": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "store-full",
      "description": "There is hardly any room: the Scramjet store takes two more packages and then refuses until something is deleted, and no upload to Steamship's signed URLs is taken.",
      "variables": {"packages": 0},
      "rules": [
        {
          "name": "room for two",
          "match": {"operation": "scramjet.store.put"},
          "where": {"packages": {"lt": 2}},
          "set": {"packages": {"add": 1}}
        },
        {
          "name": "store is full",
          "match": {"operation": "scramjet.store.put"},
          "error": {"status": 507, "message": "No space left in the store"}
        },
        {
          "name": "no room for uploads",
          "match": {"operation": "steamship.signedUrl.write"},
          "error": {"status": 507, "message": "no room for stored content"}
        },
        {
          "name": "room again after a delete",
          "match": {"operation": ["scramjet.store.delete", "scramjet.store.clear"]},
          "set": {"packages": 0}
        }
      ]
    }

    """#,
    "webhook-storm": #"""
    {
      "$schema": "./scenario.schema.json",
      "wavetank": 1,
      "name": "webhook-storm",
      "description": "A sender that fires webhooks faster than they are taken: five in a second pass, the rest get 429, and every fourth accepted one is answered only after a pause. For senders that must back off and must not repeat what was accepted.",
      "clock": {"mode": "manual", "start": "2026-01-01T00:00:00Z"},
      "rules": [
        {
          "name": "five in a second",
          "match": {"operation": "shipyard.webhook.receive"},
          "limit": {"requests": 5, "window": "1s", "kind": "fixed"}
        },
        {
          "name": "every fourth is slow",
          "match": {"operation": "shipyard.webhook.receive"},
          "every": 4,
          "delay": {"uniform": {"min": "100ms", "max": "300ms"}}
        }
      ]
    }

    """#,
  ]
}
