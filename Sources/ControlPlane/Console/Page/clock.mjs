// @ts-check
// The tenant's clock, in the page's head.
import { act, call, get } from "./api.mjs";
import { $, when } from "./dom.mjs";

/** @type {any} the last that the server said, and when */
export let clock = null;
/** @type {Set<() => void>} */
export const clockWatchers = new Set();

export const speed = () => !clock ? 0 : clock.mode === "real" ? 1 : clock.mode === "scaled" ? clock.factor : 0;
/** The tenant's time now, in milliseconds. */
export const nowOf = () => clock ? Date.parse(clock.now) + (Date.now() - clock.seen) * speed() : Date.now();

/** @param {any} [next] */
export function showClock(next) {
  if (next) clock = { ...next, seen: Date.now() };
  if (!clock) return;
  $("now").textContent = new Date(nowOf()).toISOString().replace("T", " ").slice(0, 19) + "Z";
  if (!next) return;
  if (document.activeElement !== $("mode")) $("mode").value = clock.mode;
  $("factor-label").hidden = $("mode").value !== "scaled";
  if (clock.mode === "scaled" && document.activeElement !== $("factor")) $("factor").value = clock.factor;
  $("pause").textContent = speed() ? "Stop the clock" : "Run the clock";
  const isToday = (clock.nextDue || "").slice(0, 10) === clock.now.slice(0, 10);
  $("due").textContent = clock.nextDue ? "next due " + when(clock.nextDue).slice(isToday ? 11 : 0) : "nothing due";
  for (const watcher of clockWatchers) watcher();
}
export async function readClock() { showClock(await get("clock")); }

export const setClock = (body) => act(async () => showClock(await (await call("PUT", "clock", body)).json()))();
export const advance = (body) => act(async () => showClock(await (await call("POST", "clock/advance", body)).json()))();
const wantedMode = () => $("mode").value === "scaled" ? { mode: "scaled", factor: Number($("factor").value) || 60 } : { mode: $("mode").value };
/** Stops it where it runs; else it runs as real time does. */
export const toggleClock = () => setClock({ mode: speed() ? "manual" : "real" });

export function startClock() {
  $("mode").addEventListener("change", () => { $("factor-label").hidden = $("mode").value !== "scaled"; setClock(wantedMode()); });
  $("factor").addEventListener("change", () => setClock(wantedMode()));
  $("pause").addEventListener("click", toggleClock);
  $("step").addEventListener("click", () => advance({ toNext: true }));
  $("advance").addEventListener("click", () => advance({ by: $("by").value.trim() }));
  $("by").addEventListener("keydown", (event) => { if (event.key === "Enter") advance({ by: $("by").value.trim() }); });
  setInterval(() => showClock(), 250);
}
