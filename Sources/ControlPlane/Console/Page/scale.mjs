// @ts-check
// A line of time: its marks at round instants, and which bars stand in one lane.

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 10800e3, 21600e3, 43200e3, 86400e3, 172800e3, 604800e3, 1209600e3, 2592000e3];

/** @param {number} from @param {number} to milliseconds @param {number} count about how many @returns {Array<{at: number, text: string}>} */
export function ticks(from, to, count) {
  const step = STEPS.find((one) => (to - from) / one <= count) || STEPS[STEPS.length - 1];
  const found = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const text = new Date(at).toISOString();
    found.push({ at, text: step >= 86400e3 ? text.slice(5, 10) : step >= 60e3 ? text.slice(11, 16) : step >= 1e3 ? text.slice(11, 19) : text.slice(14, 23) });
  }
  return found;
}

/** @param {import("./services.mjs").Lane} bar @param {number} now */
export const endOf = (bar, now) => bar.end ? Date.parse(bar.end) : bar.due ? Math.max(now, Date.parse(bar.due)) : now;

/**
 * Bars of one kind, one behind the other where they do not overlap.
 * @template {import("./services.mjs").Lane} Bar @param {Bar[]} all @param {number} now
 * @returns {Bar[][]}
 */
export function packed(all, now) {
  const rows = /** @type {Map<string, Bar[][]>} */ (new Map());
  for (const bar of [...all].sort((a, b) => Date.parse(a.start) - Date.parse(b.start))) {
    const name = bar.row || bar.label, lanes = rows.get(name) || [];
    const free = lanes.find((lane) => endOf(lane[lane.length - 1], now) <= Date.parse(bar.start));
    if (free) free.push(bar); else lanes.push([bar]);
    rows.set(name, lanes);
  }
  return [...rows.values()].flat();
}
