// @ts-check
// Ctrl-K: everything that can be done, found by a few letters; and forms for what wants to know more.
import { act, call, download, get, tenant } from "./api.mjs";
import { advance, toggleClock } from "./clock.mjs";
import { isPlaying, startDemo, stopDemo } from "./demo.mjs";
import { $, button, closeDialog, dialog, h, put } from "./dom.mjs";
import { showText } from "./exchange.mjs";
import { setFilter } from "./journal.mjs";
import { startPresenting } from "./presenter.mjs";
import { go, goTenant } from "./router.mjs";
import { resetTenant, use } from "./scenario.mjs";
import { services } from "./services.mjs";
import { takeSnapshot } from "./tenants.mjs";

/** @typedef {import("./services.mjs").Command} Command */

/**
 * Asks for what an action wants to know.
 * @param {string} title @param {Array<{name: string, label: string, value?: any, options?: string[], kind?: "text" | "json" | "file" | "number", about?: string}>} inputs
 * @param {string} verb @param {(values: any) => any} work @param {string} [said] @param {string} [about]
 */
export function ask(title, inputs, verb, work, said, about) {
  const error = h("p", { class: "bad", role: "alert" });
  const elements = inputs.map((one) => one.options ? h("select", { name: one.name }, one.options.map((option) => h("option", { selected: option === one.value }, option)))
    : one.kind === "json" ? h("textarea", { name: one.name, rows: 6, class: "mono", spellcheck: "false" }, one.value ?? "")
      : h("input", { name: one.name, type: one.kind === "file" ? "file" : one.kind === "number" ? "number" : "text", value: one.kind === "file" ? undefined : one.value ?? "" }));
  const value = (one, element) => one.kind === "file" ? element.files[0] : one.kind === "json" ? (element.value.trim() ? JSON.parse(element.value) : undefined) : element.value;
  const form = h("form", {
    class: "asking", onsubmit: async (event) => {
      event.preventDefault();
      error.textContent = "";
      try {
        const values = Object.fromEntries(inputs.map((one, index) => [one.name, value(one, elements[index])]));
        const text = await work(values);
        closeDialog();
        await act(() => {}, typeof text === "string" ? text : said)();
      } catch (problem) { error.textContent = /** @type {Error} */ (problem).message; }
    },
  }, about ? h("p", {}, about) : null, inputs.map((one, index) => h("label", {}, one.label, elements[index], one.about ? h("span", { class: "quiet" }, one.about) : null)), error,
    h("p", {}, h("button", { class: "main", type: "submit" }, verb)));
  dialog(title, form);
  elements[0]?.focus();
}

/** Makes something happen now. @param {any} event */
export const emit = (event) => call("POST", "emit", event);

/** @returns {Promise<Command[]>} */
async function commands() {
  const [states, force, shipped, { tenants }] = await Promise.all([get("state"), get("scenario/rules"), get("scenarios"), get("tenants")]);
  const own = [...services].flatMap(([name, service]) => (service.commands?.(states[name]) || []).map((one) => ({ ...one, about: one.about || service.title })));
  return [
    ...own,
    { name: "Expire a key", about: "every call with it is refused from now on", run: () => ask("Expire a key", [{ name: "key", label: "Key", value: "wt-" + tenant }, { name: "status", label: "It is answered with", value: "401", kind: "number" }], "Expire", ({ key, status }) => emit({ expireKey: { key, status: Number(status) } }), "The key is expired.") },
    { name: "Step to the next event", about: "clock", run: () => advance({ toNext: true }) },
    { name: "Stop or run the clock", about: "clock", run: toggleClock },
    { name: "Advance the clock", about: "clock", run: () => ask("Advance the clock", [{ name: "by", label: "By", value: "1h" }], "Advance", ({ by }) => call("POST", "clock/advance", { by }), "Advanced.") },
    { name: "Reset the tenant", about: tenant, run: resetTenant },
    { name: "Download a snapshot", about: "send it to a colleague, who drops it on this page", run: takeSnapshot },
    { name: "Download the journal as HAR", about: tenant, run: act(() => download("journal.har", `wavetank-${tenant}.har`), "The journal is in your downloads.") },
    { name: "Show failures only", about: "journal", run: () => { setFilter("5xx"); go("journal"); } },
    { name: "Show what no operation answers", about: "journal", run: () => { setFilter("!op"); go("journal"); } },
    isPlaying() ? { name: "End the demo", about: "the world stays as it is", run: stopDemo } : { name: "Demo: let this world live", about: "a story of ten minutes, with a failure and a recovery", run: startDemo },
    { name: "Presenter's view", about: "large type, next step on space", run: startPresenting },
    { name: "Emit an event", about: "any that the scenario language knows", run: () => ask("Emit an event", [{ name: "event", label: "Event as JSON", value: "{\"advance\": \"2s\"}", kind: "json" }], "Emit", ({ event }) => emit(event), "It happened.") },
    { name: "Verify", about: "ask the journal whether it came so", run: () => ask("Verify", [{ name: "question", label: "Question as JSON", value: "{\"match\": {\"operation\": \"*\"}, \"atLeast\": 1}", kind: "json" }], "Ask", async ({ question }) => { const verdict = await (await call("POST", "verify", question)).json(); setTimeout(() => showText("The verdict", JSON.stringify(verdict, null, 2))); }) },
    ...(force.rules || []).map((rule) => ({ name: `${rule.enabled === false ? "Switch on" : "Switch off"} the rule ${rule.name}`, about: "scenario", run: act(() => call("PATCH", "scenario/rules/" + encodeURIComponent(rule.name), { enabled: rule.enabled === false }), "Done.") })),
    ...(shipped.about || []).map((one) => ({ name: `Use the scenario ${one.name}`, about: one.description, run: () => use(one.name, false) })),
    ...tenants.filter((one) => one.name !== tenant).map((one) => ({ name: `Go to tenant ${one.name}`, about: "tenants", run: () => goTenant(one.name, "journal") })),
    ...["journal", "time", ...services.keys(), "scenario", "numbers", "tenants"].map((name) => ({ name: `Go to ${services.get(name)?.title || name}`, about: "view", run: () => go(name) })),
  ];
}

/** The letters must come in order; the tighter and the earlier, the better. @param {string} text @param {string} letters @returns {number} −1: not at all */
export function score(text, letters) {
  const whole = text.toLowerCase(), at = whole.indexOf(letters);
  if (at >= 0) return 1000 - at - whole.length / 100 + (at === 0 || whole[at - 1] === " " ? 50 : 0);
  let position = -1, gaps = 0;
  for (const letter of letters.replaceAll(" ", "")) {
    const next = whole.indexOf(letter, position + 1);
    if (next < 0) return -1;
    gaps += next - position - 1;
    position = next;
  }
  return 500 - gaps - whole.length / 100;
}

async function openPalette() {
  const box = $("palette");
  if (box.open) return box.close();
  /** @type {Command[]} */
  let all = [], shown = [];
  let chosen = 0;
  const options = h("ul", { role: "listbox", id: "commands", "aria-label": "What can be done" });
  const input = h("input", {
    id: "palette-input", type: "search", role: "combobox", "aria-controls": "commands", "aria-expanded": "true", "aria-autocomplete": "list", "aria-label": "What shall be done?", placeholder: "What shall be done?", autocomplete: "off",
    oninput: () => { chosen = 0; draw(); }, onkeydown: (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && shown.length) { chosen = (chosen + step + shown.length) % shown.length; draw(); event.preventDefault(); }
      if (event.key === "Enter") { event.preventDefault(); run(shown[chosen]); }
    },
  });
  const run = (command) => { if (command) { box.close(); command.run(); } };
  const draw = () => {
    const letters = input.value.trim().toLowerCase();
    shown = letters ? all.map((one) => ({ one, rank: Math.max(score(one.name, letters), score(`${one.name} ${one.about || ""}`, letters) - 100) })).filter((found) => found.rank >= 0).sort((a, b) => b.rank - a.rank).map((found) => found.one) : all;
    put(options, shown.slice(0, 60).map((one, index) => h("li", { role: "option", id: "command-" + index, "aria-selected": String(index === chosen), onclick: () => run(one) }, h("span", {}, one.name), h("span", { class: "quiet" }, one.about || ""))));
    if (!shown.length) put(options, h("li", { class: "quiet", role: "option", "aria-selected": "false", "aria-disabled": "true" }, all.length ? "Nothing is called so." : "…"));
    input.setAttribute("aria-activedescendant", "command-" + chosen);
    options.children[chosen]?.scrollIntoView({ block: "nearest" });
  };
  put(box, input, options, h("p", { class: "row" }, h("span", { class: "quiet" }, "↑ ↓ choose, Enter does it"), button("Close", () => box.close())));
  draw();
  box.showModal();
  input.focus();
  await act(async () => { all = await commands(); draw(); return false; })();
}

export function startPalette() {
  $("palette-open").addEventListener("click", openPalette);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); }
  });
}
