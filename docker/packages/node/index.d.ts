export interface Server {
  readonly url: string;
  /**
   * A cloud for one test alone: give the test's context, or a name. With the context the end of the test verifies what
   * its scenario expects, shows the last exchanges where it failed (Node 20.12 or newer), and drops the tenant.
   */
  tenant(test: string | { name: string; after?(end: () => unknown): void; diagnostic?(line: string): void }): Tenant;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Of `wavetank serve`; the default is `["--clock", "skip"]`. */
  flags?: string[];
  /** Else WAVETANK_BINARY, else the one of this package. */
  binary?: string;
}

export function startWavetank(options?: StartOptions): Promise<Server>;

export interface Counts {
  exactly?: number;
  atLeast?: number;
  atMost?: number;
}

/** One private cloud: own state, clock, scenario and journal. */
export class Tenant {
  constructor(server: string, name: string);
  readonly server: string;
  readonly name: string;
  readonly url: string;
  readonly key: string;
  readonly isDropped: boolean;
  readonly steamship: { apiBase: string; appBase: string; apiKey: string };
  readonly scramjetHub: string;
  readonly scramjetSpace: string;
  shipyardBase(org?: string): string;
  /** One call of the control API, for this tenant. */
  control(method: string, path: string, body?: unknown): Promise<any>;
  /**
   * Puts a scenario in force; the tenant starts anew. A document, the path or URL of a file (JSON, JSON5 or YAML), or the
   * name of a shipped one.
   */
  scenario(scenario: object | string | URL): Promise<any>;
  /** `real`, `skip`, `manual`, or `x60`. */
  clock(mode: string): Promise<any>;
  advance(step: { by?: string; to?: string; toNext?: boolean }): Promise<any>;
  /** Makes something happen now: `{ crashHub: "sth-0" }`. */
  emit(event: object): Promise<any>;
  /** The newest exchanges under `entries`. */
  journal(filters?: Record<string, string>): Promise<any>;
  /** The last exchanges, and why each was answered so: for people. */
  story(): Promise<string>;
  /** All that the tenant holds, for `restore`. */
  snapshot(): Promise<Uint8Array>;
  restore(snapshot: Uint8Array): Promise<void>;
  reset(): Promise<any>;
  drop(): Promise<any>;
  /** Throws, with the nearest misses, unless the journal holds what is asked. */
  verify(match?: object, counts?: Counts): Promise<any>;
}

export interface SweepOptions {
  /** Only these: `["503", "reset-after"]`. */
  faults?: string[];
  /** Only exchanges of these operations: `"shipyard.*"`. */
  operations?: string;
  /** A report as JSON, a file: what it has is known, and no finding. */
  baseline?: string;
  /** Files, or names of shipped ones. */
  scenarios?: string[];
  clock?: string;
  seed?: number;
  jobs?: number;
  maxRuns?: number;
  /** Such as `"10m"`. */
  timeLimit?: string;
  /** Of `wavetank sweep`. */
  flags?: string[];
  /** Variables for the command, beside those of this process. */
  env?: Record<string, string>;
  cwd?: string;
  binary?: string;
}

/** One run of the command, with one of its calls failing in one way. */
export interface Run {
  id: string;
  operation: string;
  occurrence: number;
  fault: string;
  /** `coped`, `gaveUp`, `lost`, `duplicated`, `hung` … */
  class: string;
  flaws: string[];
  isFinding: boolean;
  isKnown: boolean;
  exit: number | null;
  retries: number;
  /** How the world that it left differs from that of a run without faults. */
  difference: string[];
  /** The command that repeats it. */
  replay: string;
}

/** What a sweep found. */
export class Sweep {
  constructor(report: object);
  /** All of the JSON. */
  readonly report: any;
  readonly runs: Run[];
  /** What was left out. */
  readonly notes: string[];
  /** What is wrong, and not known by the baseline. */
  readonly findings: Run[];
  readonly known: Run[];
  /** A line for each finding, and how it is repeated. */
  toString(): string;
  /** Throws, with all that was found, unless it is nothing. */
  verify(): this;
}

/**
 * Runs a program with each of its calls failing in every way: `wavetank sweep`. The program finds the emulator by the
 * variables of `wavetank env`. Rejects where there is nothing to compare with.
 */
export function sweep(command: string[], options?: SweepOptions): Promise<Sweep>;
