// @ts-check
// The timeline over all services: what happened, what goes on, what is due next.
import { get } from "./api.mjs";
import { advance, clock, clockWatchers, nowOf, setClock, speed } from "./clock.mjs";
import { button, h, hue, put, s, span, when } from "./dom.mjs";
import { endOf, packed, ticks } from "./scale.mjs";
import { exchanges } from "./live.mjs";
import { go } from "./router.mjs";
import { services } from "./services.mjs";

/** @typedef {import("./services.mjs").Lane & {service: string}} Bar */
const WINDOWS = [["1 min", 60e3], ["10 min", 600e3], ["1 h", 3600e3], ["1 day", 86400e3], ["30 days", 30 * 86400e3]];
const ROW = 22, LEFT = 150, TOP = 28, LANES_MAX = 80;
let reach = 60e3;
/** Where the middle is, if not at now. @type {number | null} */
let middle = null;
/** @type {Bar[]} */
let bars = [];

async function readBars() {
  const states = await get("state");
  bars = [...services].flatMap(([name, service]) => (service.lanes?.(states[name]) || []).map((lane) => ({ ...lane, service: service.title })))
    .sort((a, b) => a.service < b.service ? -1 : a.service > b.service ? 1 : a.group < b.group ? -1 : a.group > b.group ? 1 : Date.parse(b.start) - Date.parse(a.start));
}

export async function timeView() {
  await readBars();
  middle = null;
  const box = h("div", { id: "timeline" }), said = h("div", { id: "instant", class: "card", "aria-live": "polite" }, h("p", { class: "quiet" }, "Point at an instant, or move along the line with ← and →, to see what happened there."));
  const jump = h("input", { id: "jump", size: 28, placeholder: "2026-01-01T00:00:00Z or 1h", "aria-label": "Jump to an instant, or by a duration" });
  const factor = h("input", { id: "play-factor", type: "number", min: "0.001", step: "any", value: 60, class: "short", "aria-label": "Speed" });
  const leap = () => /^\d{4}-/.test(jump.value.trim()) ? setClock({ now: jump.value.trim() }) : advance({ by: jump.value.trim() });
  jump.addEventListener("keydown", (event) => { if (event.key === "Enter") leap(); });
  const redraw = () => { if (box.isConnected && !dragging) drawTimeline(box, said); };
  const timer = setInterval(() => { if (speed()) redraw(); }, 500);
  clockWatchers.add(redraw);
  setTimeout(redraw);
  return {
    content: [
      h("div", { class: "row" }, button("Step to the next event", () => advance({ toNext: true }), { class: "main" }),
        h("label", {}, "Play at × ", factor), button("Play", () => setClock({ mode: "scaled", factor: Number(factor.value) || 60 })), button("Hold", () => setClock({ mode: "manual" })),
        jump, button("Jump", leap),
        h("label", {}, "Window ", h("select", { id: "window", onchange: (event) => { reach = Number(event.target.value); middle = null; redraw(); } }, WINDOWS.map(([name, value]) => h("option", { value, selected: value === reach }, name)))),
        button("Earlier", () => { middle = (middle ?? nowOf()) - reach / 2; redraw(); }), button("Later", () => { middle = (middle ?? nowOf()) + reach / 2; redraw(); }), button("Now", () => { middle = null; redraw(); }), button("All", () => { fit(); redraw(); })),
      h("p", { class: "quiet" }, "On a manual clock the line of now can be dragged: forward, and everything due on the way happens."),
      box, said,
    ],
    refresh: async () => { await readBars(); redraw(); },
    stop: () => { clearInterval(timer); clockWatchers.delete(redraw); },
  };
}

function fit() {
  const instants = bars.flatMap((bar) => [bar.start, bar.end, bar.due].filter(Boolean).map((text) => Date.parse(/** @type {string} */ (text))));
  if (!instants.length) return;
  const from = Math.min(...instants), to = Math.max(...instants, nowOf());
  reach = Math.max(10e3, (to - from) * 1.15);
  middle = (from + to) / 2 + reach * 0.2;
}

let dragging = false;
/** @param {HTMLElement} box @param {HTMLElement} said */
function drawTimeline(box, said) {
  const width = Math.max(340, box.clientWidth || 900), left = width < 600 ? 96 : LEFT, now = nowOf();
  // Now stands at seven tenths: what is due next has its place too.
  const from = middle === null ? now - reach * 0.7 : middle - reach * 0.7, to = from + reach;
  const x = (at) => left + ((at - from) / (to - from)) * (width - left - 8), back = (place) => from + ((place - left) / (width - left - 8)) * (to - from);
  const inView = bars.filter((bar) => Date.parse(bar.start) <= to && (endOf(bar, now) >= from));
  const groups = [...new Set(inView.map((bar) => `${bar.service}: ${bar.group}`))];
  const happened = exchanges.entries.filter((entry) => { const at = Date.parse(entry.arrived); return at >= from && at <= to; });
  let y = TOP;
  const parts = [];
  const speakers = [...new Set(happened.map((entry) => entry.service || ""))].sort();
  for (const name of speakers.length ? speakers : [""]) {
    const title = speakers.length ? services.get(name)?.title || name || "No service" : "Exchanges";
    const said = happened.filter((entry) => (entry.service || "") === name);
    parts.push(s("g", { class: "exchanges" }, s("text", { x: 4, y: y + 15, class: "lane-name" }, title), thin(said, x).map((entry) => s("circle", { cx: x(Date.parse(entry.arrived)), cy: y + 11, r: 4, class: "dot " + (entry.fault || entry.status >= 500 ? "bad" : entry.status >= 400 ? "warn" : "good") }, s("title", {}, `#${entry.number} ${entry.operation || entry.target}: ${entry.status ?? entry.ending}`)))));
    y += ROW;
  }
  let lanes = 0;
  for (const group of groups) {
    parts.push(s("text", { x: 4, y: y + 15, class: "lane-group" }, group));
    y += ROW;
    for (const lane of packed(inView.filter((one) => `${one.service}: ${one.group}` === group), now)) {
      if (lanes++ === LANES_MAX) break;
      parts.push(laneName(lane, left, y), lane.map((bar) => drawBar(bar, x, y, left, width, now)));
      y += ROW;
    }
  }
  const height = Math.max(y + 10, 120), due = clock?.nextDue ? Date.parse(clock.nextDue) : null;
  const line = s("g", { id: "now-line", class: speed() ? "" : "grab", transform: `translate(${x(now).toFixed(1)} 0)` }, s("path", { d: `M0 ${TOP - 8}V${height}` }), s("rect", { x: -26, y: 2, width: 52, height: 18, rx: 4 }), s("text", { x: 0, y: 15, "text-anchor": "middle" }, "now"));
  const svg = s("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, tabindex: 0, role: "slider", "aria-label": "The timeline; arrows move along it, Enter jumps there on a manual clock", "aria-valuemin": Math.round(from), "aria-valuemax": Math.round(to), "aria-valuenow": Math.round(now), "aria-valuetext": when(new Date(now).toISOString()),
  }, ticks(from, to, Math.max(3, Math.floor((width - left) / 110))).map(({ at, text }) => s("g", { class: "tick" }, s("path", { d: `M${x(at).toFixed(1)} ${TOP - 4}V${height}` }), s("text", { x: x(at), y: TOP - 8, "text-anchor": "middle" }, text))),
    parts, due !== null && due >= from && due <= to ? s("g", { class: "due" }, s("path", { d: `M${x(due).toFixed(1)} ${TOP}V${height}` }), s("text", { x: x(due) + 4, y: height - 4 }, "due")) : null, line);
  const hadFocus = box.contains(document.activeElement);
  put(box, svg);
  if (hadFocus) /** @type {any} */ (svg).focus({ preventScroll: true });
  follow(svg, line, { x, back, from, to, said, left, box });
}

/** @param {Bar[]} lane @param {number} left @param {number} y */
function laneName(lane, left, y) {
  const name = lane.length > 1 ? `${lane[0].row} ×${lane.length}` : lane[0].label, most = Math.floor((left - 8) / 7);
  return s("text", { x: 4, y: y + 15, class: "lane-name" }, name.length > most ? name.slice(0, most - 1) + "…" : name, s("title", {}, name));
}

/** At most one dot for each three pixels. */
function thin(entries, x) {
  let last = -9;
  return entries.filter((entry) => { const place = x(Date.parse(entry.arrived)); if (place - last < 3 && !entry.fault && entry.status < 500) return false; last = place; return true; }).slice(0, 1500);
}

function drawBar(bar, x, y, left, width, now) {
  const start = Math.max(left, x(Date.parse(bar.start))), end = Math.max(start + 3, Math.min(width - 4, x(bar.end ? Date.parse(bar.end) : now)));
  const due = bar.due && !bar.end ? Math.min(width - 4, x(Date.parse(bar.due))) : null;
  return s("g", { class: "bar-of " + hue(bar.status), "data-lane": bar.label, onclick: bar.href ? () => go(/** @type {string} */ (bar.href)) : undefined },
    s("title", {}, `${bar.label}: ${bar.status}, from ${when(bar.start)}${bar.end ? ` to ${when(bar.end)}` : ""}`),
    s("rect", { x: start, y: y + 3, width: end - start, height: ROW - 8, rx: 3 }),
    due !== null && due > end ? s("path", { class: "expected", d: `M${end} ${y + ROW / 2 - 1}H${due}` }) : null,
    (bar.marks || []).filter((mark) => x(Date.parse(mark.at)) >= left).map((mark) => s("path", { class: "mark", d: `M${x(Date.parse(mark.at)).toFixed(1)} ${y + 1}v${ROW - 4}` }, s("title", {}, `${mark.label}, ${when(mark.at)}`))),
    end - start > bar.status.length * 7 + 12 ? s("text", { x: start + 6, y: y + 15, class: "in-bar" }, bar.status) : null);
}

/** What happened about an instant. @param {number} at @param {number} near */
export function happenedAt(at, near) {
  const found = [];
  for (const bar of bars) {
    for (const [text, what] of [[bar.start, "began"], [bar.end, bar.status], [bar.due, "is due"], ...(bar.marks || []).map((mark) => [mark.at, mark.label])]) {
      if (text && Math.abs(Date.parse(/** @type {string} */ (text)) - at) <= near) found.push({ at: /** @type {string} */ (text), text: `${bar.group} ${bar.label}: ${what}`, href: bar.href });
    }
  }
  for (const entry of exchanges.entries) if (Math.abs(Date.parse(entry.arrived) - at) <= near) found.push({ at: entry.arrived, text: `#${entry.number} ${entry.operation || entry.target}: ${entry.fault || entry.status || entry.ending}`, href: "journal/" + entry.number });
  return found.sort((a, b) => a.at < b.at ? -1 : 1).slice(0, 30);
}

function follow(svg, line, { x, back, from, to, said, left, box }) {
  let cursor = nowOf();
  const tellInstant = (at) => {
    cursor = at;
    const found = happenedAt(at, (to - from) / 100), going = bars.filter((bar) => Date.parse(bar.start) <= at && (bar.end ? Date.parse(bar.end) : nowOf()) >= at);
    svg.setAttribute("aria-valuenow", String(Math.round(at)));
    svg.setAttribute("aria-valuetext", `${when(new Date(at).toISOString())}: ${found.length} events`);
    put(said, h("h3", {}, when(new Date(at).toISOString()), h("span", { class: "quiet" }, at > nowOf() ? ` in ${span(at - nowOf())}` : ` ${span(nowOf() - at)} ago`)),
      found.length ? h("ul", {}, found.map((one) => h("li", {}, h("span", { class: "mono quiet" }, when(one.at).slice(11) + " "), one.href ? h("a", { href: "#" + one.href }, one.text) : one.text))) : h("p", { class: "quiet" }, "Nothing happened just then."),
      going.length ? h("p", {}, "Going on: ", going.slice(0, 12).map((bar, index) => [index ? ", " : "", bar.href ? h("a", { href: "#" + bar.href }, bar.label) : bar.label])) : null);
  };
  const place = (event) => { const rect = svg.getBoundingClientRect(); return ((event.clientX - rect.left) / rect.width) * svg.viewBox.baseVal.width; };
  svg.addEventListener("pointermove", (event) => {
    const here = place(event);
    if (dragging) line.setAttribute("transform", `translate(${Math.max(left, here)} 0)`);
    if (here >= left) tellInstant(back(here));
  });
  line.addEventListener("pointerdown", (event) => { if (speed()) return; dragging = true; svg.setPointerCapture(event.pointerId); event.preventDefault(); });
  svg.addEventListener("pointerup", (event) => {
    if (!dragging) return;
    dragging = false;
    const goal = new Date(back(Math.max(left, place(event)))).toISOString();
    if (Date.parse(goal) > nowOf()) advance({ to: goal });
    else drawTimeline(box, said);
  });
  svg.addEventListener("pointercancel", () => { dragging = false; });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (step) { event.preventDefault(); tellInstant(cursor + step * (to - from) / 50); line.setAttribute("transform", `translate(${x(cursor).toFixed(1)} 0)`); }
    else if (event.key === "Enter" && !speed() && cursor > nowOf()) advance({ to: new Date(cursor).toISOString() });
    else if (event.key === "Home") tellInstant(nowOf());
  });
}
