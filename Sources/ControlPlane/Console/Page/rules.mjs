// @ts-check
// The rules in force as cards: counters, on and off, order, and why one does not strike.
import { act, call, get } from "./api.mjs";
import { button, dialog, h, put, styled } from "./dom.mjs";
import { effectOf } from "./exchange.mjs";
import { exchanges } from "./live.mjs";
import { sentence } from "./why.mjs";

const ruleAt = (name) => "scenario/rules/" + encodeURIComponent(name);
/** @type {Map<string, {count: number, at: number}>} how often each had struck when it was drawn last, and when it was seen to strike */
const strikes = new Map();
/** How long a card blinks, however often it is drawn anew meanwhile. */
const BLINKS = 3000;
let dragged = "";

const move = (name, position) => act(() => call("PATCH", ruleAt(name), { position }), `“${name}” is rule ${position} now.`)();

/** @param {any} rule @param {number} index @param {number} count @param {(rule: any) => void} edit */
function card(rule, index, count, edit) {
  const before = strikes.get(rule.name), at = before && rule.struck > before.count ? Date.now() : before?.at || 0, since = Date.now() - at;
  strikes.set(rule.name, { count: rule.struck, at });
  const isOn = rule.enabled !== false, source = rule.rule || {};
  return styled(h("article", {
    class: `card rule${isOn ? "" : " off"}${since < BLINKS ? " struck" : ""}`, id: "rule-" + rule.name, draggable: "true", "data-rule": rule.name,
    ondragstart: (event) => { dragged = rule.name; event.dataTransfer.setData("text/plain", rule.name); },
    ondragover: (event) => { if (dragged) event.preventDefault(); },
    ondrop: (event) => { event.preventDefault(); if (dragged && dragged !== rule.name) move(dragged, index + 1); dragged = ""; },
    ondragend: () => { dragged = ""; },
  },
    h("div", { class: "row" }, h("span", { class: "grip", "aria-hidden": "true", title: "Drag to another place" }, "⠿"), h("h3", { class: "grow" }, rule.name),
      h("span", { class: "count-of", title: "How often it struck, of the requests that reached it" }, h("strong", { class: "struck-count" }, String(rule.struck)), ` of ${rule.reached}`)),
    source.description ? h("p", {}, source.description) : null,
    h("dl", {}, h("dt", {}, "when"), h("dd", { class: "mono" }, JSON.stringify(source.match || {})), h("dt", {}, "then"), h("dd", { class: "mono" }, effectOf(source) || "nothing")),
    h("div", { class: "row" },
      h("label", {}, h("input", { type: "checkbox", checked: isOn, "aria-label": `Rule ${rule.name} is on`, onchange: (event) => act(() => call("PATCH", ruleAt(rule.name), { enabled: event.target.checked }), event.target.checked ? "Switched on." : "Switched off.")() }), " on"),
      button("↑", () => move(rule.name, index), { disabled: index === 0, "aria-label": `Move ${rule.name} up` }),
      button("↓", () => move(rule.name, index + 2), { disabled: index === count - 1, "aria-label": `Move ${rule.name} down` }),
      button("Why not?", () => whyNot(rule.name), { "aria-label": `Why ${rule.name} does not strike` }),
      button("Edit", () => edit(source), { "aria-label": `Edit ${rule.name}` }),
      button("Remove", act(() => call("DELETE", ruleAt(rule.name)), "Removed."), { "aria-label": `Remove rule ${rule.name}` }))), { "--since": `-${Math.min(since, BLINKS)}ms` });
}

/** @param {any} force @param {(rule: any) => void} edit */
export function ruleCards(force, edit) {
  const rules = force.rules || [], variables = Object.entries(force.variables || {});
  return [
    rules.length ? h("div", { class: "cards" }, rules.map((rule, index) => card(rule, index, rules.length, edit))) : h("p", { class: "quiet" }, "No rules: the services answer as usual."),
    variables.length ? [h("h3", {}, "Variables"), h("dl", {}, variables.map(([name, value]) => [h("dt", {}, name), h("dd", { class: "mono" }, JSON.stringify(value))]))] : null,
  ];
}

const LOOKED_AT = 12;
/** The last exchanges, each with why the rule struck it or not; follows what comes. @param {string} name */
async function whyNot(name) {
  const body = h("div", { id: "why-not" });
  dialog(`Why “${name}” does or does not strike`, h("p", { class: "quiet" }, `The last ${LOOKED_AT} exchanges, and what comes.`), body);
  let drawn = -1;
  const look = async () => {
    if (!body.isConnected || !(/** @type {any} */ (document.getElementById("dialog")).open)) return clearInterval(timer);
    if (drawn === exchanges.last) return;
    drawn = exchanges.last;
    const latest = exchanges.entries.slice(-LOOKED_AT).reverse();
    const whole = await Promise.all(latest.map((entry) => get("journal/" + entry.number).catch(() => null)));
    put(body, whole.filter(Boolean).length ? h("ul", { class: "why" }, whole.filter(Boolean).map((entry) => {
      const found = (entry.why?.rulesConsidered || []).find((rule) => rule.rule === name);
      const told = found ? sentence(found) : { kind: "missed", text: (entry.rules || []).length ? `Rule “${entry.rules[0]}” stands before it and struck first.` : "It was not in force then, or is about other operations." };
      return h("li", { class: told.kind }, h("a", { href: "#journal/" + entry.number }, "#" + entry.number), ` ${entry.operation || entry.method + " " + entry.target}: `, told.text);
    })) : h("p", {}, "Nothing has been asked yet."));
  };
  const timer = setInterval(look, 500);
  await look();
}
