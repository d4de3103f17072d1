/** The tab of this service in the console: a block of the page's module, with its helpers. */
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
function view(state) {
  const runs = state.runs || [];
  return [(state.organizations || []).flatMap((org) => (org.projects || []).map((project) => [
    h("h2", {}, `${org.name} / ${project.name}`),
    cards((project.fleets || []).map((fleet) => { const run = runs.find((one) => one.fleetID === fleet.id); return h("div", { class: "card" }, h("h3", {}, fleet.name || fleet.id), fleetGraph(fleet, run), run ? [tag(run.status), h("span", { class: "quiet" }, " last run " + when(run.createdAt))] : h("span", { class: "quiet" }, "never run"),
      list([["version", fleet.version], ["webhook", fleet.webhook], ["scheduled", (fleet.scheduled || []).length || ""]])); }), "No fleets."),
  ])), h("h2", {}, "Runs"), h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["Status", "Fleet", "Trigger", "Created", "Run"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, runs.slice(0, 100).map((run) => h("tr", {}, h("td", {}, tag(run.status)), h("td", {}, run.fleet), h("td", {}, run.trigger), h("td", { class: "mono" }, when(run.createdAt)),
      h("td", {}, h("button", { class: "link", type: "button", onclick: () => dialog("Run " + run.id, pretty(run)) }, run.id.slice(0, 8)))))))) ];
}
