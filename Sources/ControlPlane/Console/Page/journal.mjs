// @ts-check
// The journal: what happened, newest first, as it happens.
import { act, call, download, get, tenant } from "./api.mjs";
import { $, button, confirmed, dialog, h, notice, put, tag, when, withIds } from "./dom.mjs";
import { firstSteps } from "./first.mjs";
import { exchanges, followers } from "./live.mjs";
import { rows } from "./model.mjs";
import { matches, parse } from "./query.mjs";
import { RowList, rowHeight } from "./rowlist.mjs";

let isPaused = false, folds = true, filter = "";
/** @type {Set<string>} rows that are shown whole though they repeat */
const open = new Set();
/** @type {RowList | null} */
let listing = null;
/** @type {any[]} what is shown while the list is held */
let held = [];
/** @type {Map<string, Set<number>>} the exchanges whose contents hold a text */
const bodies = new Map();
let bodiesUpTo = 0, freshFrom = 0;
/** @type {any[]} exchanges of other tenants, where the filter asks for them */
let others = [];

export const setFilter = (text) => {
  filter = text;
  if ($("filter")) $("filter").value = text;
  asked();
};

/** The tenant is known: its prefix need not stand in every row. @param {string} target */
const short = (target) => target.startsWith(`/_t/${tenant}/`) ? target.slice(tenant.length + 4) : target;

/** How an exchange ended, in few words. @param {any} entry */
export function outcome(entry) {
  const isWhole = !entry.ending || entry.ending === "completed";
  const word = entry.fault || (isWhole ? "" : entry.ending);
  const kind = word && (entry.fault || !isWhole) ? "bad" : entry.status >= 500 ? "bad" : entry.status >= 400 ? "warn" : "good";
  return h("span", { class: kind }, String(entry.status ?? "–"), word ? " " + word : "", entry.fault && !isWhole ? h("span", { class: "quiet" }, entry.ending === "fault" ? "" : ` (${entry.ending})`) : null);
}

/** @param {import("./model.mjs").Row} row */
function drawRow(row) {
  const { entry } = row, count = row.entries.length, isOther = entry.tenant && entry.tenant !== tenant;
  const name = `${isOther ? entry.tenant + " " : ""}#${entry.number}`;
  const href = isOther ? `?tenant=${entry.tenant}#journal/${entry.number}` : `#journal/${entry.number}`;
  const isOpen = open.has(row.key);
  return h("tr", { class: entry.number > freshFrom ? "new" : "", "data-number": entry.number },
    h("td", {}, h("a", { href, "data-focus": "n" + name, "aria-label": `Why exchange ${entry.number} came out so` }, name)),
    h("td", { class: "mono wide" }, when(entry.arrived).slice(11)),
    h("td", { class: "mono target", title: `${entry.method} ${entry.target}` },
      count > 1 || isOpen ? button(isOpen ? "fold" : `×${count}`, () => { if (!open.delete(row.key)) open.add(row.key); redraw(0); },
        { class: "count", "data-focus": "c" + name, "aria-expanded": String(isOpen), "aria-label": isOpen ? "Fold what repeats" : `${count} times; show each` }) : null,
      entry.parent ? h("span", { class: "quiet", title: `Made by the code that works for exchange ${entry.parent}` }, "↳ ") : null, entry.method + " ", withIds(short(entry.target))),
    h("td", { class: "wide" }, entry.operation || h("span", { class: "quiet" }, entry.fault?.startsWith("tls ") ? "connection: " + entry.fault : entry.hint ? "none; " + entry.hint : "none")),
    h("td", { title: [entry.status, entry.fault, entry.ending].filter(Boolean).join(", ") }, outcome(entry)),
    h("td", { class: "wide" }, (entry.rules || []).map(tag), (entry.remarks || []).map((remark) => h("span", { class: "warn", title: remark }, "⚑ remark "))),
    h("td", { class: "wide" }, entry.durationMilliseconds === null ? "" : Number(entry.durationMilliseconds).toFixed(1) + " ms"));
}

function listed() {
  const query = parse(filter);
  const own = isPaused ? held : exchanges.entries;
  const all = query.tenants.length ? [...own.map((entry) => ({ ...entry, tenant })), ...others].sort((a, b) => a.arrived < b.arrived ? -1 : 1) : own;
  const wanted = query.terms.length ? all.filter((entry) => matches(entry, query, inBody)) : all;
  return { query, wanted, all };
}
const inBody = (text, entry) => (!entry.tenant || entry.tenant === tenant) && Boolean(bodies.get(text)?.has(entry.number));

/** @param {number} added */
function redraw(added) {
  if (!listing || !$("entries")) return;
  const { query, wanted, all } = listed();
  const before = listing.items.length;
  const items = rows(wanted, folds, open);
  listing.options.rowHeight = rowHeight();
  listing.show(items, added ? Math.max(0, items.length - before) : 0);
  const kept = all.length, total = query.tenants.length ? kept : exchanges.total;
  put($("shown"), query.problem ? h("span", { class: "bad" }, query.problem) : `${query.terms.length ? `${wanted.length} of ` : ""}${kept} exchange${kept === 1 ? "" : "s"}`
    + (total > kept ? ` (${total} since the start)` : ""));
  put($("first"), exchanges.total === 0 && !isPaused ? firstSteps() : null);
  listing.element.hidden = exchanges.total === 0 && all.length === 0;
}

let askTimer = 0;
/** The filter changed, or there is more to look for in contents. */
function asked() {
  redraw(0);
  clearTimeout(askTimer);
  askTimer = window.setTimeout(async () => {
    const query = parse(filter);
    try {
      const upTo = exchanges.last;
      for (const text of bodies.keys()) if (!query.bodies.includes(text)) bodies.delete(text);
      for (const text of query.bodies) {
        const found = await get(`journal?limit=1000&body=${encodeURIComponent(text)}`);
        bodies.set(text, new Set(found.entries.map((entry) => entry.number)));
      }
      bodiesUpTo = upTo;
      if (query.tenants.length) await readOthers(query);
    } catch (error) { notice(/** @type {Error} */ (error).message, true); }
    redraw(0);
  }, 250);
}
const OTHERS_MAX = 8;
/** @param {import("./query.mjs").Query} query */
async function readOthers(query) {
  const { tenants } = await get("tenants");
  const names = tenants.filter((one) => one.loaded && one.name !== tenant).map((one) => one.name)
    .filter((name) => query.terms.some((term) => term.kind === "tenant" && !term.not && term.test({ tenant: name }))).slice(0, OTHERS_MAX);
  const pages = await Promise.all(names.map((name) => get("journal?limit=500", { tenant: name })));
  others = pages.flatMap((page, index) => page.entries.map((entry) => ({ ...entry, tenant: names[index] })));
}
// What others do is seen by looking again.
setInterval(() => { if ($("entries") && !document.hidden && !isPaused && parse(filter).tenants.length) asked(); }, 2000);

followers.add((news) => {
  if (!news.length) { bodies.clear(); open.clear(); freshFrom = exchanges.last; }
  if (!isPaused) {
    redraw(news.length);
    if (news.length && parse(filter).bodies.length && exchanges.last > bodiesUpTo) asked();
  } else if (!exchanges.entries.length) { held = []; redraw(0); }
});

const clear = act(async () => {
  if (!await confirmed("Clear the journal?", `What tenant ${tenant} was asked so far is forgotten; its world stays.`, "Clear")) return false;
  await call("DELETE", "journal");
  return true;
}, "The journal is empty.");

export function journalView() {
  freshFrom = exchanges.last;
  listing = new RowList({
    id: "entries", label: "Exchanges, newest first", row: drawRow, rowHeight: rowHeight(),
    heads: [["No.", "c-number"], ["Time", "wide c-time"], ["Request", "c-request"], ["Operation", "wide c-operation"], ["Status", "c-status"], ["Rules", "wide c-rules"], ["Took", "wide c-took"]],
  });
  const pause = button(isPaused ? "Go on" : "Pause", () => {
    isPaused = !isPaused;
    held = isPaused ? exchanges.entries.slice() : [];
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Go on" : "Pause";
    redraw(0);
  }, { "aria-pressed": String(isPaused), title: "Holds this list; the server goes on" });
  setTimeout(() => redraw(0));
  return [
    h("div", { class: "row" },
      h("label", { class: "grow" }, "Filter ", h("input", {
        type: "search", id: "filter", value: filter, placeholder: "5xx !op rule:slow* body:text", list: "filter-words",
        oninput: (event) => { filter = event.target.value; asked(); },
      })),
      button("?", showLanguage, { "aria-label": "How to filter" }),
      pause,
      h("label", {}, h("input", { type: "checkbox", id: "fold", checked: folds, onchange: (event) => { folds = event.target.checked; redraw(0); } }), " Fold polls"),
      button("Clear", clear),
      button("HAR", act(() => download("journal.har", `wavetank-${tenant}.har`), "The journal is in your downloads.")),
      h("span", { id: "shown", class: "quiet", role: "status" })),
    h("div", { id: "first" }),
    listing.element,
  ];
}

function showLanguage() {
  const words = [["5xx  404  400-499", "the status"], ["op:GLOB  op  !op", "the operation; any; none that is known"], ["service:NAME", "of this service"],
    ["rule:GLOB  rule", "struck by this rule; by any"], ["fault  fault:reset", "with a fault on the line"], ["remark", "with a remark"],
    ["method:POST  target:/api/*", "method and target"], ["took:>100", "milliseconds"], ["#42", "the number"], ["tenant:GLOB", "the journals of these tenants too"],
    ["body:TEXT", "what was sent or answered holds it"], ["anything else", "somewhere in the row or in the contents"], ["!word", "turns a word round"], ["\"two words\"", "held together"]];
  dialog("How to filter", h("p", {}, "Words apart by spaces; each must hold."), h("dl", {}, words.map(([word, sense]) => [h("dt", {}, h("code", {}, word)), h("dd", {}, sense)])));
}
