"use strict";
const prefix = location.pathname.replace(/\/_wavetank\/console.*$/, "");
const fixed = (prefix.match(/^\/_t\/([^/]+)/) || [])[1];
let tenant = fixed || new URLSearchParams(location.search).get("tenant") || "default";
// In this module alone: no storage, no property of a window, so no other page of this origin reads it.
let token = "", asking = null, mayAsk = true;
const $ = (id) => document.getElementById(id);

/** An element; children that are text are text, so nothing from the network becomes markup. */
function h(tag, attributes, ...children) {
  const svg = ["svg", "path", "rect", "text", "g", "circle", "line", "marker", "defs", "title"].includes(tag) && attributes && attributes.svg;
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "svg" || value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(9)) if (child !== undefined && child !== null && child !== false) element.append(child);
  return element;
}
const s = (tag, attributes, ...children) => h(tag, { ...attributes, svg: true }, ...children);

function notice(text, isBad) {
  $("notice").textContent = text;
  $("notice").className = isBad ? "bad" : "";
  $("notice").hidden = !text;
}

function fields(more) {
  const all = { "X-Wavetank-Tenant": tenant, ...more };
  if (token) all.Authorization = "Bearer " + token;
  return all;
}
/** The token from its dialog, "" when the user would not; once, however many calls wait for it. */
function askToken(isWrong) {
  asking ||= new Promise((resolve) => {
    $("token-note").textContent = isWrong ? "That is not this server's token." : "This server's control API wants its token.";
    $("token-dialog").returnValue = "";
    $("token-dialog").addEventListener("close", () => {
      const given = $("token-dialog").returnValue === "ok" ? $("token").value.trim() : "";
      $("token").value = "";
      asking = null;
      mayAsk = Boolean(given);
      resolve(given);
    }, { once: true });
    $("token-dialog").showModal();
  });
  return asking;
}
async function call(method, path, body, options) {
  const shown = token;
  const answer = await fetch(`/_wavetank/${path}`, {
    method, headers: fields(body instanceof Blob ? {} : { "Content-Type": "application/json" }),
    body: body === undefined ? undefined : body instanceof Blob || typeof body === "string" ? body : JSON.stringify(body),
    ...options,
  });
  if (answer.status === 401) {
    // Another call may have asked meanwhile.
    if (token === shown && mayAsk) token = await askToken(shown !== "");
    if (token && token !== shown) return call(method, path, body, options);
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    const places = (problem.problems || []).map((p) => `${p.pointer}: ${p.message}`).join("; ");
    throw new Error([problem.detail || problem.title || answer.status, places].filter(Boolean).join(" — "));
  }
  return answer;
}
const get = async (path) => (await call("GET", path)).json();
/** Set when an action went well: what was typed for it need not be kept. */
let isSaved = false;
/** Runs an action of the user: what goes wrong is said, and the view is fresh afterwards. */
function act(work, said) {
  return async () => {
    mayAsk = true;
    try { await work(); notice(said || ""); isSaved = true; } catch (error) { notice(error.message, true); }
    refreshSoon();
  };
}
function dialog(title, ...content) {
  $("dialog-title").textContent = title;
  $("dialog-body").replaceChildren(...content.flat(9).filter(Boolean));
  $("dialog").scrollTop = 0;
  if (!$("dialog").open) $("dialog").showModal();
}
$("dialog").addEventListener("close", () => { if (dialog.stop) { dialog.stop(); dialog.stop = null; } });
const pretty = (value) => h("pre", { tabindex: 0 }, typeof value === "string" ? value : JSON.stringify(value, null, 2));
const list = (pairs) => h("dl", {}, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => [h("dt", {}, name), h("dd", {}, value instanceof Node ? value : String(value))]));
const when = (text) => (text || "").replace("T", " ").replace(/(\.\d{3})\d*Z?$/, "$1");
const hue = (word) => /success|succeed|complete|running|connected/i.test(word) ? (/running/i.test(word) ? "warn" : "good")
  : /fail|error|terminat|kill|refus|crash/i.test(word) ? "bad" : /wait|start|retry|stopping|schedul/i.test(word) ? "warn" : "quiet";
const cards = (items, empty) => items.length ? h("div", { class: "cards" }, items) : h("p", { class: "quiet" }, empty);
const tag = (word) => h("span", { class: "tag " + hue(word) }, word);

// ---- the clock
let clock = null;
function showClock(next) {
  if (next) clock = { ...next, seen: Date.now() };
  if (!clock) return;
  const speed = clock.mode === "real" ? 1 : clock.mode === "scaled" ? clock.factor : 0;
  const now = new Date(Date.parse(clock.now) + (Date.now() - clock.seen) * speed);
  $("now").textContent = now.toISOString().replace("T", " ").slice(0, 19) + "Z";
  if (next) {
    if (document.activeElement !== $("mode")) $("mode").value = clock.mode;
    $("factor-label").hidden = $("mode").value !== "scaled";
    $("pause").textContent = speed ? "Pause" : "Run";
    const isToday = (clock.nextDue || "").slice(0, 10) === clock.now.slice(0, 10);
    $("due").textContent = clock.nextDue ? "next due " + when(clock.nextDue).slice(isToday ? 11 : 0) : "nothing due";
  }
}
async function readClock() { showClock(await get("clock")); }
const setClock = (body) => act(async () => showClock(await (await call("PUT", "clock", body())).json()))();
const wanted = () => $("mode").value === "scaled" ? { mode: "scaled", factor: Number($("factor").value) || 60 } : { mode: $("mode").value };
$("mode").addEventListener("change", () => { $("factor-label").hidden = $("mode").value !== "scaled"; setClock(wanted); });
$("factor").addEventListener("change", () => setClock(wanted));
$("pause").addEventListener("click", () => setClock(() => ({ mode: $("pause").textContent === "Pause" ? "manual" : "real" })));
const advance = (body) => act(async () => showClock(await (await call("POST", "clock/advance", body)).json()))();
$("step").addEventListener("click", () => advance({ toNext: true }));
$("advance").addEventListener("click", () => advance({ by: $("by").value.trim() }));
setInterval(() => showClock(), 250);
