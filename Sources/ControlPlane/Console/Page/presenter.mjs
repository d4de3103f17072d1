// @ts-check
// The presenter's view: large type, full screen, and the next step of a story on space.
import { tenant } from "./api.mjs";
import { chapter, demoWatchers, startDemo, titled } from "./demo.mjs";
import { h, put } from "./dom.mjs";
import { go } from "./router.mjs";

/** @type {Array<{title: string, text: string, view?: string}>} */
let steps = [];
let position = -1;
/** @type {HTMLElement | null} */
let strip = null;

/** What is told, and in which view. */
const GENERAL = [
  { title: "One server, three clouds", text: "Unmodified clients talk to it as they talk to the real services. Each request is here as it comes.", view: "journal" },
  { title: "Time is ours", text: "What is due next, in all services; the clock can be stopped, stepped and sped up.", view: "time" },
  { title: "Failure on purpose", text: "A rule says what goes wrong, when and how often.", view: "scenario" },
  { title: "It says why", text: "Each exchange tells which rule struck, and which nearly did.", view: "journal" },
  { title: "Numbers", text: "What it does in a second, and how long it takes.", view: "numbers" },
];

function drawStrip() {
  if (!strip) return;
  const step = steps[position], now = chapter();
  put(strip, h("p", {}, h("strong", {}, `${position + 1}/${steps.length} ${step.title}`), " ", step.text),
    now ? h("p", { class: "story" }, h("strong", {}, titled(now)), ". ", now.text) : null);
}
function tellStep() {
  drawStrip();
  const view = steps[position]?.view;
  if (strip && view) go(view);
}

export function startPresenting() {
  steps = GENERAL;
  position = 0;
  document.body.classList.add("presenting");
  strip?.remove();
  strip = h("aside", { id: "presenter", role: "status", tabindex: -1, "aria-label": `The story of tenant ${tenant}` });
  document.body.append(/** @type {HTMLElement} */ (strip));
  document.documentElement.requestFullscreen?.().catch(() => {});
  // So that space is the next step, and not what the focus was on.
  strip?.focus();
  tellStep();
}

function stopPresenting() {
  document.body.classList.remove("presenting");
  strip?.remove();
  strip = null;
  if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
}

export function startPresenter() {
  demoWatchers.add(drawStrip);
  document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement && strip) stopPresenting(); });
  document.addEventListener("keydown", (event) => {
    if (!strip || document.querySelector("dialog[open]") || /INPUT|TEXTAREA|SELECT|BUTTON|SUMMARY|^A$/.test(document.activeElement?.tagName || "")) return;
    const step = { " ": 1, ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      position = Math.min(steps.length - 1, Math.max(0, position + step));
      tellStep();
    } else if (event.key === "Escape") stopPresenting();
  });
  const asked = new URLSearchParams(location.search);
  if (asked.has("present")) startPresenting();
  if (asked.has("demo")) startDemo();
}
