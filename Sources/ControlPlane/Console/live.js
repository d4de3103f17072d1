// ---- scenario and rules
const addRule = (operation, effect) => call("POST", "scenario/rules",
  // A fault of TLS strikes connections, which have no operation.
  { name: `console ${operation} ${Date.now() % 1e6}`, match: effect.fault?.tls ? {} : { operation }, ...effect });
let scenarioSchema = null;
/** The description of scenario files, which is the server's own: what it gains, this page shows. */
const description = async () => scenarioSchema ||= await get("scenario.schema.json");
/** The object at a place such as `rule.fault`: of several forms, the one with keys. */
function at(schema, path) {
  const [name, ...rest] = path.split(".");
  const withKeys = (one) => (one.anyOf || [one]).find((form) => form.properties) || {};
  return rest.reduce((object, key) => withKeys(object.properties[key]), withKeys(schema.$defs[name]));
}
/** Its keys, each with a sentence and an example. */
const keys = (object) => Object.entries(object.properties || {}).map(([key, one]) => (
  { key, sentence: one.description, example: [...(one.examples || []), ...(one.enum || []), !one.default][0] }));
function putIn(draft, { key, example }) {
  try { draft.value = JSON.stringify({ ...JSON.parse(draft.value), [key]: example }, null, 2); } catch (error) { notice(`The rule is no JSON: ${error.message}`, true); }
}
async function scenarioView() {
  const [scenario, known, force, shipped, schema] = await Promise.all([get("scenario"), get("operations"), get("scenario/rules"), get("scenarios"), description()]);
  const rules = force.rules || [], variables = force.variables || {};
  const operations = (known.operations || []).map((one) => one.name);
  const effects = { "fail with 503": { error: 503 }, "fail with 429": { error: 429 }, "delay 2 s": { delay: "2s" } };
  for (const { key, sentence, example } of keys(at(schema, "rule.fault"))) effects[`${key}: ${sentence}`] = { fault: { [key]: example } };
  const described = keys(schema.$defs.rule);
  const key = h("select", { id: "rule-key" }, described.map((one) => h("option", { value: one.key }, `${one.key}: ${one.sentence}`)));
  const draft = h("textarea", { id: "rule-draft", rows: 8, spellcheck: "false", "aria-label": "A rule as JSON" }, JSON.stringify({ name: "mine", match: { operation: "*" } }, null, 2));
  const operation = h("select", { id: "rule-operation" }, ["*", ...operations].map((name) => h("option", {}, name)));
  const effect = h("select", { id: "rule-effect" }, Object.keys(effects).map((name) => h("option", {}, name)));
  const times = h("input", { id: "rule-times", type: "number", min: 1, placeholder: "always", style: "width:6rem" });
  const text = h("textarea", { id: "rule-text", spellcheck: "false", "aria-label": "The scenario as JSON" }, JSON.stringify(scenario, null, 2));
  const ready = h("select", { id: "rule-shipped" }, (shipped.scenarios || []).map((name) => h("option", {}, name)));
  const one = (name) => "scenario/rules/" + encodeURIComponent(name);
  const path = (rule) => { const { name, match, ...rest } = rule; return JSON.stringify(rest); };
  return [
    h("h2", {}, "Add a fault"),
    h("div", { class: "row" }, h("label", {}, "Operation ", operation), h("label", {}, "shall ", effect), h("label", {}, "times ", times),
      h("button", { type: "button", class: "main", onclick: act(() => addRule(operation.value, { ...effects[effect.value], ...(times.value ? { times: Number(times.value) } : {}) }), "The rule is in force.") }, "Add")),
    h("h2", {}, "Write a rule"),
    h("div", { class: "row" }, h("label", {}, "Key ", key), h("button", { type: "button", onclick: () => putIn(draft, described.find((one) => one.key === key.value)) }, "Put it in")),
    draft,
    h("div", { class: "row" }, h("button", { type: "button", class: "main", onclick: act(() => call("POST", "scenario/rules", $("rule-draft").value), "The rule is in force.") }, "Add the rule")),
    h("h2", {}, "Rules in force"),
    rules.length ? h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Rules in force" }, h("table", {}, h("thead", {}, h("tr", {}, ["On", "Name", "Match", "Effect", "Fired", "Met"].map((name) => h("th", { scope: "col" }, name)), h("td", {}))),
      h("tbody", {}, rules.map((rule) => h("tr", {},
        h("td", {}, h("input", { type: "checkbox", checked: rule.enabled !== false, "aria-label": `Rule ${rule.name} is on`, onchange: (event) => act(() => call("PATCH", one(rule.name), { enabled: event.target.checked }))() })),
        h("td", {}, rule.name), h("td", { class: "mono" }, JSON.stringify((rule.rule || {}).match || {})), h("td", { class: "mono" }, path(rule.rule || {})),
        h("td", {}, String(rule.struck)), h("td", { class: "quiet" }, String(rule.reached)),
        h("td", {}, h("button", { type: "button", "aria-label": `Remove rule ${rule.name}`, onclick: act(() => call("DELETE", one(rule.name)), "Removed.") }, "Remove"))))))) : h("p", { class: "quiet" }, "No rules: the services answer as usual."),
    Object.keys(variables).length ? [h("h2", {}, "Variables"), list(Object.entries(variables).map(([name, value]) => [name, JSON.stringify(value)]))] : null,
    h("h2", {}, "Scenario"),
    h("div", { class: "row" }, h("label", {}, "A shipped one ", ready), h("button", { type: "button", onclick: act(async () => { await call("PUT", "scenario?name=" + encodeURIComponent(ready.value)); begin(); }, "The scenario is in force; the tenant began anew.") }, "Use it")),
    text,
    h("div", { class: "row" }, h("button", { type: "button", class: "main", onclick: act(async () => { await call("PUT", "scenario", $("rule-text").value); begin(); }, "The scenario is in force; the tenant began anew.") }, "Put in force"),
      h("button", { type: "button", onclick: act(async () => { await call("POST", "reset"); begin(); }, "The tenant is as at its start.") }, "Reset the tenant")),
  ];
}

// ---- tenants and snapshots
async function tenantsView() {
  const { tenants } = await get("tenants");
  const file = h("input", { type: "file", id: "snapshot-file", accept: ".gz,.tgz", "aria-label": "A snapshot to restore" });
  return [
    h("h2", {}, "Snapshot of " + tenant),
    h("div", { class: "row" }, h("button", { type: "button", class: "main", onclick: act(() => download("snapshot", `wavetank-${tenant}.tar.gz`)) }, "Download"),
      file, h("button", { type: "button", onclick: act(async () => { if (!file.files[0]) throw new Error("Choose a file first."); await call("PUT", "snapshot", file.files[0]); file.value = ""; begin(); }, "Restored.") }, "Restore")),
    h("h2", {}, "Tenants"),
    h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["Name", "Clock", "Exchanges", ""].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, tenants.map((one) => h("tr", {}, h("td", {}, h("button", { class: "link", type: "button", onclick: () => choose(one.name) }, one.name), one.name === tenant ? " (shown)" : ""), h("td", {}, one.loaded ? `${one.clock.mode}, ${when(one.clock.now)}` : "saved, not in use"), h("td", {}, one.loaded ? String(one.exchanges) : ""),
        h("td", {}, one.name === "default" ? null : h("button", { type: "button", onclick: act(() => call("DELETE", "tenants/" + one.name), "Dropped.") }, "Drop"))))))),
  ];
}

// ---- views, kept fresh by the journal's events
views.scenario = ["Scenario", scenarioView];
views.tenants = ["Tenants", tenantsView];
let shown = views[location.hash.slice(1)] ? location.hash.slice(1) : "journal", drawn = 0;
function drawTabs() {
  $("tabs").replaceChildren(...Object.entries(views).map(([name, [label]]) => h("button", { role: "tab", id: "tab-" + name, type: "button", "aria-selected": String(name === shown), "aria-controls": "main", tabindex: name === shown ? 0 : -1, onclick: () => show(name) }, label)));
  $("main").setAttribute("aria-labelledby", "tab-" + shown);
}
$("tabs").addEventListener("keydown", (event) => {
  const names = Object.keys(views), step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const next = step ? names[(names.indexOf(shown) + step + names.length) % names.length] : { Home: names[0], End: names.at(-1) }[event.key];
  if (next) { event.preventDefault(); show(next); $("tab-" + next).focus(); }
});
function show(name) { if (shown !== name) notice(""); shown = name; history.replaceState(null, "", "#" + name); drawTabs(); draw(true); }
let isPressed = false, drawnView = "";
document.addEventListener("pointerdown", () => { isPressed = true; });
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { isPressed = false; });
/** Draws the view anew, unless somebody is typing in it. */
async function draw(isAsked) {
  const focus = document.activeElement;
  if (!isAsked && ($("main").contains(focus) && /INPUT|TEXTAREA|SELECT/.test(focus.tagName) && focus.type !== "checkbox" || $("snapshot-file")?.files.length)) return;
  // A button that is being pressed must be there until it is let go.
  if (!isAsked && isPressed) return refreshSoon();
  const turn = ++drawn, name = shown, focused = $("main").contains(focus) ? [...$("main").querySelectorAll("button,a,summary,pre")].indexOf(focus) : -1;
  try {
    const open = [...$("main").querySelectorAll("details")].map((one) => one.open);
    const content = await views[name][1]();
    if (turn !== drawn || name !== shown) return;
    const held = name === drawnView ? [...$("main").querySelectorAll("select[id],input[type=number][id],textarea[id]")].map((one) => [one.id, one.value, one.tagName !== "TEXTAREA" || (one.value !== one.defaultValue && !isSaved)]) : [];
    $("main").replaceChildren(...content.flat(9).filter(Boolean));
    for (const [id, value, isKept] of held) if (isKept && $(id)) $(id).value = value;
    drawnView = name;
    isSaved = false;
    [...$("main").querySelectorAll("details")].forEach((one, index) => { one.open = open[index] || false; });
    if (focused >= 0) [...$("main").querySelectorAll("button,a,summary,pre")][focused]?.focus();
  } catch (error) { notice(error.message, true); }
}
let due = 0;
function refreshSoon() {
  if (due) return;
  due = setTimeout(() => { due = 0; readClock().catch(() => {}); readTenants(); if (shown !== "journal") draw(false); }, 250);
}
async function readTenants() {
  const { tenants } = await get("tenants").catch(() => ({ tenants: [] }));
  const names = [...new Set([tenant, ...tenants.map((one) => one.name)])].sort();
  if (names.join() !== [...$("tenant").options].map((one) => one.value).join()) $("tenant").replaceChildren(...names.map((name) => h("option", { value: name }, name)));
  $("tenant").value = tenant;
  $("tenant").disabled = Boolean(fixed);
}
/** Forgets what was listed: another tenant, or the same one from its start. */
function begin() { kept.length = 0; drawEntries(); listen(); }
function choose(name) { tenant = name; begin(); show(shown); refreshSoon(); }
$("tenant").addEventListener("change", () => choose($("tenant").value));

let listener = null;
/** Follows the journal's server-sent events; begins again when the connection ends. */
async function listen() {
  listener?.abort();
  const mine = listener = new AbortController();
  try {
    const page = await get("journal?limit=300");
    kept.push(...page.entries.sort((a, b) => a.number - b.number));
    drawEntries();
  } catch (error) { notice(error.message, true); }
  while (!mine.signal.aborted) {
    try {
      const last = kept.at(-1)?.number ?? 0;
      const answer = await call("GET", "journal/stream?since=" + last, undefined, { signal: mine.signal });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      notice("");
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const events = (rest + value).split("\n\n");
        rest = events.pop();
        let isNew = false;
        for (const event of events) {
          const data = event.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("");
          if (!data || !event.includes("event: exchange")) continue;
          const entry = JSON.parse(data);
          if (kept.some((one) => one.number === entry.number && one.arrived === entry.arrived)) continue;
          // The tenant began anew, here or elsewhere: its exchanges count from 1 again.
          if (kept.some((one) => one.number === entry.number)) kept.length = 0;
          kept.push(entry);
          isNew = true;
        }
        if (kept.length > 1000) kept.splice(0, kept.length - 1000);
        if (isNew) { drawEntries(true); refreshSoon(); }
      }
    } catch (error) { if (mine.signal.aborted) return; }
    notice("The connection to the server ended; trying again…", true);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
// What happens by the clock alone sends no exchange: while time runs, look now and then.
setInterval(() => { if (clock && clock.nextDue && !document.hidden) refreshSoon(); }, 1000);
drawTabs();
show(shown);
listen();
readClock().catch((error) => notice(error.message, true));
readTenants();
