// The SDK, held to the contract from both sides.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";
import { startWavetank } from "wavetank";
import { Hub, HubError, OPERATIONS } from "../hub.mjs";

// Strict: what is served leniently otherwise is refused.
const wavetank = await startWavetank({ flags: ["--clock", "skip", "--strict"] });
after(() => wavetank.stop());

/** Every call of the SDK, in an order that works. */
const all = async (hub) => {
  await hub.version();
  await hub.loadCheck();
  await hub.sequences();
  await hub.instances();
  await hub.createTopic("harbor");
  await hub.topics();
  await hub.publish("harbor", [{ ship: "Aurora" }]);
};

test("every call is one that the contract has", async () => {
  const document = await (await fetch(`${wavetank.url}/_wavetank/openapi/scramjet.json`)).json();
  for (const [name, [method, path]] of Object.entries(OPERATIONS)) {
    const known = Object.entries(document.paths).some(([pattern, item]) =>
      pattern.replace(/\{\w+\}/g, "{}").endsWith(`/api/v1${path}`.replace(/\{\w+\}/g, "{}")) && method.toLowerCase() in item);
    assert.ok(known, `${name}: ${method} ${path} is not in the contract`);
  }
});

test("a whole visit: nothing unknown, nothing lenient, all of the SDK used", async (t) => {
  const cloud = wavetank.tenant(t);
  await cloud.scenario({ wavetank: 1, name: "visit", expect: { unmatched: 0 } });    // verified when the test ends
  await all(new Hub(cloud.scramjetHub));
  const { entries } = await cloud.journal({ limit: "100" });
  assert.deepEqual(entries.flatMap(({ remarks }) => remarks), []);
  assert.equal(new Set(entries.map(({ operation }) => operation)).size, Object.keys(OPERATIONS).length);
});

test("its card has no remark", async (t) => {
  const cloud = wavetank.tenant(t);
  await all(new Hub(cloud.scramjetHub));
  const card = JSON.parse(execFileSync("npx", [
    "wavetank", "report", "--url", wavetank.url, "--tenant", cloud.name, "--format", "json", "--strict-report",
  ]));
  assert.deepEqual(card.remarks, []);
});

for (const status of [400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 507]) {
  test(`${status} is an error with that status`, async (t) => {
    const cloud = wavetank.tenant(t);
    await cloud.scenario({ wavetank: 1, rules: [{ match: { service: "scramjet" }, error: { status, message: "told by a rule" } }] });
    const hub = new Hub(cloud.scramjetHub);
    for (const call of [() => hub.version(), () => hub.createTopic("t"), () => hub.publish("t", [1])]) {
      await assert.rejects(call, (error) => error instanceof HubError && error.status === status && error.message.length > 12);
    }
  });
}

for (const fault of ["reset", "empty", "truncate", "stall"]) {
  test(`${fault}: an error, not half an answer`, async (t) => {
    const cloud = wavetank.tenant(t);
    await cloud.scenario({ wavetank: 1, rules: [{ name: fault, match: { operation: "scramjet.topic.list" }, fault }] });
    const hub = new Hub(cloud.scramjetHub, { timeout: 500 });
    await assert.rejects(hub.topics(), (error) => error instanceof HubError && error.status === 0);
    await hub.version();                                  // the next call works
  });
}

test("what is no JSON is an error, too", async (t) => {
  const cloud = wavetank.tenant(t);
  await cloud.scenario({ wavetank: 1, rules: [{ match: { operation: "scramjet.hub.version" }, respond: { text: "<html>" } }] });
  await assert.rejects(new Hub(cloud.scramjetHub).version(), /no JSON/);
});
