// @ts-check
// The tab of this service in the console: fleets as graphs, runs as Gantt charts.
import { client, clientKey } from "../../ControlPlane/Console/Page/api.mjs";
import { nowOf } from "../../ControlPlane/Console/Page/clock.mjs";
import { button, cards, h, hue, idTag, list, pretty, put, s, span, table, tag, when } from "../../ControlPlane/Console/Page/dom.mjs";
import { ask } from "../../ControlPlane/Console/Page/palette.mjs";
import { go } from "../../ControlPlane/Console/Page/router.mjs";

const COLOURS = { good: "var(--good)", bad: "var(--bad)", warn: "var(--warn)", quiet: "var(--line)" };
/** How far each vessel is from the start of the graph. @param {any} fleet @returns {Record<string, number>} */
function depths(fleet) {
  const names = (fleet.vessels || []).map((vessel) => vessel.name), edges = edgesOf(fleet);
  const depth = Object.fromEntries(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round++) for (const edge of edges) depth[edge.to] = Math.max(depth[edge.to], Math.min(depth[edge.from] + 1, names.length));
  return depth;
}
function edgesOf(fleet) {
  const names = (fleet.vessels || []).map((vessel) => vessel.name);
  return (fleet.connections || []).filter((edge) => names.includes(edge.from) && names.includes(edge.to));
}

function fleetGraph(fleet, run) {
  const names = (fleet.vessels || []).map((vessel) => vessel.name), depth = depths(fleet);
  /** @type {string[][]} */
  const columns = [];
  for (const name of names) (columns[depth[name]] ||= []).push(name);
  const place = {};
  columns.forEach((column, x) => column.forEach((name, y) => { place[name] = [10 + x * 150, 10 + y * 44]; }));
  const count = Math.max(1, ...columns.map((column) => (column || []).length)), width = columns.length * 150 + 10, height = count * 44 + 10;
  const status = (name) => (run?.voyages || []).find((voyage) => voyage.vessel === name)?.status || "not run";
  return s("svg", { class: "graph", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": names.map((name) => `${name}: ${status(name)}`).join(", ") },
    edgesOf(fleet).map((edge) => { const [x1, y1] = place[edge.from], [x2, y2] = place[edge.to]; return s("path", { class: "edge", d: `M${x1 + 120} ${y1 + 16} C${x1 + 140} ${y1 + 16} ${x2 - 20} ${y2 + 16} ${x2} ${y2 + 16}` }, s("title", {}, edge.condition)); }),
    names.map((name) => s("g", {}, s("rect", { x: place[name][0], y: place[name][1], width: 120, height: 32, rx: 6, fill: "var(--back)", stroke: COLOURS[hue(status(name))], "stroke-width": 3 }),
      s("text", { x: place[name][0] + 60, y: place[name][1] + 20, "text-anchor": "middle" }, name.length > 15 ? name.slice(0, 14) + "…" : name), s("title", {}, `${name}: ${status(name)}`))));
}

/** A run: its vessels in the graph's order, each with how long it waited and ran, and its retries. */
function gantt(fleet, run, now) {
  const depth = depths(fleet || {}), voyages = [...(run.voyages || [])].sort((a, b) => (depth[a.vessel] ?? 0) - (depth[b.vessel] ?? 0));
  const start = Date.parse(run.createdAt), end = run.endedAt ? Date.parse(run.endedAt) : Math.max(now, start + 1000), width = 960, left = 150, row = 30, height = voyages.length * row + 34;
  const x = (at) => left + ((at - start) / Math.max(1, end - start)) * (width - left - 130);
  return s("svg", { class: "graph gantt", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": voyages.map((one) => `${one.vessel}: ${one.status}, ${one.retries} retries`).join("; ") },
    [0, 0.25, 0.5, 0.75, 1].map((share) => s("g", { class: "tick" }, s("path", { d: `M${x(start + share * (end - start))} 20V${height}` }), s("text", { x: x(start + share * (end - start)), y: 14, "text-anchor": "middle" }, "+" + span(share * (end - start))))),
    voyages.map((one, index) => {
      const y = 26 + index * row, from = one.startedAt ? Date.parse(one.startedAt) : null, to = one.endedAt ? Date.parse(one.endedAt) : end, tries = one.attempts || [], attempts = tries.length;
      const bar = (attempt, index) => {
        const begun = x(Date.parse(attempt.startedAt)), over = x(attempt.endedAt ? Date.parse(attempt.endedAt) : to), isLast = index === attempts - 1;
        return s("rect", { x: begun, y: y + 2, width: Math.max(2, over - begun), height: 18, rx: 3, "data-attempt": index + 1, class: isLast && one.status !== "Retrying" ? "" : "failed-attempt" },
          s("title", {}, `attempt ${index + 1}${attempts > 1 ? " of " + attempts : ""}, ${isLast ? one.status : "failed"}, from ${when(attempt.startedAt)}${attempt.endedAt ? " to " + when(attempt.endedAt) : ""}`));
      };
      return s("g", { class: "bar-of " + hue(one.status), "data-vessel": one.vessel }, s("title", {}, `${one.vessel}: ${one.status}`), s("text", { x: 4, y: y + 16 }, one.vessel.length > 20 ? one.vessel.slice(0, 19) + "…" : one.vessel),
        from === null ? s("path", { class: "expected", d: `M${x(start)} ${y + 10}H${x(end)}` }) : [s("path", { class: "expected", d: `M${x(start)} ${y + 10}H${x(from)}` }),
          s("path", { class: "expected", d: `M${x(from)} ${y + 10}H${x(to)}` }), tries.map((attempt, index) => bar(attempt, index))],
        s("text", { x: (from === null ? x(start) : x(to)) + 6, y: y + 16 }, from === null ? one.status : `${span(to - from)}${attempts > 1 ? `, ${attempts} attempts` : ""}`));
    }));
}

const fleets = (state) => (state.organizations || []).flatMap((org) => (org.projects || []).flatMap((project) => (project.fleets || []).map((fleet) => ({ org, project, fleet }))));
const key = () => ({ "X-Shipyard-API-Key": clientKey() });

const runFleet = ({ org, project, fleet }) => ask(`Run ${fleet.name}`, [{
  name: "overrides", label: "Overrides as JSON; empty: none", kind: "json", about: " by the names of its vessels: " + (fleet.vessels || []).map((vessel) => vessel.name).join(", "),
  value: JSON.stringify({ vessel_overrides: (fleet.vessels || []).slice(0, 1).map((vessel) => ({ name: vessel.name, environment_variable_overrides: { REGION: "eu" } })) }, null, 2),
}], "Run", async ({ overrides }) => {
  const answer = await client("POST", `/orgs/${org.id}/projects/${project.id}/fleets/${fleet.id}/fleetruns`, overrides || {}, key());
  const { data } = await answer.json();
  if (data?.fleet_run_id) go("shipyard/run/" + data.fleet_run_id);
  return `${fleet.name} is triggered.`;
});
const webhook = ({ fleet }) => ask(`Trigger the webhook of ${fleet.name}`, [{ name: "body", label: "Content as JSON", kind: "json", value: "{}" }], "Trigger", async ({ body }) => { await client("POST", fleet.webhook, body || {}); return "The webhook is triggered."; });

const runRow = (run) => h("tr", {}, h("td", {}, tag(run.status)), h("td", {}, run.fleet), h("td", {}, run.trigger), h("td", { class: "mono" }, when(run.createdAt)), h("td", {}, idTag(run.id, "#shipyard/run/" + run.id)));

function runDetail(id, state) {
  const find = (now) => (now.runs || []).find((one) => one.id === id);
  if (!find(state)) return null;
  const box = h("div", {});
  const draw = (now) => {
    const run = find(now), fleet = fleets(now).find((one) => one.fleet.id === run?.fleetID)?.fleet;
    if (!run) { put(box, h("p", {}, "The run is no longer kept.")); return; }
    put(box, h("h2", {}, `Run of ${run.fleet} `, idTag(run.id), " ", tag(run.status)), list([["trigger", run.trigger], ["created", when(run.createdAt)], ["scheduled for", when(run.scheduledFor)], ["started", when(run.startedAt)], ["ended", when(run.endedAt)], ["took", run.endedAt && run.startedAt ? span(Date.parse(run.endedAt) - Date.parse(run.startedAt)) : ""]]),
      fleet ? fleetGraph(fleet, run) : null, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "The run over time" }, gantt(fleet, run, nowOf())),
      (run.voyages || []).map((one) => h("details", {}, h("summary", {}, `${one.vessel}: ${one.status}${one.exitCode === null ? "" : `, exit code ${one.exitCode}`}`), one.output ? pretty(one.output) : h("p", { class: "quiet" }, "no output"), h("h4", {}, "Environment"), list(Object.entries(one.environment || {})))));
  };
  draw(state);
  return { content: [box], refresh: draw };
}


export const service = {
  view: (state) => {
    const runs = state.runs || [];
    return [(state.organizations || []).flatMap((org) => (org.projects || []).map((project) => [
      h("h2", {}, `${org.name} / ${project.name}`),
      cards((project.fleets || []).map((fleet) => {
        const run = runs.find((one) => one.fleetID === fleet.id), all = { org, project, fleet };
        return h("div", { class: "card" }, h("h3", {}, fleet.name || fleet.id), fleetGraph(fleet, run), run ? h("p", {}, tag(run.status), h("a", { href: "#shipyard/run/" + run.id }, "last run"), h("span", { class: "quiet" }, " " + when(run.createdAt))) : h("p", { class: "quiet" }, "never run"),
          h("div", { class: "row" }, button("Run", () => runFleet(all), { class: "main", "aria-label": `Run ${fleet.name}` }), fleet.webhook ? button("Webhook", () => webhook(all), { "aria-label": `Trigger the webhook of ${fleet.name}` }) : null),
          list([["version", fleet.version], ["webhook", fleet.webhook], ["scheduled", (fleet.scheduled || []).length || ""]]));
      }), "No fleets."),
    ])), h("h2", {}, "Runs"), table("Runs", ["Status", "Fleet", "Trigger", "Created", "Run"], runs.slice(0, 100).map(runRow))];
  },
  detail: ([kind, id], state) => kind === "run" ? runDetail(id, state) : null,
  lanes: (state) => [
    ...(state.runs || []).slice(0, 30).flatMap((run) => [
      { label: `${run.fleet} ${run.id.slice(0, 8)}`, row: run.fleet, group: "runs", href: "shipyard/run/" + run.id, start: run.createdAt, end: run.endedAt, due: run.endedAt ? null : run.scheduledFor, status: run.status, marks: run.startedAt ? [{ at: run.startedAt, label: "started" }] : [] },
      ...(run.voyages || []).filter((one) => one.startedAt).map((one) => ({ label: `${one.vessel} ${run.id.slice(0, 8)}`, row: one.vessel, group: "voyages", href: "shipyard/run/" + run.id, start: one.startedAt, end: one.endedAt, status: one.status })),
    ]),
    ...fleets(state).flatMap(({ fleet }) => (fleet.scheduled || []).slice(0, 5).map((at) => ({ label: fleet.name, group: "scheduled", href: "shipyard", start: at, end: null, due: at, status: "scheduled" }))),
  ],
  commands: (state) => fleets(state).flatMap((all) => [
    { name: `Run the fleet ${all.fleet.name}`, about: "Shipyard, with overrides", run: () => runFleet(all) },
    ...(all.fleet.webhook ? [{ name: `Trigger the webhook of ${all.fleet.name}`, run: () => webhook(all) }] : []),
  ]),
  first: (base, apiKey) => [
    { client: "Python", code: `pip install shipyard-api\n\nfrom shipyard_api import ShipyardClient\nclient = ShipyardClient(org_id="11111111-1111-4111-8111-111111111111", api_key="${apiKey}", project_id="22222222-2222-4222-8222-222222222222")\nclient.base_url = "${base}/orgs/11111111-1111-4111-8111-111111111111"\nprint(client.trigger_fleet("33333333-3333-4333-8333-333333333333"))` },
    { client: "curl", code: `curl -H 'X-Shipyard-API-Key: ${apiKey}' ${base}/orgs` },
  ],
};
