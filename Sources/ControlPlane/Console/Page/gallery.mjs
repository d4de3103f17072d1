// @ts-check
// The shipped scenarios, with what each does.
import { button, cards, h } from "./dom.mjs";
import { showText } from "./exchange.mjs";

/** @param {Array<{name: string, description: string, rules: number, text: string}>} about @param {(name: string, keepsWorld: boolean) => any} use */
export const gallery = (about, use) => h("div", { id: "gallery" }, cards(about.map((one) => h("article", { class: "card", "data-scenario": one.name },
  h("h3", {}, one.name), h("p", {}, one.description), h("p", { class: "quiet" }, one.rules ? `${one.rules} rule${one.rules === 1 ? "" : "s"}` : "no rules"),
  h("div", { class: "row" }, button("Use it", () => use(one.name, false), { class: "main", "aria-label": `Use ${one.name}` }),
    button("Keep the world", () => use(one.name, true), { "aria-label": `Use ${one.name} and keep the world`, title: "Its rules, with the world as it is" }),
    button("Text", () => showText(one.name, one.text), { "aria-label": `The text of ${one.name}` })))), "None are shipped."));
