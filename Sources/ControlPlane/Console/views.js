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
    h("td", { class: "mono target", title: entry.target }, entry.parent ? h("span", { class: "quiet", title: `Made by the code that works for exchange ${entry.parent}` }, "↳ ") : null, entry.method + " " + short(entry.target)),
    h("td", { class: "wide" }, entry.operation || h("span", { class: "quiet" }, entry.fault?.startsWith("tls ") ? "connection: " + entry.fault : entry.hint ? "none; " + entry.hint : "none")),
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
/** An exchange with the calls that its code made, and theirs: the one that is shown is marked. */
const callTree = (one, shown) => h("li", {},
  h("button", { class: "link", type: "button", "aria-current": String(one.number === shown), onclick: () => why(one.number) }, `#${one.number} ${one.method || ""} ${short(one.target || "")}`),
  " ", one.status ?? "–", " ", h("span", { class: "quiet" }, one.operation || ""),
  one.calls.length ? h("ul", {}, one.calls.map((call) => callTree(call, shown))) : null);
async function why(number) {
  let entry;
  try { entry = await get("journal/" + number); } catch (error) { return notice(error.message, true); }
  const text = curl(entry);
  const faults = entry.operation ? [["Fail with 503", { error: 503 }], ["Slow, 2 s", { delay: "2s" }], ["Reset", { fault: "reset" }], ["Cut inside the body", { fault: { truncate: { afterBytes: 1 } } }], ["Never finish", { fault: "stall" }]] : [];
  const side = (title, part) => [h("h3", {}, title), pretty(part.fields.map((f) => `${f.name}: ${f.value}`).join("\n")),
    part.content ? pretty(part.content) : part.contentBase64 ? pretty("base64: " + part.contentBase64) : h("p", { class: "quiet" }, "no content"), part.contentIsCut ? h("p", { class: "quiet" }, `the first bytes of ${part.contentBytes}`) : null];
  dialog(`Exchange ${number}: ${entry.method} ${entry.target}`,
    list([["operation", entry.operation || "none"], ["hint", entry.hint], ["status", entry.status], ["ended", entry.ending], ["fault", entry.fault], ["took", entry.durationMilliseconds + " ms"], ["rules", (entry.rules || []).join(", ")], ["remarks", (entry.remarks || []).join("; ")]]),
    h("div", { class: "row" }, h("button", { type: "button", class: "main", onclick: async (event) => { await navigator.clipboard.writeText(text).catch(() => {}); event.target.textContent = "Copied"; } }, "Copy as curl"),
      faults.length ? h("span", { class: "quiet" }, "From now on, this operation:") : null,
      faults.map(([label, effect]) => h("button", { type: "button", onclick: act(() => addRule(entry.operation, effect), `Rule added for ${entry.operation}.`) }, label))),
    entry.tree ? [h("h3", {}, "Calls of its code"), h("ul", { class: "calls" }, callTree(entry.tree, entry.number))] : null,
    h("h3", {}, "Why it came out so"), pretty(entry.why), side("Request", entry.request), side("Response", entry.response), h("h3", {}, "As curl"), pretty(text));
}

/** Tabs in their order: name, title and what draws it. Those of the services come next. */
const views = { journal: ["Journal", journalView] };

