// @ts-check
// One exchange: what was asked and answered, side by side, why it came out so, and what to do with it.
import { act, call, get, prefix, tenant } from "./api.mjs";
import { button, copy, dialog, h, list, notice, put, size, span, styled, when, withIds } from "./dom.mjs";
import { outcome } from "./journal.mjs";
import { exchanges, followers } from "./live.mjs";
import { go } from "./router.mjs";
import { EFFECTS, curl, draft, javascript, pytest, python, respondLike, ruleOf } from "./snippets.mjs";
import { farRules, nearMisses, story } from "./why.mjs";

const addRule = (rule) => call("POST", "scenario/rules", rule);
const where = () => ({ origin: location.origin, tenant });

/** @param {string} number */
export async function exchangeView(number) {
  const [entry, inForce] = await Promise.all([get("journal/" + encodeURIComponent(number)), get("scenario/rules")]);
  const rules = new Map((inForce.rules || []).map((rule) => [rule.name, rule.rule]));
  const later = exchanges.entries.find((one) => one.number > entry.number), before = exchanges.entries.filter((one) => one.number < entry.number).pop();
  return [
    h("p", { class: "row" }, h("a", { href: "#journal", id: "back" }, "← Journal"),
      before ? h("a", { href: "#journal/" + before.number, rel: "prev" }, `#${before.number} before`) : null,
      later ? h("a", { href: "#journal/" + later.number, rel: "next" }, `#${later.number} after`) : null,
      button("Copy the link", (event) => copy(`${location.origin}${prefix}/_wavetank/console${prefix ? "" : "?tenant=" + tenant}#journal/${entry.number}`, event.target))),
    h("h2", { tabindex: -1, id: "exchange" }, `Exchange ${entry.number}: `, h("span", { class: "mono" }, entry.method + " ", withIds(entry.target)), " ", outcome(entry)),
    list([["operation", entry.operation || "none"], ["nearest", entry.hint], ["arrived", when(entry.arrived)], ["took", entry.durationMilliseconds === null ? "not ended" : span(entry.durationMilliseconds)],
      ["ended", entry.ending], ["on the line", entry.fault], ["from", `${entry.peer}, connection ${entry.connection}, request ${entry.numberOnConnection} on it`]]),
    timing(entry, rules),
    actions(entry, rules),
    reasons(entry, rules),
    entry.tree ? [h("h3", {}, "Calls of its code"), h("ul", { class: "calls" }, callTree(entry.tree, entry.number))] : null,
    h("div", { class: "sides" }, side("Request", entry.request, entry.requestBytes), side(`Answer ${entry.status ?? ""} ${entry.response.reason || ""}`, entry.response, entry.responseBytes)),
  ];
}

/** Where the time went, as far as the journal knows it: what rules held back, and the rest. @param {any} entry @param {Map<string, any>} rules */
function timing(entry, rules) {
  const took = entry.durationMilliseconds;
  if (took === null || took === undefined) return h("p", { class: "quiet" }, "It is still going on.");
  const phases = entry.phases || {};
  const parts = [["read", "reading the request", phases.readMilliseconds], ["service", "rules and service, until the answer was known", phases.serviceMilliseconds], ["rules", "held back by rules", phases.heldMilliseconds], ["write", "writing the answer", phases.writeMilliseconds]]
    .filter(([, , value]) => value > 0);
  const whole = parts.length ? parts : [["service", "in all", took]];
  const marks = (entry.rules || []).map((name) => [name, effectOf(rules.get(name))]).filter(([, effect]) => effect);
  return h("figure", { class: "timing", "aria-label": "Where the time went: " + whole.map(([, name, value]) => `${name} ${span(value)}`).join(", ") },
    h("div", { class: "bar", "aria-hidden": "true" }, whole.map(([kind, name, value]) => styled(h("span", { class: "part " + kind, title: `${name}: ${span(value)}` }), { flex: `${100 * Math.max(Number(value), took / 60) / took || 1} 0 0` })),
      entry.fault ? h("span", { class: "part fault", title: "fault on the line: " + entry.fault }, "⚡ " + entry.fault) : null),
    h("figcaption", {}, whole.map(([kind, name, value]) => h("span", { class: "key " + kind }, `${name} ${span(value)}`)), marks.map(([name, effect]) => h("span", { class: "key rules" }, `${name}: ${effect}`))));
}
/** @param {any} rule */
export function effectOf(rule) {
  if (!rule) return "";
  const { name, match, description, enabled, ...effect } = rule;
  return Object.keys(effect).length ? JSON.stringify(effect) : "";
}

/** @param {any} entry @param {Map<string, any>} rules */
function reasons(entry, rules) {
  const told = story(entry), missed = nearMisses(entry), far = farRules(entry);
  const withRule = (one) => h("li", { class: one.kind }, one.text, one.rule && rules.has(one.rule)
    ? h("details", {}, h("summary", {}, "the rule"), h("pre", { tabindex: 0 }, JSON.stringify(rules.get(one.rule), null, 2)), h("a", { href: "#scenario/" + encodeURIComponent(one.rule) }, "to the rule")) : null);
  return h("section", { class: "why", "aria-labelledby": "why-title" }, h("h3", { id: "why-title" }, "Why it came out so"), h("ul", {}, told.map(withRule)),
    missed.length ? h("details", { open: missed.length < 4 }, h("summary", {}, `${missed.length} rule${missed.length === 1 ? "" : "s"} nearly struck`), h("ul", {}, missed.map(withRule))) : null,
    far.length ? h("details", {}, h("summary", {}, `${far.length} rule${far.length === 1 ? " is" : "s are"} about other requests`), h("ul", {}, far.map(withRule))) : null);
}

/** @param {string} title @param {any} part @param {number} bytes */
function side(title, part, bytes) {
  const body = h("div", {});
  const text = part.content;
  let json;
  try { json = text === undefined || text === "" ? undefined : JSON.parse(text); } catch { json = undefined; }
  const show = (isRaw) => {
    const shown = text ? (isRaw || json === undefined ? text : JSON.stringify(json, null, 2)) : part.contentBase64 ? "base64: " + part.contentBase64 : "";
    put(body, shown ? h("pre", { tabindex: 0 }, shown) : h("p", { class: "quiet" }, "no content"),
      part.contentIsCut ? h("p", { class: "quiet" }, `The first bytes of ${size(part.contentBytes)}; the journal keeps no more.`) : null);
  };
  const raw = button("Raw", () => {
    const isRaw = raw.getAttribute("aria-pressed") !== "true";
    raw.setAttribute("aria-pressed", String(isRaw));
    show(isRaw);
  }, { "aria-pressed": "false", "aria-label": `${title}: raw content` });
  show(false);
  return h("section", { class: "side", "aria-label": title }, h("div", { class: "row" }, h("h3", {}, title), h("span", { class: "quiet" }, size(bytes || 0)), json === undefined ? null : raw),
    h("dl", { class: "fields" }, part.fields.map((one) => [h("dt", {}, one.name), h("dd", {}, one.value)])), body);
}

/** @param {any} entry @param {Map<string, any>} rules */
function actions(entry, rules) {
  const one = draft(entry, where());
  const struck = (entry.rules || []).map((name) => rules.get(name)).filter(Boolean);
  const copied = (label, text) => button(label, async (event) => { await copy(text); event.target.textContent = "Copied"; notice(`${label.replace("Copy as ", "")} is in your clipboard.`); });
  const effect = h("select", { "aria-label": "What shall become of it", id: "rule-of" }, EFFECTS.map(([name]) => h("option", {}, name)), h("option", { value: "so" }, "answer exactly so"));
  return h("div", { class: "actions" },
    h("div", { class: "row" },
      button("Send again", act(() => send(one)), { class: "main", disabled: one.isCut || undefined, title: one.isCut ? "The journal keeps only a part of its content" : "The same request, with this tenant's key" }),
      button("Edit and send", () => edit(one)),
      copied("Copy as curl", curl(one)), copied("Copy as Python", python(one)), copied("Copy as JavaScript", javascript(one)),
      button("Make a test", () => showText("A test of this, for pytest with the kit", pytest(entry, one, struck)))),
    h("div", { class: "row" }, h("label", {}, "From now on, requests like this shall ", effect),
      button("Make the rule", act(async () => {
        const chosen = EFFECTS.find(([name]) => name === effect.value);
        if (!chosen && entry.response.contentIsCut) throw new Error("The journal keeps only a part of this answer.");
        await addRule(chosen ? ruleOf(entry, chosen[1], chosen[0]) : ruleOf(entry, respondLike(entry), "answer so"));
      }, "The rule is in force; the scenario's view shows it."))));
}

/** @param {string} title @param {string} text */
export function showText(title, text) {
  dialog(title, h("div", { class: "row" }, button("Copy", (event) => copy(text, event.target), { class: "main" })), h("pre", { tabindex: 0 }, text));
}

/** Fields that a browser sets itself and lets nobody else set. Source: Fetch standard, "forbidden request-header". */
const FORBIDDEN = /^(accept-charset|accept-encoding|access-control-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i;

/** Sends it and goes to what became of it. @param {import("./snippets.mjs").Draft} one */
async function send(one) {
  const headers = new Headers();
  for (const [name, value] of one.fields) if (!FORBIDDEN.test(name)) headers.append(name, value);
  const mark = `console-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
  headers.set("X-Request-Id", mark);
  const seen = found(mark);
  const content = one.base64 ? Uint8Array.from(atob(one.base64), (byte) => byte.charCodeAt(0)) : one.content;
  const hasContent = content !== undefined && !/^(GET|HEAD)$/i.test(one.method);
  const answer = await fetch(one.url, { method: one.method, headers, body: hasContent ? content : undefined }).catch((error) => error);
  if (answer instanceof Response) answer.arrayBuffer().catch(() => {});
  const number = await seen;
  if (number) {
    go("journal/" + number);
    setTimeout(() => notice(`It is exchange ${number} now.`), 300);
  } else if (answer instanceof Error) throw answer;
  else notice("Sent; its exchange has not ended yet.");
}
/** The number of the exchange with this request id, when it has ended. @param {string} mark @returns {Promise<number | null>} */
function found(mark) {
  return new Promise((resolve) => {
    const ask = async () => {
      const page = await get("journal?limit=1&request=" + mark).catch(() => null);
      if (page?.entries.length) end(page.entries[0].number);
    };
    const end = (number) => { followers.delete(ask); clearTimeout(timer); resolve(number); };
    const timer = setTimeout(() => end(null), 5000);
    followers.add(ask);
  });
}

/** @param {import("./snippets.mjs").Draft} one */
function edit(one) {
  const method = h("input", { value: one.method, id: "send-method", size: 8 });
  const url = h("input", { value: one.url, id: "send-url", class: "wide-input" });
  const fields = h("textarea", { id: "send-fields", rows: 6, spellcheck: "false", class: "mono" }, one.fields.map(([name, value]) => `${name}: ${value}`).join("\n"));
  const content = h("textarea", { id: "send-content", rows: 8, spellcheck: "false", class: "mono", placeholder: one.base64 ? "Bytes that are no text: they go as they were unless something stands here." : undefined }, one.content || "");
  const error = h("p", { class: "bad", role: "alert" });
  dialog("Edit and send", h("p", { class: "quiet" }, "The journal keeps no credentials: a masked key is this tenant's own here."),
    h("div", { class: "row" }, h("label", {}, "Method ", method), h("label", { class: "grow" }, "URL ", url)),
    h("label", {}, "Fields", fields), h("label", {}, "Content", content), error,
    h("div", { class: "row" }, button("Send", async () => {
      try {
        const target = new URL(url.value, location.origin);
        if (target.origin !== location.origin) throw new Error("It can go to this server only.");
        const pairs = fields.value.split("\n").filter((line) => line.trim()).map((line) => /** @type {[string, string]} */ ([line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]));
        await send({ method: method.value.trim().toUpperCase(), url: target.href, fields: pairs, content: content.value === "" ? undefined : content.value, base64: content.value === "" ? one.base64 : undefined, isCut: false });
        document.querySelector("dialog[open]")?.dispatchEvent(new Event("cancel"));
        /** @type {any} */ (document.getElementById("dialog")).close();
      } catch (problem) { error.textContent = /** @type {Error} */ (problem).message; }
    }, { class: "main", id: "send-now" })));
}

/** An exchange with the calls that its code made, and theirs: the one that is shown is marked. @param {any} one @param {number} shown */
const callTree = (one, shown) => h("li", {},
  h("a", { href: "#journal/" + one.number, "aria-current": String(one.number === shown) }, `#${one.number} ${one.method || ""} `, withIds(one.target || "")),
  " ", one.status ?? "–", " ", h("span", { class: "quiet" }, one.operation || ""),
  one.calls.length ? h("ul", {}, one.calls.map((call) => callTree(call, shown))) : null);
