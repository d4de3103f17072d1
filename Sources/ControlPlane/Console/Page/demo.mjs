// @ts-check
// A world that lives: the page plays the clients of all services for ten minutes of the tenant's time,
// with a failure and a recovery. The same seed tells the same story.
import { act, call, get, tenant } from "./api.mjs";
import { nowOf, readClock } from "./clock.mjs";
import { confirmed, notice } from "./dom.mjs";
import { services } from "./services.mjs";

/** @param {number} seed @returns {() => number} below 1, the same for the same seed */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const SEED = 2027, BEAT = 5e3, LASTS = 600e3, FACTOR = 5;
const CLOSED = "demo: the harbor is closed";
/** What is told at which second of the story. @type {Array<{at: number, text: string, does?: () => Promise<any>}>} */
export const PLOT = [
  { at: 0, text: "Morning in the harbor: clients of all three services begin their work." },
  { at: 120, text: "It gets busy: more calls, more runs, more messages." },
  { at: 240, text: "Something breaks: a hub crashes, and every third call is refused.", does: () => fail() },
  { at: 360, text: "It recovers: the hub is back, the rule is gone, and what waited goes on.", does: () => recover_() },
  { at: 480, text: "Evening: the last runs end. Look at the timeline, and at why the refused calls were refused." },
  { at: 600, text: "The story is over." },
];

/** @type {number} */
let playing = 0;
export const isPlaying = () => playing !== 0;

async function fail() {
  await call("POST", "scenario/rules?position=first", { name: CLOSED, description: "Every third call is refused while the harbor is closed.", match: { operation: "*" }, every: 3, error: 503 });
  for (const service of services.values()) await service.demo?.fail?.().catch(() => {});
}
async function recover_() {
  await call("DELETE", "scenario/rules/" + encodeURIComponent(CLOSED)).catch(() => {});
  for (const service of services.values()) await service.demo?.recover?.().catch(() => {});
}

export function stopDemo() {
  clearTimeout(playing);
  playing = 0;
}

/** @param {boolean} [isAsked] the user has said so already */
export const startDemo = (isAsked) => act(async () => {
  if (!isAsked && !await confirmed("Let this world live?", `Tenant ${tenant} begins anew; for ten minutes of its time, which are two of ours, this page plays the clients of all services. It needs this page open.`, "Begin")) return false;
  stopDemo();
  await call("POST", "reset");
  await call("PUT", "clock", { mode: "scaled", factor: FACTOR });
  await readClock();
  for (const service of services.values()) await service.demo?.prepare?.(await get("state")).catch(() => {});
  const begun = nowOf(), random = randomOf(SEED), whose = tenant;
  let beat = 0, told = 0;
  const step = async () => {
    if (tenant !== whose) return stopDemo();
    const at = nowOf() - begun;
    while (told < PLOT.length && PLOT[told].at * 1000 <= at) {
      const turn = PLOT[told++];
      notice(`Minute ${Math.floor(turn.at / 60)}: ${turn.text}`);
      await turn.does?.().catch(() => {});
    }
    if (at >= LASTS) return stopDemo();
    // Beats that time has passed are caught up with, so that the story is the same on a slow machine.
    while (beat * BEAT <= at) {
      const now = { beat: beat++, busy: at > 120e3 && at < 480e3, random };
      await Promise.all([...services.values()].map((service) => service.demo?.beat(now).catch(() => {})));
    }
    playing = window.setTimeout(step, 250);
  };
  playing = window.setTimeout(step, 0);
  return true;
}, "The story begins.")();
