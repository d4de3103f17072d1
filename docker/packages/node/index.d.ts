export interface Server {
  readonly url: string;
  /** A cloud for one test alone: give the test's context, or a name. */
  tenant(test: string | { name: string }): Tenant;
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
  readonly steamship: { apiBase: string; appBase: string; apiKey: string };
  readonly scramjetHub: string;
  readonly scramjetSpace: string;
  /** One call of the control API, for this tenant. */
  control(method: string, path: string, body?: unknown): Promise<any>;
  /** Puts a scenario in force; the tenant starts anew. */
  scenario(document: object): Promise<any>;
  clock(mode: string): Promise<any>;
  advance(step: { by?: string; to?: string; toNext?: boolean }): Promise<any>;
  reset(): Promise<any>;
  drop(): Promise<any>;
  /** Throws, with the nearest misses, unless the journal holds what is asked. */
  verify(match?: object, counts?: Counts): Promise<any>;
}
