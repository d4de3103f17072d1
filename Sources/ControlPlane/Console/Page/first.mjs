// @ts-check
// The first visit to an empty server: how to make the first request, with each client.
import { clientKey, prefix, tenant } from "./api.mjs";
import { button, copy, h } from "./dom.mjs";
import { services } from "./services.mjs";

export function firstSteps() {
  const base = location.origin + (prefix || (tenant === "default" ? "" : "/_t/" + tenant));
  const steps = [...services.values()].flatMap((one) => (one.first?.(base, clientKey(), tenant) || []).map((step) => ({ title: one.title, ...step })));
  return h("section", { class: "first", "aria-labelledby": "first-title" },
    h("h2", { id: "first-title" }, "Nothing has happened yet"),
    h("p", {}, "Point a client at ", h("code", {}, base), " and make the first request; it lights up here as it arrives."),
    h("div", { class: "cards" }, steps.map((step) => h("div", { class: "card" }, h("h3", {}, `${step.title}: ${step.client}`), h("pre", { tabindex: 0 }, step.code),
      button("Copy", (event) => copy(step.code, event.target), { "aria-label": `Copy the ${step.client} lines of ${step.title}` })))));
}
