import PayloadCodecs

/// Documents that together use every key a scenario has.
enum ScenarioSamples {
  static let everything: JSON = [
    "$schema": "./scenario.schema.json", "wavetank": 1, "name": "all", "description": "Everything.",
    "seed": 7, "clock": ["mode": "scaled", "factor": 10, "start": "2026-01-01T00:00:00Z"],
    "outbound": "any",
    "auth": [
      "keys": [
        ["key": "a", "status": 401, "user": "u", "rights": ["read"], "expires": "2026-01-02"]
      ]
    ],
    "given": ["harbor": ["ships": ["ark"]]], "behaviors": ["harbor": [:]],
    "variables": ["phase": "cold", "n": 0],
    "rules": [
      [
        "name": "matching", "description": "All matchers.", "enabled": true,
        "match": [
          "service": "harbor", "operation": ["harbor.ship.*"], "method": "POST", "path": "/ships",
          "tenant": ["glob": "*"], "credential": ["present": true], "query": ["q": 1],
          "header": [
            "a": [
              "equal": "x", "contains": "x", "regex": "x", "glob": "x*", "gt": 1, "gte": 1,
              "lt": 9, "lte": 9, "present": true, "not": "y", "any": ["x"], "all": ["x"],
            ]
          ],
          "body": ["text": ["contains": "x"], "pointer": ["/a": 1], "json": ["a": 1]],
        ],
        "where": ["phase": "cold"], "between": ["from": "1s", "to": "2026-01-01T00:00:00Z"],
        "skip": 1, "times": 2, "every": 3, "probability": 0.5, "per": "resource",
        "delay": "1ms", "error": ["status": 500, "message": "m", "header": ["a": ["b", "c"]]],
        "after": true, "set": ["phase": "warm", "n": ["add": 1]],
        "emit": [
          ["advance": "1s"], ["advance": ["toNext": true]],
          ["expireKey": ["key": "a", "status": 403]],
        ],
        "continue": true,
      ],
      [
        "name": "b",
        "delay": ["uniform": ["min": "1ms", "max": "2ms"], "max": "3ms", "at": "each"],
      ],
      ["name": "c", "delay": ["normal": ["mean": "1ms", "sigma": "2ms"]]],
      ["name": "d", "delay": ["lognormal": ["median": "1ms", "sigma": 0.5]]],
      ["name": "e", "delay": ["fixed": "1ms"], "pass": true],
      ["name": "f", "respond": ["status": 200, "header": ["a": "b"], "json": ["a": "{{id}}"]]],
      ["name": "g", "patch": ["status": 201, "header": ["a": nil], "json": ["a": nil]]],
      ["name": "h", "fault": ["reset": ["afterBytes": "1KiB"]]],
      ["name": "i", "fault": ["truncate": ["afterBytes": 1]]],
      ["name": "j", "fault": ["stall": ["afterBytes": 1]]],
      ["name": "k", "fault": ["throttle": ["bytesPerSecond": "10KB"]]],
      ["name": "l", "fault": ["dribble": ["bytes": 1, "pause": "1ms"]]],
      ["name": "m", "fault": ["corrupt": ["chunk": true]]],
      ["name": "n", "fault": ["corrupt": ["bytes": 3]]],
      ["name": "o", "fault": ["refuse": ["for": "1s"]]],
      ["name": "p", "fault": ["empty": [:]], "between": ["1s", nil]],
      [
        "name": "q",
        "limit": ["requests": 1, "window": "1m", "kind": "fixed", "per": "credential"],
      ],
      [
        "name": "r",
        "sequence": [
          ["error": 500, "times": 2], ["respond": ["text": "x"], "delay": "1ms"],
          ["patch": ["status": 201]], ["fault": "reset", "after": true], ["pass": true],
        ], "end": "loop", "emit": ["trigger": "s"],
      ],
      ["name": "s", "fault": "empty", "where": ["n": ["gt": 1]]],
    ],
    "expect": [
      "rules": ["s": 1, "r": ["atLeast": 1, "atMost": 3]], "unmatched": ["exactly": 0],
      "requests": [
        ["name": "x", "match": ["method": "GET"], "exactly": 1],
        ["match": ["method": "GET"], "atLeast": 1, "atMost": 2],
      ], "order": [["method": "GET"]],
    ],
  ]

  /// Changes of `everything` at a place that both reader and schema must refuse.
  static let wrong: [(pointer: String, value: JSON)] = [
    ("/wavetank", 2), ("/seed", -1), ("/seed", 1.5), ("/clock/mode", "fast"), ("/outbound", "all"),
    ("/outbound", true),
    ("/clock/start", "soon"), ("/auth/keys/0/key", ""), ("/auth/keys/0/status", 200),
    ("/rules/0/name", ""), ("/rules/0/enabled", 1), ("/rules/0/match/path", "ships"),
    ("/rules/0/match/method", 5), ("/rules/0/match/header/a/present", "yes"),
    ("/rules/0/match/header/a/gt", "1"), ("/rules/0/match/header/a/any", "x"),
    ("/rules/0/match/header/a", [:]), ("/rules/0/skip", -1), ("/rules/0/times", "2"),
    ("/rules/0/every", 0), ("/rules/0/probability", 1.5), ("/rules/0/probability", -0.1),
    ("/rules/0/per", "tenant"), ("/rules/0/delay", 5), ("/rules/0/delay", "5"),
    ("/rules/0/error", 200), ("/rules/0/error", 600), ("/rules/0/error", "500"),
    ("/rules/0/error/status", 99), ("/rules/0/between", ["1s"]), ("/rules/0/between/from", 5),
    ("/rules/0/set", []), ("/rules/0/emit", "crash"), ("/rules/0/emit", [[:]]),
    ("/rules/0/continue", "yes"), ("/rules/1/delay/at", "tail"),
    ("/rules/3/delay/lognormal/sigma", 11),
    ("/rules/4/pass", false), ("/rules/5/respond/status", 100), ("/rules/5/respond/header/a", 5),
    ("/rules/6/patch", [:]), ("/rules/7/fault", "rest"), ("/rules/7/fault", [:]),
    ("/rules/7/fault/reset/afterBytes", -1), ("/rules/7/fault/reset/afterBytes", "1Kb/s"),
    ("/rules/10/fault/throttle", [:]), ("/rules/12/fault/corrupt/chunk", false),
    ("/rules/13/fault/corrupt/bytes", 0), ("/rules/16/limit/requests", -1),
    ("/rules/16/limit/kind", "token"), ("/rules/16/limit/window", nil), ("/rules/17/sequence", []),
    ("/rules/17/sequence/0/times", 0), ("/rules/17/end", "stop"), ("/expect/unmatched", -1),
    ("/expect/rules/s", "1"), ("/expect/order", [:]), ("/variables", []), ("/rules", [:]),
    ("/given", []), ("/name", 5),
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
