// An example: code under test (`publish`), and what it must do when the cloud misbehaves.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startWavetank, sweep } from "wavetank";

const wavetank = await startWavetank();
after(() => wavetank.stop());

/** Publishes a line to a topic and comes back when it is refused. */
async function publish(hub, topic, line, attempts = 3) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(`${hub}/topic/${topic}`, {
      method: "POST", headers: { "Content-Type": "application/x-ndjson" }, body: line + "\n",
    });
    if (answer.ok) return attempt;
    await answer.body?.cancel();
    if (attempt === attempts) throw new Error(`refused with ${answer.status}`);
  }
}

/** The first line of a topic. */
async function first(hub, topic) {
  const end = new AbortController();
  const answer = await fetch(`${hub}/topic/${topic}`, { signal: end.signal });
  let text = "";
  for await (const bytes of answer.body) {
    text += Buffer.from(bytes).toString();
    if (text.includes("\n")) break;
  }
  end.abort();
  return text.split("\n")[0];
}

const refusals = (times) => ({
  wavetank: 1, name: "refusals",
  rules: [{ name: "refuse", match: { operation: "scramjet.topic.publish" }, times, error: 503 }],
  expect: { rules: { refuse: times } },
});

test("a line arrives", async (t) => {
  const cloud = wavetank.tenant(t);
  const [line] = await Promise.all([first(cloud.scramjetHub, "harbor"), publish(cloud.scramjetHub, "harbor", '"ahoy"')]);
  assert.equal(line, '"ahoy"');
  await cloud.verify({ operation: "scramjet.topic.publish" }, { exactly: 1 });
});

test("it comes back after two refusals", async (t) => {
  const cloud = wavetank.tenant(t);
  await cloud.scenario(refusals(2)); // what it expects is verified when the test ends
  const [, attempts] = await Promise.all([first(cloud.scramjetHub, "harbor"), publish(cloud.scramjetHub, "harbor", '"ahoy"')]);
  assert.equal(attempts, 3);
});

test("it gives up after three", async (t) => {
  const cloud = wavetank.tenant(t);
  await cloud.scenario(refusals(3));
  await assert.rejects(publish(cloud.scramjetHub, "harbor", '"ahoy"'), /503/);
});

test("verify fails, with the nearest misses, when it does not hold", async (t) => {
  const cloud = wavetank.tenant(t);
  await fetch(`${cloud.scramjetHub}/version`);
  await assert.rejects(cloud.verify({ operation: "scramjet.hub.version" }, { exactly: 2 }), /fails/);
});

test("time stands until it is advanced", async (t) => {
  const cloud = wavetank.tenant(t);
  await cloud.clock("manual");
  const before = (await cloud.control("GET", "clock")).now;
  assert.equal((await cloud.control("GET", "clock")).now, before);
  await cloud.advance({ by: "90s" });
  const after = (await cloud.control("GET", "clock")).now;
  assert.equal(Date.parse(after) - Date.parse(before), 90_000);
});

test("a reset brings the start back", async (t) => {
  const cloud = wavetank.tenant(t);
  await fetch(`${cloud.scramjetHub}/version`);
  await cloud.reset();
  await cloud.verify({ service: "scramjet" }, { exactly: 0 });
});

test("a snapshot brings the world back", async (t) => {
  const cloud = wavetank.tenant(t);
  const topics = async () => (await (await fetch(`${cloud.scramjetHub}/topics`)).json()).length;
  const before = await topics();
  const snapshot = await cloud.snapshot();
  await fetch(`${cloud.scramjetHub}/topics`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: '{"id": "news", "content-type": "text/plain"}',
  });
  assert.equal(await topics(), before + 1);
  await cloud.restore(snapshot);
  assert.equal(await topics(), before);
});

test("a hub that crashes on cue", async (t) => {
  const cloud = wavetank.tenant(t);
  await cloud.emit({ crashHub: "sth-0" });
  await assert.rejects(fetch(`${cloud.scramjetSpace.replace("space/demo/api/v1", "space/demo/api/v1/sth/sth-0/api/v1")}/version`)
    .then((answer) => assert.equal(answer.status, 200)));
});

test("each call of a program failing in every way", async () => {
  const program = 'fetch(process.env.SCRAMJET_HUB_URL + "/version").then((answer) => process.exit(answer.ok ? 0 : 3), () => process.exit(3))';
  const found = await sweep([process.execPath, "-e", program], { faults: ["500", "401"] });
  found.verify(); // throws with all that was found
  assert.deepEqual(found.runs.map((run) => run.exit), [3, 3]);
});
