// @ts-check
// The page: its views, which of them is shown, and what keeps it fresh.
import { afterAction, fixedTenant, get, readTenant, tenant } from "./api.mjs";
import { clock, readClock, startClock } from "./clock.mjs";
import { followDemo } from "./demo.mjs";
import { $, h, kept, notice, pretty, put, watchPointer } from "./dom.mjs";
import { exchangeView } from "./exchange.mjs";
import { journalView } from "./journal.mjs";
import { followers, listen } from "./live.mjs";
import { numbersView, startNumbers } from "./numbers.mjs";
import { startPalette } from "./palette.mjs";
import { startPresenter } from "./presenter.mjs";
import { go, goTenant, here, route } from "./router.mjs";
import { scenarioView } from "./scenario.mjs";
import { services } from "./services.mjs";
import { restore, tenantsView } from "./tenants.mjs";
import { timeView } from "./time.mjs";

/** @typedef {{content: any, refresh?: () => any, stop?: () => void}} Drawn */
/** Tabs in their order: title and what draws it, with the rest of the address. @type {Map<string, [string, (path: string[]) => Promise<Drawn> | Drawn]>} */
const views = new Map();

/** A service's tab: drawn anew when its state is another one; its details follow by themselves. @param {string} name */
function serviceView(name) {
  return async (path) => {
    const service = /** @type {any} */ (services.get(name));
    let text = "";
    const read = async () => {
      const state = await get("state/" + name), now = JSON.stringify(state);
      const isSame = now === text;
      text = now;
      return isSame ? null : state;
    };
    const state = await read(), detail = path.length ? service.detail?.(path, state) : null;
    if (detail) return { content: [h("p", {}, h("a", { href: "#" + name }, "← " + service.title)), detail.content], stop: detail.stop, refresh: async () => { const fresh = await read(); if (fresh) detail.refresh?.(fresh); } };
    const box = h("div", {});
    const draw = (fresh) => put(box, service.view(fresh), h("details", {}, h("summary", {}, "Everything, as JSON"), pretty(fresh)));
    draw(state);
    return { content: [box], refresh: async () => { const fresh = await read(); if (fresh) kept(box, () => draw(fresh)); } };
  };
}

/** @type {Drawn | null} */
let drawn = null;
let turn = 0, shown = "";
async function draw() {
  if (readTenant()) { listen(); followDemo(); }
  const { view, rest } = here(), name = views.has(view) ? view : "journal";
  const mine = ++turn, isOther = name !== shown;
  shown = name;
  drawTabs();
  let next;
  try {
    next = await (name === "journal" && rest[0] ? exchange(rest[0]) : /** @type {any} */ (views.get(name))[1](rest));
  } catch (error) {
    notice(/** @type {Error} */ (error).message, true);
    next = { content: [h("p", {}, h("a", { href: "#" + name }, "← Back")), h("p", { class: "bad" }, /** @type {Error} */ (error).message)] };
  }
  if (mine !== turn) return next.stop?.();
  drawn?.stop?.();
  drawn = next;
  put($("main"), next.content);
  $("main").setAttribute("aria-labelledby", "tab-" + name);
  if (isOther || rest.length) window.scrollTo(0, 0);
  if (rest.length) $("main").focus({ preventScroll: true });
  document.title = rest.length ? `${rest.join(" ")} · Wavetank` : "Wavetank";
}
const exchange = async (number) => ({ content: await exchangeView(number) });

function drawTabs() {
  const tabs = [...views].map(([name, [label]]) => h("button", {
    role: "tab", id: "tab-" + name, type: "button", "aria-selected": String(name === shown), "aria-controls": "main", tabindex: name === shown ? 0 : -1, onclick: () => go(name),
  }, label));
  const hadFocus = $("tabs").contains(document.activeElement);
  put($("tabs"), tabs);
  const tab = $("tab-" + shown);
  if (hadFocus) tab.focus({ preventScroll: true });
  // In view, also where the tabs do not all fit.
  $("tabs").scrollLeft = tab.offsetLeft - ($("tabs").clientWidth - tab.offsetWidth) / 2;
}
function pressedOnTabs(event) {
  const names = [...views.keys()], step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const next = step ? names[(names.indexOf(shown) + step + names.length) % names.length] : { Home: names[0], End: names[names.length - 1] }[event.key];
  if (next) { event.preventDefault(); go(next); }
}

let due = 0;
/** How long the last look took: a large world is looked at less often, so that looking costs it little. */
let lookTook = 0;
/** Looks again, at most four times in a second. */
function refreshSoon() {
  if (due) return;
  due = window.setTimeout(async () => {
    const begun = performance.now();
    try { await Promise.all([readClock().catch(() => {}), readTenants(), drawn?.refresh?.()]); } catch (error) { notice(/** @type {Error} */ (error).message, true); }
    lookTook = performance.now() - begun;
    due = 0;
  }, Math.max(250, Math.min(5000, lookTook * 8)));
}
async function readTenants() {
  const { tenants } = await get("tenants").catch(() => ({ tenants: [] }));
  const names = [...new Set([tenant, ...tenants.map((one) => one.name)])].sort(), select = $("tenant");
  if (names.join() !== [...select.options].map((one) => one.value).join()) put(select, names.map((name) => h("option", { value: name }, name)));
  select.value = tenant;
  select.disabled = Boolean(fixedTenant);
}

function startDropping() {
  document.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); document.body.classList.add("dropping"); } });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", async (event) => {
    const file = event.dataTransfer?.files[0];
    document.body.classList.remove("dropping");
    if (!file) return;
    event.preventDefault();
    await dropped(file);
  });
}
/** A snapshot is restored; else the service whose view is shown may take it. @param {File} file */
async function dropped(file) {
  const taker = services.get(shown)?.drop?.(file);
  if (taker) {
    try { notice(await taker); } catch (error) { notice(/** @type {Error} */ (error).message, true); }
    return refreshSoon();
  }
  if (/\.(tar\.gz|tgz|gz)$/i.test(file.name)) return restore(file);
  notice(`Nobody takes ${file.name} here: drop a snapshot, or a package in the view of the service that runs it.`, true);
}

function start() {
  const plain = (draw) => async () => ({ content: await draw() });
  views.set("journal", ["Journal", plain(journalView)]);
  views.set("time", ["Time", timeView]);
  for (const [name, service] of services) views.set(name, [service.title, serviceView(name)]);
  views.set("scenario", ["Scenario", scenarioView]);
  views.set("numbers", ["Numbers", numbersView]);
  views.set("tenants", ["Tenants", tenantsView]);
  route.changed = () => { if (here().view !== "main") draw(); };
  $("tabs").addEventListener("keydown", pressedOnTabs);
  $("tenant").addEventListener("change", () => goTenant($("tenant").value, shown));
  $("notice-close").addEventListener("click", () => notice(""));
  $("skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
  watchPointer();
  afterAction.add(refreshSoon);
  followers.add(refreshSoon);
  // What happens by the clock alone, or by others through the control API, sends no exchange: look now and then.
  let looks = 0;
  setInterval(() => { if (!document.hidden && (clock?.nextDue || ++looks % 3 === 0)) refreshSoon(); }, 1000);
  startClock();
  startDropping();
  startPalette();
  startPresenter();
  startNumbers();
  draw();
  listen();
  readClock().catch((error) => notice(error.message, true));
  readTenants();
  followDemo();
}
start();
