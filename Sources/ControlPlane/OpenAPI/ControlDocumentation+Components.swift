/// The objects of the control API.
extension ControlDocumentation {
  static let components = #"""
    -- Source: RFC 9457.
    Problem = {
      type: string = "about:blank", title: string, status: integer(400..599), detail: string,
      -- Each place that is wrong.
      problems?: [{pointer: string, message: string, …}], …
    }
    Operation = {
      name: string = "service.noun.verb", service: string, method?: string,
      path?: string, aliases?: [{method: string, path: string}], summary: string,
      -- Its content is not collected first, but used as it comes.
      streamed?: boolean,
      fidelity: 'recorded'|'documented'|'seen in client'|'assumed',
      -- What that rests on.
      source?: string,
      resource?: string,
      -- What the key must be allowed to do, where keys differ in that.
      right?: string
    }
    Clock = {
      mode: 'real'|'scaled'|'manual'|'skip', factor?: number, now: time,
      -- The next thing that is due.
      nextDue: time|null
    }
    Demo = {
      playing: boolean, seed?: string,
      -- How far it is, by the tenant's time; the chapter is counted from 1.
      seconds?: number, over?: boolean, chapter?: integer(1..),
      lasts: integer(0..),
      chapters: [{at: integer(0..), title: string, text: string, view: string}]
    }
    Tenant = {
      name: string = "default",
      -- False: it waits in its file for its first use, and the rest is not told.
      loaded: boolean, seed?: integer, clock?: Clock, exchanges?: integer(0..),
      journal?: {entries: integer(0..), bytes: integer(0..), dropped: integer(0..)},
      -- The peer that has it.
      server?: string, …
    }
    -- See scenario.schema.json.
    Scenario = {wavetank: integer(1..1), …}
    Verdict = {
      holds: boolean, verdict: string = "holds",
      checks: [{what: string, verdict: string, expected?: any, found?: any, …}], …
    }
    JournalLine = {
      number: integer(1..), parent?: integer(1..), arrived: time, ended?: time|null, service?: string|null,
      operation?: string|null, method: string = "GET", target: string = "/api/v1/version",
      status?: integer|null, rules: [any], remarks: [any], …
    }
    Journal = {
      tenant: string, total: integer(0..), kept: integer(0..), bytes: integer(0..),
      dropped: integer(0..), matched: integer(0..), entries: [JournalLine], …
    }
    Calls = {
      number: integer(1..), operation?: string|null, method?: string, target?: string,
      status?: integer|null, calls: [Calls],
    }
    Exchange = {
      number: integer(1..), parent?: integer(1..), method: string, target: string, arrived: time,
      tree?: Calls, request: {fields: [any], …}, response?: any, …
    }
    """#
}
