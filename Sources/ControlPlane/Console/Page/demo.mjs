// @ts-check
// A world that lives: the server plays the clients of all services for ten minutes of the tenant's time,
// with a failure and a recovery. Here it is begun and ended, and its chapters are told.
import { act, call, get, tenant } from "./api.mjs";
import { readClock } from "./clock.mjs";
import { confirmed, notice } from "./dom.mjs";

/** @typedef {{at: number, title: string, text: string, view: string}} Chapter */
/** @typedef {{playing: boolean, over?: boolean, seconds?: number, chapter?: number, chapters: Chapter[]}} Demo */

/** @type {Demo | null} the tenant's, as the server said last */
export let demo = null;
/** @type {Set<() => void>} are told when another chapter begins, and at the end */
export const demoWatchers = new Set();

let told = 0, demoTimer = 0, toldTo = "";
export const isPlaying = () => Boolean(demo?.playing);
/** The chapter that is told now. */
export const chapter = () => demo?.playing && demo.chapter ? demo.chapters[demo.chapter - 1] : null;
/** @param {Chapter} one */
export const titled = (one) => `Minute ${Math.floor(one.at / 60)}: ${one.title}`;

/** @param {Demo} next */
function hear(next) {
  if (toldTo !== tenant) { toldTo = tenant; told = 0; }
  const wasPlaying = told > 0;
  demo = next;
  const now = chapter();
  const turn = next.over || (wasPlaying && !next.playing) ? -1 : now ? next.chapter || 0 : 0;
  if (turn === told) return;
  if (now && turn > 0) notice(`${titled(now)}. ${now.text}`, false, true);
  else if (turn < 0 && wasPlaying && next.over) notice("The story is over.", false, true);
  told = turn;
  for (const watcher of demoWatchers) watcher();
}

/** Looks how far it is, and again while it is played. */
export async function followDemo() {
  clearTimeout(demoTimer);
  try { hear(await get("demo")); } catch { /* What is wrong with the connection is said by what follows the journal. */ }
  if (isPlaying()) demoTimer = window.setTimeout(followDemo, 1000);
}

export const stopDemo = act(async () => {
  await call("DELETE", "demo");
  await followDemo();
}, "The demo's clients have stopped; the world stays as it is.");

const beginDemo = act(async () => {
  if (!await confirmed("Let this world live?", `Tenant ${tenant} begins anew; for ten minutes of its time, which are two of ours, clients of all services work in it.`, "Begin")) return false;
  await call("POST", "demo");
  await readClock();
  return true;
});
export async function startDemo() {
  if (!await beginDemo()) return;
  told = 0;
  await followDemo();
}
