// ---- the journal
const kept = [];
let isPaused = false, filter = "";
const wantedEntry = (entry) => !filter || [entry.operation, entry.method, entry.target, entry.status, ...(entry.rules || []), entry.ending]
  .join(" ").toLowerCase().includes(filter);
/** The tenant is known: its prefix need not stand in every row. */
const short = (target) => target.startsWith(`/_t/${tenant}/`) ? target.slice(tenant.length + 4) : target;
function entryRow(entry, isNew) {
  const status = entry.status ?? "–";
  return h("tr", { class: isNew ? "new" : "" },
    h("td", {}, h("button", { class: "link", type: "button", "aria-label": `Why exchange ${entry.number} came out so`, onclick: () => why(entry.number) }, "#" + entry.number)),
    h("td", { class: "mono wide" }, when(entry.arrived).slice(11)),
    h("td", { class: "mono target", title: entry.target }, entry.method + " " + short(entry.target)),
    h("td", { class: "wide" }, entry.operation || h("span", { class: "quiet" }, entry.hint ? "none; " + entry.hint : "none")),
    h("td", { class: status >= 500 ? "bad" : status >= 400 ? "warn" : "good" }, String(status), entry.ending && entry.ending !== "completed" ? " " + entry.ending : ""),
    h("td", {}, (entry.rules || []).map(tag), (entry.remarks || []).map((r) => h("span", { class: "warn", title: r }, "⚑ remark "))),
    h("td", { class: "wide" }, entry.durationMilliseconds === null ? "" : Number(entry.durationMilliseconds).toFixed(1) + " ms"));
}
function drawEntries(isNew) {
  const body = $("entries");
  if (!body || isPaused) return;
  body.replaceChildren(...kept.filter(wantedEntry).slice(-300).reverse().map((entry, index) => entryRow(entry, isNew && index === 0)));
  $("shown").textContent = `${kept.filter(wantedEntry).length} of the last ${kept.length} exchanges`;
}
function journalView() {
  const pause = h("button", { type: "button", "aria-pressed": String(isPaused), onclick: () => { isPaused = !isPaused; pause.setAttribute("aria-pressed", isPaused); pause.textContent = isPaused ? "Go on" : "Pause"; drawEntries(); } }, isPaused ? "Go on" : "Pause");
  const view = [
    h("div", { class: "row" },
      h("label", {}, "Filter ", h("input", { type: "search", id: "filter", value: filter, placeholder: "operation, target, status, rule", oninput: (event) => { filter = event.target.value.toLowerCase(); drawEntries(); } })),
      pause,
      h("button", { type: "button", onclick: act(async () => { await call("DELETE", "journal"); kept.length = 0; drawEntries(); }, "The journal is empty.") }, "Clear"),
      h("button", { type: "button", onclick: act(() => download("journal.har", `wavetank-${tenant}.har`)) }, "HAR"),
      h("span", { id: "shown", class: "quiet" })),
    h("div", { class: "scroll" }, h("table", {}, h("caption", { class: "quiet", style: "text-align:left" }, "Newest first"),
      h("thead", {}, h("tr", {}, ["No.", "Time", "Request", "Operation", "Status", "Rules", "Took"].map((name, i) => h("th", { scope: "col", class: [1, 3, 6].includes(i) ? "wide" : "" }, name)))),
      h("tbody", { id: "entries" }))),
  ];
  setTimeout(drawEntries);
  return view;
}
async function download(path, name) {
  const blob = await (await call("GET", path)).blob();
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 5000);
}
function curl(entry) {
  const quote = (text) => "'" + String(text).replaceAll("'", "'\\''") + "'";
  const skip = ["host", "content-length", "connection", "accept-encoding", "transfer-encoding"];
  const url = /^https?:/.test(entry.target) ? entry.target : location.origin + entry.target;
  const parts = ["curl -i -X " + entry.method + " " + quote(url)];
  for (const { name, value } of entry.request.fields) if (!skip.includes(name.toLowerCase())) parts.push("-H " + quote(name + ": " + value));
  if (!entry.request.fields.some((f) => f.name.toLowerCase() === "x-wavetank-tenant") && tenant !== "default" && !entry.target.startsWith("/_t/")) parts.push("-H " + quote("X-Wavetank-Tenant: " + tenant));
  if (entry.request.content) parts.push("--data-binary " + quote(entry.request.content));
  return parts.join(" \\\n  ");
}
async function why(number) {
  let entry;
  try { entry = await get("journal/" + number); } catch (error) { return notice(error.message, true); }
  const text = curl(entry);
  const faults = entry.operation ? [["Fail with 503", { error: 503 }], ["Slow, 2 s", { delay: "2s" }], ["Reset", { fault: "reset" }], ["Cut inside the body", { fault: { truncate: { afterBytes: 1 } } }], ["Never finish", { fault: "stall" }]] : [];
  const side = (title, part) => [h("h3", {}, title), pretty(part.fields.map((f) => `${f.name}: ${f.value}`).join("\n")),
    part.content ? pretty(part.content) : part.contentBase64 ? pretty("base64: " + part.contentBase64) : h("p", { class: "quiet" }, "no content"), part.contentIsCut ? h("p", { class: "quiet" }, `the first bytes of ${part.contentBytes}`) : null];
  dialog(`Exchange ${number}: ${entry.method} ${entry.target}`,
    list([["operation", entry.operation || "none"], ["hint", entry.hint], ["status", entry.status], ["ended", entry.ending], ["took", entry.durationMilliseconds + " ms"], ["rules", (entry.rules || []).join(", ")], ["remarks", (entry.remarks || []).join("; ")]]),
    h("div", { class: "row" }, h("button", { type: "button", class: "main", onclick: async (event) => { await navigator.clipboard.writeText(text).catch(() => {}); event.target.textContent = "Copied"; } }, "Copy as curl"),
      faults.length ? h("span", { class: "quiet" }, "From now on, this operation:") : null,
      faults.map(([label, effect]) => h("button", { type: "button", onclick: act(() => addRule(entry.operation, effect), `Rule added for ${entry.operation}.`) }, label))),
    h("h3", {}, "Why it came out so"), pretty(entry.why), side("Request", entry.request), side("Response", entry.response), h("h3", {}, "As curl"), pretty(text));
}

// ---- Steamship
const cards = (items, empty) => items.length ? h("div", { class: "cards" }, items) : h("p", { class: "quiet" }, empty);
async function steamshipView() {
  const state = await get("state/steamship");
  const steps = { waiting: 0.1, running: 0.55, succeeded: 1, failed: 1 };
  const tasks = (state.tasks || []).slice(-60).reverse();
  return [
    h("h2", {}, "Tasks"),
    cards(tasks.map((task) => h("div", { class: "card" }, tag(task.state || "?"), h("span", { class: "mono" }, (task.name || "").replace("/api/v1/", "")),
      h("progress", { max: 1, value: steps[task.state] ?? 0, "aria-label": `task ${task.id} is ${task.state}` }), h("code", {}, task.id), task.message ? h("p", {}, task.message) : null)), "No tasks yet."),
    h("h2", {}, "Workspaces"),
    cards((state.users || []).flatMap((user) => (user.workspaces || []).map((space) => h("div", { class: "card" }, h("h3", {}, space.handle), h("span", { class: "quiet" }, "of " + user.handle),
      list([["packages", (space.packageInstances || []).join(", ")], ["plugins", (space.pluginInstances || []).join(", ")], ["files", space.files]])))), "No workspaces."),
    h("h2", {}, "Packages"),
    cards((state.packages || []).map((p) => h("div", { class: "card" }, h("h3", {}, p.handle || p), p.isPublic ? tag("public") : null)), "No packages."),
    h("details", {}, h("summary", {}, "Everything"), pretty(state)),
  ];
}

// ---- Scramjet
function flow(topic) {
  const writers = Math.min(topic.writers || 0, 6), stream = topic.stream || {}, readers = Math.min(stream.readers || 0, 6);
  const height = Math.max(writers, readers, 1) * 22 + 16, middle = height / 2;
  const at = (index, count) => middle + (index - (count - 1) / 2) * 22;
  const nodes = [];
  for (let i = 0; i < writers; i++) nodes.push(s("path", { class: "edge", d: `M40 ${at(i, writers)} C90 ${at(i, writers)} 80 ${middle} 120 ${middle}` }), s("circle", { cx: 34, cy: at(i, writers), r: 6, fill: "var(--warn)" }));
  for (let i = 0; i < readers; i++) nodes.push(s("path", { class: "edge", d: `M200 ${middle} C240 ${middle} 230 ${at(i, readers)} 280 ${at(i, readers)}` }), s("circle", { cx: 286, cy: at(i, readers), r: 6, fill: "var(--good)" }));
  return s("svg", { class: "graph", viewBox: `0 0 320 ${height}`, width: 320, height, role: "img", "aria-label": `${topic.writers || 0} writers, ${stream.readers || 0} readers, ${stream.bytes || 0} bytes waiting` },
    nodes, s("rect", { x: 120, y: middle - 13, width: 80, height: 26, rx: 13, fill: "var(--back)", stroke: "var(--accent)" }), s("text", { x: 160, y: middle + 4, "text-anchor": "middle" }, `${stream.bytes || 0} B`));
}
function follow(title, path) {
  const output = pretty(""), controller = new AbortController();
  dialog(title, h("p", { class: "quiet" }, "Live; reading takes what is buffered."), output);
  dialog.stop = () => controller.abort();
  (async () => {
    const answer = await fetch(path, { headers: fields({ Accept: "*/*" }), signal: controller.signal });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) { const { value, done } = await reader.read(); if (done) break; output.append(value); output.scrollTop = output.scrollHeight; }
    output.append("\n— end —");
  })().catch(() => {});
}
async function scramjetView() {
  const state = await get("state/scramjet");
  return (state.spaces || []).flatMap((space) => [
    h("h2", {}, "Space " + space.id),
    cards((space.hubs || []).map((hub) => h("div", { class: "card" }, h("h3", {}, "Hub " + hub.id), tag(hub.isConnectionActive === false ? "crashed" : "connected"),
      h("p", { class: "quiet" }, ((count) => `${count} sequence${count === 1 ? "" : "s"}`)((hub.sequences || []).length)),
      (hub.instances || []).map((one) => {
        const base = `${prefix}/api/v1/space/${encodeURIComponent(space.id)}/api/v1/sth/${encodeURIComponent(hub.id)}/api/v1/instance/${one.id}`;
        return h("div", {}, tag(one.status), h("code", {}, one.id.slice(0, 8)), " ", (one.sequence && one.sequence.config && one.sequence.config.name) || "", h("div", { class: "row" },
          Object.entries(one.streams || {}).map(([name, stream]) => stream && h("button", { type: "button", onclick: () => follow(`${name} of ${one.id}`, `${base}/${name}`) }, `${name} ${stream.bytes} B`)), h("button", { type: "button", onclick: () => follow(`log of ${one.id}`, base + "/log") }, "log")));
      }))), "No hubs."),
    h("h3", {}, "Topics"),
    cards((space.topics || []).map((topic) => h("div", { class: "card" }, h("h3", {}, topic.name), h("span", { class: "quiet" }, topic.contentType), flow(topic))), "No topics yet."),
    h("h3", {}, "Store"), cards((space.store || []).map((item) => h("div", { class: "card" }, h("h3", {}, item.name || item.id), list([["file", item._filename], ["version", item.version]]))), "The store is empty."),
  ]);
}

// ---- Shipyard
function fleetGraph(fleet, run) {
  const names = (fleet.vessels || []).map((vessel) => vessel.name), edges = (fleet.connections || []).filter((edge) => names.includes(edge.from) && names.includes(edge.to));
  const depth = Object.fromEntries(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round++) for (const edge of edges) depth[edge.to] = Math.max(depth[edge.to], Math.min(depth[edge.from] + 1, names.length));
  const columns = [];
  for (const name of names) (columns[depth[name]] ||= []).push(name);
  const place = {};
  columns.forEach((column, x) => column.forEach((name, y) => { place[name] = [10 + x * 150, 10 + y * 44]; }));
  const rows = Math.max(1, ...columns.map((column) => (column || []).length)), width = columns.length * 150 + 10, height = rows * 44 + 10;
  const colour = { good: "var(--good)", bad: "var(--bad)", warn: "var(--warn)", quiet: "var(--line)" };
  const status = (name) => ((run && run.voyages) || []).find((voyage) => voyage.vessel === name)?.status || "not run";
  return s("svg", { class: "graph", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": names.map((name) => `${name}: ${status(name)}`).join(", ") },
    edges.map((edge) => { const [x1, y1] = place[edge.from], [x2, y2] = place[edge.to]; return s("path", { class: "edge", d: `M${x1 + 120} ${y1 + 16} C${x1 + 140} ${y1 + 16} ${x2 - 20} ${y2 + 16} ${x2} ${y2 + 16}` }, s("title", {}, edge.condition)); }),
    names.map((name) => s("g", {}, s("rect", { x: place[name][0], y: place[name][1], width: 120, height: 32, rx: 6, fill: "var(--back)", stroke: colour[hue(status(name))], "stroke-width": 3 }),
      s("text", { x: place[name][0] + 60, y: place[name][1] + 20, "text-anchor": "middle" }, name.length > 15 ? name.slice(0, 14) + "…" : name), s("title", {}, `${name}: ${status(name)}`))));
}
async function shipyardView() {
  const state = await get("state/shipyard");
  const runs = state.runs || [];
  return [(state.organizations || []).flatMap((org) => (org.projects || []).map((project) => [
    h("h2", {}, `${org.name} / ${project.name}`),
    cards((project.fleets || []).map((fleet) => { const run = runs.find((one) => one.fleetID === fleet.id); return h("div", { class: "card" }, h("h3", {}, fleet.name || fleet.id), fleetGraph(fleet, run), run ? [tag(run.status), h("span", { class: "quiet" }, " last run " + when(run.createdAt))] : h("span", { class: "quiet" }, "never run"),
      list([["version", fleet.version], ["webhook", fleet.webhook], ["scheduled", (fleet.scheduled || []).length || ""]])); }), "No fleets."),
  ])), h("h2", {}, "Runs"), h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["Status", "Fleet", "Trigger", "Created", "Run"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, runs.slice(0, 100).map((run) => h("tr", {}, h("td", {}, tag(run.status)), h("td", {}, run.fleet), h("td", {}, run.trigger), h("td", { class: "mono" }, when(run.createdAt)),
      h("td", {}, h("button", { class: "link", type: "button", onclick: () => dialog("Run " + run.id, pretty(run)) }, run.id.slice(0, 8)))))))) ];
}
