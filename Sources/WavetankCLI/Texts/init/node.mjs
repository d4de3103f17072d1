// Made by `wavetank init`: what does your code do when the cloud refuses? `version` stands for your code.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { startWavetank } from "wavetank";

const scenario = JSON.parse(readFileSync(new URL("two-refusals.json", import.meta.url), "utf8"));
const wavetank = await startWavetank();
after(() => wavetank.stop());

async function version(hub, attempts = 3) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(`${hub}/version`);
    if (answer.ok) return (await answer.json()).service;
    await answer.body?.cancel();
    if (attempt === attempts) throw new Error(`refused with ${answer.status}`);
  }
}

test("it comes back after two refusals", async (t) => {
  const cloud = wavetank.tenant(t);
  await cloud.scenario(scenario);
  assert.equal(await version(cloud.scramjetHub), "@scramjet/host");
  await cloud.verify(); // what the scenario expects
  await cloud.verify({ operation: "@OPERATION@" }, { exactly: 3 });
  await cloud.drop();
});
