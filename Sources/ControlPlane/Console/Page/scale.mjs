// @ts-check
// Marks of a line of time, at round instants.

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
