import PayloadCodecs

/// Sections that together use every key that the services read.
enum ServiceSectionSamples {
  static let given: JSON = [
    "steamship": [
      "users": ["ada"],
      "workspaces": [
        "harbor",
        [
          "handle": "default", "id": "6C0EFD23-D6F1-4A5E-9E4A-0F4C0A2F0D11",
          "instances": [["package": "greeter", "handle": "one", "config": ["tone": "warm"]]],
          "files": [
            [
              "handle": "log", "blocks": ["text"],
              "tags": [["kind": "a", "name": "b", "value": ["c": 1]]],
            ]
          ],
        ],
      ],
      "packages": [
        [
          "handle": "greeter", "description": "Greets.", "public": true, "init": "2s",
          "forward": "http://127.0.0.1:1/",
          "versions": ["0.9", ["handle": "1.0", "configTemplate": ["tone": ["type": "string"]]]],
          "methods": [
            [
              "path": "greet", "verb": "POST", "public": true, "doc": "Greets.", "returns": "str",
              "args": ["name", ["name": "tone", "kind": "str", "default": "warm"]],
              "delay": "200ms", "delayArgument": "seconds", "text": "Hello", "type": "text/plain",
            ],
            ["path": "json", "json": ["a": 1]], ["path": "bytes", "base64": "AA=="],
            [
              "path": "fail",
              "failure": ["status": 500, "message": "m", "suggestion": "s", "code": "c"],
            ],
          ],
        ]
      ],
      "plugins": [["handle": "my-tagger", "type": "tagger", "versions": ["1.0"]]],
    ],
    "scramjet": [
      "spaces": ["demo", ["id": "other"]],
      "hubs": [
        "sth-1",
        [
          "id": "sth-0", "space": "demo", "accessKey": "k", "selfHosted": true,
          "description": "A hub.", "tags": ["a"], "healthy": true, "connected": true,
          "overloaded": false, "load": ["avgLoad": 1], "config": ["a": 1],
        ],
      ],
      "store": [["file": "echo.tar.gz", "space": "demo", "package": ["name": "echo"]]],
      "sequences": [
        ["id": "s", "name": "alias", "hub": "sth-0", "package": ["name": "echo", "version": "1"]]
      ],
      "topics": [
        "news", ["name": "ticks", "contentType": "text/plain", "space": "demo"],
      ],
      "instances": [
        [
          "sequence": "s", "hub": "sth-0", "id": "11111111-1111-4111-8111-111111111112",
          "appConfig": ["a": 1], "args": [1], "outputTopic": "news", "inputTopic": "ticks",
        ]
      ],
      "settings": [
        "retention": "1m", "lifetimeExtension": "1s", "exitTimeout": "1s", "version": "1.0",
        "storeLimit": "1GB", "packageLimit": "10MB", "runtime": "process",
      ],
    ],
    "shipyard": [
      "settings": [
        "startDelay": "1s", "vesselDuration": "1s", "retryDelay": "30s", "retentionDays": 90,
        "runsKept": 1000, "exportRunsAsJSON": true, "acceptFormOverrides": true,
      ],
      "keys": [["key": "k", "orgs": ["Labs"], "projects": ["ETL"], "rights": ["read", "run"]]],
      "orgs": [
        [
          "id": "11111111-1111-4111-8111-111111111111", "name": "Labs",
          "createdAt": "2025-01-01T00:00:00Z", "runnable": true, "api": true, "billing": false,
          "developerPlan": false, "overDeveloperPlanLimit": false,
          "blueprints": [
            [
              "id": "11111111-1111-4111-8111-111111111113", "name": "B", "language": "python",
              "inputs": [["name": "P", "type": "password"]],
            ]
          ],
          "projects": [
            [
              "id": "11111111-1111-4111-8111-111111111114", "name": "ETL", "timezone": "UTC",
              "fleets": [fleet, ["name": "Small", "vessels": ["A": vessel], "webhook": true]],
            ]
          ],
        ]
      ],
    ],
  ]

  private static let vessel: JSON = ["source": ["type": "CODE", "language": "BASH"]]

  private static let fleet: JSON = [
    "name": "Nightly", "_id": "11111111-1111-4111-8111-111111111115",
    "vessels": [
      "Extract": [
        "_id": "11111111-1111-4111-8111-111111111116",
        "source": [
          "type": "CODE", "language": "PYTHON", "version": "3.9",
          "file": ["name": "a.py", "content": "print()"], "file_to_run": "a.py",
          "git": ["repository": "r", "checkout_point": "main", "clone_location": "CWD"],
          "arguments": [["key": "a", "value": "b"], ["--flag": nil]],
          "environment": [["name": "A", "value": "b"]],
          "packages": [["name": "p", "version": "==1"]], "system_packages": [["name": "s"]],
        ],
        "guardrails": [
          "retry_count": 1, "retry_wait": "0s", "runtime_cutoff": "1h",
          "exclude_exit_code_ranges": ["3-5"],
        ], "notifications": ["emails": ["a@example.com"]],
      ],
      "Load": ["source": ["type": "BLUEPRINT", "blueprint": "B", "inputs": ["P": "x"]]],
    ],
    "connections": ["Extract": ["Load": "SUCCESS"]],
    "triggers": ["schedules": [["how_often": "WEEKLY", "at": "2:00", "when": "SUNDAY"]]],
    "notifications": ["emails": ["a@example.com"], "after_error": true, "after_on_demand": false],
    "webhook": ["id": "11111111-1111-4111-8111-111111111117", "token": "t"],
  ]

  static let behaviors: JSON = [
    "steamship": [
      [
        "when": [
          "operation": "steamship.package.*", "package": "slow-*", "plugin": "gpt-*",
          "method": "train",
        ],
        "timeline": [
          ["state": "waiting", "for": "2s"],
          ["state": "running", "polls": 3, "message": "m", "suggestion": "s", "code": "c"],
          ["state": "running", "signal": "go"], ["state": "failed"],
        ],
        "answer": ["text": "x", "type": "text/plain"],
      ],
      ["answer": ["json": [1]]], ["answer": ["base64": "AA=="]],
      ["answer": ["failure": ["message": "m"]]],
    ],
    "scramjet": .array(scramjet),
    "shipyard": [
      [
        "when": ["fleet": "Night*", "vessel": "Load", "trigger": "api"],
        "attempts": [["exit": 1, "for": "3s", "output": "x"], ["exit": 0]],
      ]
    ],
  ]

  private static let scramjet: [JSON] = [
    [
      "when": ["sequence": "echo*", "hub": "sth-*"], "behavior": "echo", "prefix": "a",
      "suffix": "b", "tee": true, "contentType": "text/plain", "topic": "news",
      "requires": "ticks", "requiresType": "text/plain", "exitTimeout": "1s", "log": ["a"],
      "stdout": "b", "stderr": ["c"], "language": "js",
    ],
    [
      "when": ["package": "x"], "behaviour": "lines", "template": "{}", "field": "a.b",
      "newlines": true,
    ],
    ["behavior": "generate", "count": 3, "every": "1s", "start": 1, "items": ["a", 1]],
    ["behavior": "value", "value": ["a": 1], "args": true, "open": true],
    ["behavior": "hash", "algorithm": "md5"], ["behavior": "sink", "report": "stdout"],
    ["behavior": "stdio", "lines": true, "after": 5], ["behavior": "inert", "lines": 3],
    ["behavior": "forever", "tick": "t", "every": 1_000],
    [
      "behavior": "crash", "code": 3, "stderr": "x", "errors": ["e"], "afterChunks": 2,
      "with": ["behavior": "echo"],
    ],
    ["behavior": "fail-start", "code": 21, "error": "e"],
    ["behavior": "slow", "delay": "$0", "with": "echo"],
    [
      "behavior": "responder", "on": "a", "emit": "b", "message": ["c": 1], "print": "p",
      "then": "exit", "delay": 1,
    ],
    ["behavior": "stop-handler", "texts": ["a"], "duration": "1s", "keepAlive": "1s"],
    ["behavior": "flood", "kilobytes": 1, "emit": "e"],
    [
      "program": [
        ["on": "event", "event": "e", "do": "keepAlive"],
        ["on": "every", "every": "1s", "count": 2, "do": ["echo", "digest", "finish"]],
        [
          "on": "start",
          "do": [
            ["echo": ["prefix": "a", "suffix": "b"]], ["write": "x", "to": "stdout"],
            ["each": ["a", "b"], "to": "topic:news"], ["emit": "e", "message": 1],
            ["log": "l", "level": "INFO"], ["sleep": "1s"], ["repeat": 2, "do": "echo"],
            ["fail": 3, "stderr": "x"], ["exit": 0], ["health": true], ["writeDigest": "output"],
          ],
        ],
      ]
    ],
  ]

  static let events: [JSON] = [
    ["signal": "go"], ["crashHub": "sth-0", "space": "demo"], ["recoverHub": "sth-0"],
    ["disconnectHub": "sth-0"], ["addHub": "sth-9"], ["removeHub": "sth-0"],
    ["killInstance": "{{vars.x}}"], ["failInstance": "x", "code": 3], ["endInstance": "x"],
    ["instanceEvent": "x", "name": "n", "message": ["a": 1]], ["health": "x", "healthy": true],
    ["runFleet": "Nightly"], ["runFleet": ["fleet": "Nightly", "overrides": [:]]],
    ["terminateRun": "Nightly"], ["terminateRun": ["run": "Nightly"]],
    ["terminateVessel": ["run": "Nightly", "vessel": "Load"]], ["replaceWebhook": "Nightly"],
    [
      "replaceWebhook": [
        "fleet": "Nightly", "id": "11111111-1111-4111-8111-111111111118", "token": "t",
      ]
    ],
    ["removeWebhook": "Nightly"], ["removeWebhook": ["fleet": "Nightly"]],
    ["setRunnable": ["org": "Labs", "runnable": false]], ["advance": "1s"],
  ]

  static let whole: JSON = [
    "wavetank": 1, "given": given, "behaviors": behaviors, "variables": ["x": "y"],
    "rules": [["name": "all", "emit": .array(events)]],
  ]

  /// A document with the value at a place put in.
  static func changed(_ document: JSON, _ tokens: ArraySlice<String>, _ value: JSON) -> JSON {
    guard let token = tokens.first else { return value }
    switch document {
    case .object(var object):
      object[token] = changed(object[token] ?? .null, tokens.dropFirst(), value)
      return .object(object)
    case .array(var elements):
      guard let index = Int(token), elements.indices.contains(index) else { return document }
      elements[index] = changed(elements[index], tokens.dropFirst(), value)
      return .array(elements)
    default: return document
    }
  }
}
