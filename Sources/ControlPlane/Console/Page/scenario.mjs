// @ts-check
// The scenario in force: its rules, an editor, and those that are shipped.
import { Refusal, act, call, get, tenant } from "./api.mjs";
import { $, button, confirmed, h, kept, notice, put } from "./dom.mjs";
import { Editor } from "./editor.mjs";
import { gallery } from "./gallery.mjs";
import { ruleCards } from "./rules.mjs";
import { at, keysOf } from "./schema.mjs";
import { EFFECTS } from "./snippets.mjs";

/** @type {any} */
let root = null;
/** @type {string[]} */
let operations = [];
/** @type {string[]} */
let ruleNames = [];
/** The description of scenario files, which is the server's own: what it gains, this page shows. */
export const description = async () => root ||= await get("scenario.schema.json");
const known = async () => { if (!operations.length) operations = (await get("operations")).operations.map((one) => one.name); return operations; };

const language = (schema) => () => root && { root, schema: schema(), operations, rules: ruleNames };
const checked = (kind) => async (text) => (await (await call("POST", "scenario/check?as=" + kind, text)).json()).problems;

/** Tells what was refused in its place, and so that it is seen. @param {Editor} editor @param {() => Promise<any>} work @param {string} said */
const refused = (editor, work, said) => act(async () => {
  try {
    const isDone = await work();
    if (isDone !== false) editor.show([]);
    return isDone;
  } catch (error) {
    if (error instanceof Refusal && error.problems.length) {
      editor.show(error.problems);
      editor.element.scrollIntoView({ block: "nearest" });
      if (error.problems[0].line) editor.goTo(error.problems[0].line, error.problems[0].column || 1);
    }
    throw error;
  }
}, said);

/** The effects that one click gives, and the faults that the language has. */
function effects() {
  /** @type {Record<string, any>} */
  const all = Object.fromEntries(EFFECTS.slice(0, 4));
  for (const { key, sentence, example } of keysOf(root, at(root, root.$defs.rule, ["fault"]))) all[`${key}: ${sentence}`] = { fault: { [key]: example } };
  return all;
}

/** @type {Editor | null} */
let ruleEditor = null;
/** @type {Editor | null} */
let scenarioEditor = null;
/** What was put in the fields, so that it is there when one comes back. */
const drafts = { rule: JSON.stringify({ name: "mine", match: { operation: "*" } }, null, 2), scenario: "" };

/** @param {string[]} path a rule's name, to be shown */
export async function scenarioView(path) {
  const [scenario, force, shipped] = await Promise.all([get("scenario"), get("scenario/rules"), get("scenarios"), description(), known()]);
  ruleNames = (force.rules || []).map((rule) => rule.name);
  const isDraft = drafts.scenario !== "";
  ruleEditor = new Editor({ id: "rule-draft", label: "A rule as JSON", rows: 8, text: drafts.rule, language: language(() => root.$defs.rule), check: checked("rules") });
  scenarioEditor = new Editor({ id: "rule-text", label: "The scenario as JSON", rows: 18, text: isDraft ? drafts.scenario : JSON.stringify(scenario, null, 2), language: language(() => root), check: checked("scenario") });
  ruleEditor.area.addEventListener("input", () => { drafts.rule = /** @type {Editor} */ (ruleEditor).value; });
  scenarioEditor.area.addEventListener("input", () => { drafts.scenario = /** @type {Editor} */ (scenarioEditor).value; });
  const cardsOfRules = h("div", { id: "rules", "aria-live": "off" });
  put(cardsOfRules, ruleCards(force, editRule));
  const content = [
    quick(), h("h2", {}, "Rules in force"), cardsOfRules,
    h("h2", {}, "Write a rule"), ruleEditor.element,
    h("div", { class: "row" }, button("Add the rule", refused(ruleEditor, () => call("POST", "scenario/rules", ruleEditor?.value), "The rule is in force."), { class: "main" })),
    h("h2", {}, "The whole scenario"), scenarioEditor.element, wholeActions(scenarioEditor),
    h("h2", {}, "Shipped scenarios"), gallery(shipped.about || [], use),
  ];
  if (path[0]) setTimeout(() => document.getElementById("rule-" + path[0])?.scrollIntoView({ block: "center" }));
  return { content, refresh: async () => { const force = await get("scenario/rules"), box = $("rules"); if (box) kept(box, () => put(box, ruleCards(force, editRule))); await refreshText(); } };
}

/** The text in force, where nobody has changed it here. */
async function refreshText() {
  if (!scenarioEditor || drafts.scenario || document.activeElement === scenarioEditor.area) return;
  const text = JSON.stringify(await get("scenario"), null, 2);
  if (text !== scenarioEditor.value) scenarioEditor.value = text;
}

/** @param {any} rule */
function editRule(rule) {
  if (!ruleEditor) return;
  ruleEditor.value = drafts.rule = JSON.stringify(rule, null, 2);
  ruleEditor.element.scrollIntoView({ block: "center" });
  ruleEditor.area.focus();
  notice("Adding it again under the same name replaces it.");
}

function quick() {
  const all = effects();
  const operation = h("select", { id: "rule-operation" }, ["*", ...operations].map((name) => h("option", {}, name)));
  const effect = h("select", { id: "rule-effect" }, Object.keys(all).map((name) => h("option", {}, name)));
  const times = h("input", { id: "rule-times", type: "number", min: 1, placeholder: "always", class: "short" });
  return [h("h2", {}, "Add a fault"), h("div", { class: "row" }, h("label", {}, "Operation ", operation), h("label", {}, "shall ", effect), h("label", {}, "times ", times),
    button("Add", act(() => {
      // A fault of TLS strikes connections, which have no operation.
      // The same again is the same rule, its counts at zero: it does not pile up.
      const rule = { name: `console: ${operation.value} ${effect.value.replace(/:.*/, "")}`, match: all[effect.value].fault?.tls ? {} : { operation: operation.value }, ...all[effect.value] };
      return call("POST", "scenario/rules", times.value ? { ...rule, times: Number(times.value) } : rule);
    }, "The rule is in force."), { class: "main" }))];
}

/** @param {Editor} editor */
function wholeActions(editor) {
  const keep = h("input", { type: "checkbox", id: "keep-world" });
  return h("div", { class: "row" },
    button("Put in force", refused(editor, async () => {
      if (!keep.checked && !await confirmed("Put this scenario in force?", `Tenant ${tenant} begins anew from it: its world, its clock and its journal are dropped.`, "Begin anew")) return false;
      await call("PUT", "scenario" + (keep.checked ? "?keep=world" : ""), editor.value);
      drafts.scenario = "";
      editor.area.blur();
      return true;
    }, "The scenario is in force."), { class: "main" }),
    h("label", {}, keep, " keep the world"),
    button("As it is in force", async () => { drafts.scenario = ""; editor.value = JSON.stringify(await get("scenario"), null, 2); notice("That is the scenario in force."); }),
    button("Reset the tenant", resetTenant));
}

export const resetTenant = act(async () => {
  if (!await confirmed("Reset the tenant?", `Tenant ${tenant} goes back to its start: its world, its clock and its journal are dropped.`, "Reset")) return false;
  await call("POST", "reset");
  return true;
}, "The tenant is as at its start.");

/** @param {string} name @param {boolean} keepsWorld */
export const use = (name, keepsWorld) => act(async () => {
  if (!keepsWorld && !await confirmed(`Put “${name}” in force?`, `Tenant ${tenant} begins anew from it: its world, its clock and its journal are dropped.`, "Begin anew")) return false;
  await call("PUT", `scenario?name=${encodeURIComponent(name)}${keepsWorld ? "&keep=world" : ""}`);
  drafts.scenario = "";
  await refreshText();
  return true;
}, keepsWorld ? `“${name}” is in force; the world stays.` : `“${name}” is in force; the tenant began anew.`)();
