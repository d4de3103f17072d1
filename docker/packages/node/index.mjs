// A helper for Node's own test runner, without dependencies; see README.md.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The program of this package, else the one on the path. */
const ownBinary = () => {
  const own = fileURLToPath(new URL("bin/wavetank", import.meta.url));
  return existsSync(own) ? own : "wavetank";
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
  const program = binary ?? process.env.WAVETANK_BINARY ?? ownBinary();
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
      const error = new Error(`wavetank did not become ready: ${reason(program, failure, child.exitCode, log)}`);
      error.stack = `Error: ${error.message}`; // where it was asked for is no matter
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const url = `http://127.0.0.1:${JSON.parse(readFileSync(ready, "utf8")).port}`;
  return {
    url,
    /** A cloud for one test alone: give the test's context or a name. */
    tenant(test) {
      const name = typeof test === "string" ? test : test.name;
      const words = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40);
      const digest = createHash("sha256").update(name).digest("hex").slice(0, 10);
      return new Tenant(url, `${words.replace(/-$/, "") || "test"}-${digest}`);
    },
    async stop() {
      child.kill("SIGTERM");
      // It would wait longer for streams that are open; what it holds is of no use any more.
      const late = setTimeout(() => child.kill("SIGKILL"), 500);
      await exited;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export class Tenant {
  constructor(server, name) {
    this.server = server;
    this.name = name;
    this.url = `${server}/_t/${name}`;
    this.key = `wt-${name}`;
  }

  get steamship() { return { apiBase: `${this.url}/api/v1/`, appBase: `${this.url}/apps/`, apiKey: this.key }; }
  get scramjetHub() { return `${this.url}/api/v1`; }
  get scramjetSpace() { return `${this.url}/api/v1/space/demo/api/v1`; }

  /** One call of the control API, for this tenant. */
  async control(method, path, body) {
    const answer = await fetch(`${this.server}/_wavetank/${path}`, {
      method,
      headers: { "X-Wavetank-Tenant": this.name, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  scenario(document) { return this.control("PUT", "scenario", document); }
  clock(mode) { return this.control("PUT", "clock", { mode }); }
  advance(step) { return this.control("POST", "clock/advance", step); }
  reset() { return this.control("POST", "reset"); }
  drop() { return this.control("DELETE", `tenants/${this.name}`); }

  /** Throws, with the nearest misses, unless the journal holds what is asked. */
  async verify(match, counts = {}) {
    const result = await this.control("POST", "verify", match ? { match, ...counts } : counts);
    if (!result.holds) throw new Error("Wavetank: " + JSON.stringify(result, null, 2));
    return result;
  }
}
