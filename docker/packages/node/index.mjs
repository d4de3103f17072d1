// A helper for Node's own test runner, without dependencies; see README.md.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** How many exchanges a failed test shows. */
const SHOWN = 8;

/** The program that is named, else the one of this package, else the one on the path. */
const programOf = (binary) => {
  const own = fileURLToPath(new URL("bin/wavetank", import.meta.url));
  return binary ?? process.env.WAVETANK_BINARY ?? (existsSync(own) ? own : "wavetank");
};

/** An error that says it all by its text: where it was asked for is no matter. */
const sentence = (text) => {
  const error = new Error(text);
  error.stack = `Error: ${text}`;
  return error;
};

/** Why there is no server, in a sentence. */
const reason = (program, failure, status, log) => {
  const origin = program === process.env.WAVETANK_BINARY ? `WAVETANK_BINARY names ${program}` : `the program is ${program}`;
  if (failure?.code === "ENOENT") return `${origin}, and there is no such program`;
  if (failure) return `${origin}, which cannot be run (${failure.code ?? failure.message})`;
  return log.trim() || `${origin}, which ended with status ${status} and said nothing`;
};

export async function startWavetank({ flags = ["--clock", "skip"], binary } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "wavetank-"));
  const ready = join(folder, "ready.json");
  const program = programOf(binary);
  const child = spawn(program, ["serve", "--port", "0", "--quiet", "--ready-file", ready, ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (bytes) => { log += bytes; });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  let failure = null;
  child.once("error", (error) => { failure = error; });
  const deadline = Date.now() + 20_000;
  while (!existsSync(ready)) {
    if (failure || child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
      throw sentence(`wavetank did not become ready: ${reason(program, failure, child.exitCode, log)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const url = `http://127.0.0.1:${JSON.parse(readFileSync(ready, "utf8")).port}`;
  return {
    url,
    tenant(test) {
      const name = typeof test === "string" ? test : test.name;
      const words = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40);
      const digest = createHash("sha256").update(name).digest("hex").slice(0, 10);
      const tenant = new Tenant(url, `${words.replace(/-$/, "") || "test"}-${digest}`);
      if (typeof test.after === "function") test.after(() => finish(tenant, test));
      return tenant;
    },
    async stop() {
      child.kill("SIGTERM");
      // It would wait longer for streams that are open; what it holds is of no use any more, unless it keeps it.
      const keeps = flags.some((flag) => flag.split("=")[0] === "--data");
      const late = setTimeout(() => child.kill("SIGKILL"), keeps ? 30_000 : 500);
      await exited;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const tell = async (tenant, test) => {
  for (const line of (await tenant.story()).split("\n")) test.diagnostic(line);
};

/** At the end of a test: its story where it failed, else what its scenario expects; then the tenant goes. */
const finish = async (tenant, test) => {
  if (tenant.isDropped) return;
  try {
    if (test.passed === false) await tell(tenant, test);
    else if ((await tenant.control("GET", "scenario")).expect) {
      await tenant.verify().catch(async (failure) => {
        await tell(tenant, test);
        throw failure;
      });
    }
  } finally {
    await tenant.drop();
  }
};

export class Tenant {
  isDropped = false;

  constructor(server, name) {
    this.server = server;
    this.name = name;
    this.url = `${server}/_t/${name}`;
    this.key = `wt-${name}`;
  }

  get steamship() { return { apiBase: `${this.url}/api/v1/`, appBase: `${this.url}/apps/`, apiKey: this.key }; }
  get scramjetHub() { return `${this.url}/api/v1`; }
  get scramjetSpace() { return `${this.url}/api/v1/space/demo/api/v1`; }
  shipyardBase(org = "11111111-1111-4111-8111-111111111111") { return `${this.url}/orgs/${org}`; }

  async #send(method, path, body, type) {
    const headers = { "X-Wavetank-Tenant": this.name, "Content-Type": type };
    const token = process.env.WAVETANK_CONTROL_TOKEN;
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await fetch(`${this.server}/_wavetank/${path}`, { method, headers, body });
    const content = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${content}`);
    return content;
  }

  /** One call of the control API, for this tenant. */
  async control(method, path, body) {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const text = (await this.#send(method, path, content, "application/json")).toString();
    return text ? JSON.parse(text) : null;
  }

  /** A document, the path of a file (JSON, JSON5 or YAML), or the name of a shipped one. */
  async scenario(scenario) {
    if (typeof scenario === "object" && !(scenario instanceof URL)) return this.control("PUT", "scenario", scenario);
    const path = scenario instanceof URL ? fileURLToPath(scenario) : scenario;
    if (!extname(path)) return this.control("PUT", `scenario?name=${encodeURIComponent(path)}`);
    const type = /^\.ya?ml$/.test(extname(path)) ? "application/yaml" : "application/json5";
    return JSON.parse(await this.#send("PUT", "scenario", readFileSync(path), type));
  }

  clock(mode) { return this.control("PUT", "clock", { mode }); }
  advance(step) { return this.control("POST", "clock/advance", step); }
  emit(event) { return this.control("POST", "emit", event); }
  snapshot() { return this.#send("GET", "snapshot", undefined, "application/octet-stream"); }
  async restore(snapshot) { await this.#send("PUT", "snapshot", snapshot, "application/gzip"); }
  reset() { return this.control("POST", "reset"); }

  drop() {
    this.isDropped = true;
    return this.control("DELETE", `tenants/${this.name}`);
  }

  /** The newest exchanges under `entries`: `service`, `operation`, `status`, `rule`, `limit` … */
  journal(filters = {}) { return this.control("GET", `journal?${new URLSearchParams(filters)}`); }

  /** The last exchanges, and why each was answered so. */
  async story() {
    const { entries } = await this.journal({ limit: SHOWN });
    const told = await Promise.all(entries.map(({ number }) => this.control("GET", `journal/${number}`)));
    return told.flatMap(lines).join("\n") || "no request has reached this tenant";
  }

  /** Throws, with the nearest misses, unless the journal holds what is asked. */
  async verify(match, counts = {}) {
    const result = await this.control("POST", "verify", match ? { match, ...counts } : counts);
    if (!result.holds) throw new Error("Wavetank: " + JSON.stringify(result, null, 2));
    return result;
  }
}

/** One exchange, and why it was answered so. */
const lines = ({ number, method, target, status, ending, fault, operation, rules, remarks, why }) => [
  `${number} ${method} ${target} → ${ending === "fault" ? `fault: ${fault}` : status ?? "no answer"}${operation ? ` (${operation})` : ""}`,
  ...(rules.length ? [`     rules that struck: ${rules.join(", ")}`] : []),
  ...(why?.reason ? [`     why: ${why.reason}`] : []),
  ...(why?.rulesConsidered ?? []).filter(({ outcome }) => outcome !== "struck").map((rule) =>
    `     near miss: rule ${rule.rule}: ${rule.outcome}`
    + ("failed" in rule ? `: ${rule.failed} wants ${rule.expected}, found ${rule.found}` : "")),
  ...remarks.map((remark) => `     remark: ${remark}`),
];

/** Runs a program with each of its calls failing in every way: `wavetank sweep`. */
export async function sweep(command, options = {}) {
  const { binary, cwd, env = {}, flags = [], faults, scenarios = [], operations, baseline, clock, seed, jobs, maxRuns, timeLimit } = options;
  const folder = mkdtempSync(join(tmpdir(), "wavetank-sweep-"));
  const file = join(folder, "report.json");
  const values = {
    faults: faults?.join(","), operations, baseline, clock, seed, jobs, "max-runs": maxRuns, "time-limit": timeLimit,
  };
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const program = programOf(binary);
  const child = spawn(program, [
    "sweep", "--quiet", "--json", file, ...given.flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...scenarios.flatMap((scenario) => ["--scenario", scenario]), ...flags, "--", ...command,
  ], { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (bytes) => { log += bytes; });
  try {
    const { failure, status } = await new Promise((resolve) => {
      child.once("error", (error) => resolve({ failure: error }));
      child.once("close", (code, signal) => resolve({ status: code ?? signal }));
    });
    if (!existsSync(file)) throw sentence(`the sweep was not done: ${reason(program, failure, status, log)}`);
    return new Sweep(JSON.parse(readFileSync(file, "utf8")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a sweep found. */
export class Sweep {
  constructor(report) {
    this.report = report;
    this.runs = report.runs;
    this.notes = report.notes;
    this.findings = report.runs.filter((run) => run.isFinding && !run.isKnown);
    this.known = report.runs.filter((run) => run.isFinding && run.isKnown);
  }

  /** A line for each finding, and how it is repeated. */
  toString() {
    const told = this.findings.flatMap((run) => [
      `${run.class}${run.flaws.length ? ` (${run.flaws.join(", ")})` : ""}  ${run.id}`,
      ...run.difference.slice(0, 3).map((line) => `    ${line}`), `    again: ${run.replay}`,
    ]);
    return [`${this.runs.length} runs, ${this.findings.length} findings`, ...told].join("\n");
  }

  /** Throws, with all that was found, unless it is nothing. */
  verify() {
    if (this.findings.length) throw new Error(`Wavetank: ${this}`);
    return this;
  }
}
