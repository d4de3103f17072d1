// @ts-check
// Rates, statuses, latencies, loop lag and open streams over the last minutes, drawn by the page.
import { call } from "./api.mjs";
import { h, put, s, size, span } from "./dom.mjs";

/** @typedef {{at: number, values: Record<string, number>, buckets: Record<string, Array<[number, number]>>}} Sample */
/** @type {Sample[]} */
const samples = [];
const EVERY = 2000, KEPT = 150;

/** Prometheus text, summed up to what the charts show. @param {string} text @returns {Omit<Sample, "at">} */
export function summed(text) {
  /** @type {Record<string, number>} */
  const values = {};
  /** @type {Record<string, Map<number, number>>} */
  const buckets = {};
  for (const line of text.split("\n")) {
    const found = line.match(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/);
    if (!found) continue;
    const [, name, labels = "", number] = found, value = Number(number);
    if (name.endsWith("_seconds_bucket")) {
      const own = buckets[name.replace("_seconds_bucket", "")] ||= new Map();
      const limit = Number((labels.match(/le="([^"]+)"/)?.[1] || "").replace("+Inf", "Infinity"));
      own.set(limit, (own.get(limit) || 0) + value);
      continue;
    }
    values[name] = (values[name] || 0) + value;
    if (name === "wavetank_requests_total") {
      const kind = (labels.match(/status="(\d)/)?.[1] || "?") + "xx";
      values[kind] = (values[kind] || 0) + value;
    }
  }
  return { values, buckets: Object.fromEntries(Object.entries(buckets).map(([name, own]) => [name, [...own].sort((a, b) => a[0] - b[0])])) };
}

/** The limit below which a share of what came between two samples lies. @param {Array<[number, number]>} before @param {Array<[number, number]>} after @param {number} share */
export function quantile(before, after, share) {
  const old = new Map(before), counts = after.map(([limit, count]) => /** @type {[number, number]} */ ([limit, count - (old.get(limit) || 0)]));
  const all = counts.length ? counts[counts.length - 1][1] : 0;
  if (all <= 0) return null;
  let low = 0, under = 0;
  for (const [limit, count] of counts) {
    if (count >= share * all) return limit === Infinity ? low : low + (limit - low) * ((share * all - under) / Math.max(1, count - under));
    low = limit;
    under = count;
  }
  return low;
}

async function sample() {
  if (document.hidden) return;
  const text = await (await call("GET", "metrics")).text().catch(() => "");
  if (!text) return;
  samples.push({ at: Date.now(), ...summed(text) });
  if (samples.length > KEPT) samples.shift();
  drawNumbers();
}

/** @param {(before: Sample, after: Sample) => number | null} of @returns {Array<{at: number, value: number | null}>} */
const series = (of) => samples.slice(1).map((after, index) => ({ at: after.at, value: of(samples[index], after) }));
const rate = (name) => series((before, after) => Math.max(0, (after.values[name] || 0) - (before.values[name] || 0)) / Math.max(0.001, (after.at - before.at) / 1000));
const gauge = (name) => series((_, after) => after.values[name] ?? null);
/** In milliseconds. */
const below = (name, share) => series((before, after) => { const value = quantile(before.buckets[name] || [], after.buckets[name] || [], share); return value === null ? null : value * 1000; });

const perSecond = (value) => `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)}/s`;
const plain = (value) => String(Math.round(value));
/** @type {Array<[string, Array<[string, string, () => Array<{at: number, value: number | null}>]>, (value: number) => string]>} */
const CHARTS = [
  ["Requests", [["all", "accent", () => rate("wavetank_requests_total")]], perSecond],
  ["Statuses", [["2xx", "good", () => rate("2xx")], ["4xx", "warn", () => rate("4xx")], ["5xx", "bad", () => rate("5xx")]], perSecond],
  ["Latency", [["half below", "good", () => below("wavetank_request_duration", 0.5)], ["99 of 100 below", "warn", () => below("wavetank_request_duration", 0.99)]], span],
  ["Loop lag", [["half below", "accent", () => below("wavetank_loop_lag", 0.5)], ["99 of 100 below", "warn", () => below("wavetank_loop_lag", 0.99)]], span],
  ["Open", [["connections", "accent", () => gauge("wavetank_connections")], ["streams and requests", "warn", () => gauge("wavetank_requests_in_flight")]], plain],
  ["Faults", [["performed", "bad", () => rate("wavetank_faults_total")]], perSecond],
  ["Sent", [["content", "accent", () => rate("wavetank_response_content_bytes_total")]], (value) => size(Math.round(value)) + "/s"],
  ["Stored", [["content", "accent", () => gauge("wavetank_stored_bytes")]], (value) => size(Math.round(value))],
];

const WIDTH = 320, HEIGHT = 90;
function chart([title, lines, format]) {
  const drawn = lines.map(([name, kind, of]) => ({ name, kind, points: of() }));
  const top = Math.max(1e-9, ...drawn.flatMap((line) => line.points.map((one) => one.value || 0)));
  const end = samples.length ? samples[samples.length - 1].at : Date.now(), start = end - EVERY * KEPT;
  const x = (at) => ((at - start) / (end - start)) * WIDTH, y = (value) => HEIGHT - 4 - (value / top) * (HEIGHT - 12);
  const last = (line) => [...line.points].reverse().find((one) => one.value !== null)?.value ?? null;
  const said = drawn.map((line) => `${line.name} ${last(line) === null ? "–" : format(/** @type {number} */ (last(line)))}`);
  const path = (line) => {
    let text = "", isOn = false;
    for (const one of line.points) {
      if (one.value === null) { isOn = false; continue; }
      text += `${isOn ? "L" : "M"}${x(one.at).toFixed(1)} ${y(one.value).toFixed(1)}`;
      isOn = true;
    }
    return text;
  };
  return h("figure", { class: "card chart", "data-chart": title },
    h("figcaption", {}, h("strong", {}, title), drawn.map((line, index) => h("span", { class: "key line-" + line.kind }, said[index]))),
    s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${said.join(", ")}`, preserveAspectRatio: "none" },
      s("path", { class: "axis", d: `M0 ${HEIGHT - 4}H${WIDTH}` }), drawn.map((line) => s("path", { class: "line line-" + line.kind, d: path(line) || "M0 0" }))),
    h("p", { class: "quiet" }, `up to ${format(top < 1e-6 ? 0 : top)}, over the last 5 minutes`));
}

function drawNumbers() {
  const box = document.getElementById("numbers");
  if (box) put(box, samples.length > 1 ? CHARTS.map(chart) : h("p", { class: "quiet" }, "Measuring…"));
}

export function numbersView() {
  setTimeout(async () => { drawNumbers(); await sample().catch(() => {}); });
  return { content: [h("h2", {}, "Numbers of the whole server"), h("div", { id: "numbers", class: "cards" }), h("p", { class: "quiet" }, "All tenants together; as Prometheus reads them at ", h("code", {}, "/_wavetank/metrics"), ".")] };
}

export function startNumbers() { setInterval(() => sample().catch(() => {}), EVERY); }
