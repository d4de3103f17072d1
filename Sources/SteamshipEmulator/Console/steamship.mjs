// @ts-check
// The tab of this service in the console: workspaces, packages and tasks.
import { client, clientKey } from "../../ControlPlane/Console/Page/api.mjs";
import { button, cards, h, hue, idTag, list, notice, span, tag, when } from "../../ControlPlane/Console/Page/dom.mjs";
import { showText } from "../../ControlPlane/Console/Page/exchange.mjs";
import { ask, emit } from "../../ControlPlane/Console/Page/palette.mjs";

const key = () => ({ Authorization: "Bearer " + clientKey() });
const api = async (path, body, more) => (await (await client("POST", "/api/v1/" + path, body, { ...key(), ...more })).json()).data;
const STATES = ["waiting", "running", "succeeded"];
const nameOf = (task) => (task.name || "").replace("/api/v1/", "");

/** A task as its states, of which one is lit. @param {any} task */
function strip(task) {
  const isOver = task.state === "succeeded" || task.state === "failed";
  const stages = task.state === "failed" ? ["waiting", "running", "failed"] : STATES, place = stages.indexOf(task.state);
  return h("ol", { class: "states", "aria-label": `task ${task.id} is ${task.state}` }, stages.map((state, index) => h("li", { class: isOver && index === stages.length - 1 ? "over " + hue(task.state) : index < place || isOver ? "past" : index === place ? "here" : "", "aria-current": index === place ? "step" : undefined }, state)));
}

/** @param {any} task */
const took = (task) => task.startedAt && /succeeded|failed/.test(task.state) ? span(Date.parse(task.modifiedAt) - Date.parse(task.startedAt)) : "";

const taskCard = (task) => h("div", { class: "card" }, h("div", { class: "row" }, tag(task.state || "?"), h("span", { class: "mono grow" }, nameOf(task)), idTag(task.id || "", "#steamship/task/" + task.id)),
  strip(task), task.waitsFor ? h("p", { class: "quiet" }, `waits for ${task.waitsFor} other task${task.waitsFor === 1 ? "" : "s"}`) : null, task.message ? h("p", {}, task.message) : null);

/** Calls a method of an instance: what there is is asked of itself. @param {string} handle @param {string} workspace */
async function invoke(handle, workspace) {
  const base = `/apps/${workspace}/${handle}`;
  let methods = [];
  try {
    const answer = await client("POST", base + "/__dir__", {}, key());
    methods = methodsOf(await answer.json());
  } catch { methods = []; }
  const send = async (path, verb, given) => {
    const query = verb === "GET" && given ? "?" + new URLSearchParams(given) : "";
    const text = await (await client(verb, `${base}/${path.replace(/^\//, "")}${query}`, verb === "GET" ? undefined : given ?? {}, key())).text();
    setTimeout(() => showText(`${handle} answered`, text));
    return "Called.";
  };
  if (!methods.length) {
    return ask(`Call ${handle}`, [
      { name: "path", label: "Method", value: "greet" }, { name: "verb", label: "HTTP method", options: ["POST", "GET"] }, { name: "arguments", label: "Arguments as JSON", kind: "json", value: "{}" },
    ], "Call", (given) => send(given.path, given.verb, given.arguments));
  }
  const titles = methods.map((one) => `${one.path} (${one.verb})`);
  ask(`Call ${handle}`, [{ name: "method", label: "Method", options: titles }], "Go on", async ({ method }) => {
    setTimeout(() => callMethod(handle, methods[titles.indexOf(method)], send));
    return "";
  });
}
/** The method's own form: a field for each of its arguments. */
function callMethod(handle, method, send) {
  ask(`Call ${method.path} of ${handle}`, method.args.map((arg) => ({ name: arg.name, label: arg.name, value: arg.value, about: arg.kind, options: arg.options, kind: arg.isNumber ? "number" : arg.isJSON ? "json" : "text" })), "Call", (given) => {
    const wanted = method.args.filter((arg) => given[arg.name] !== "" && given[arg.name] !== undefined);
    return send(method.path, method.verb, Object.fromEntries(wanted.map((arg) => [arg.name, arg.isNumber ? Number(given[arg.name]) : given[arg.name]])));
  }, undefined, method.doc);
}
/** Of the answer to `__dir__`, whatever wraps it. @param {any} answer */
export function methodsOf(answer) {
  const found = answer?.methods || answer?.data?.methods || answer?.data?.json?.methods || answer?.json?.methods || [];
  return found.map((one) => ({
    path: String(one.path || one.name || "").replace(/^\//, ""), verb: String(one.verb || one.httpVerb || "POST"), doc: String(one.doc || ""),
    args: (one.args || one.arguments || one.parameters || []).map(argument),
  })).filter((one) => one.path);
}
/** @param {any} arg */
function argument(arg) {
  const kind = String(arg.kind || arg.type || ""), value = arg.defaultValue ?? arg.default ?? "";
  const isJSON = typeof value === "object" || /^(dict|list|any|json|bool|typing)/i.test(kind);
  return {
    name: String(arg.name), kind, isJSON, isNumber: /^(int|float|number)/.test(kind),
    options: Array.isArray(arg.values) && arg.values.length ? arg.values.map(String) : undefined,
    value: isJSON && value !== "" ? JSON.stringify(value) : String(value),
  };
}

const makeInstance = (state) => ask("Make a package instance", [
  { name: "packageHandle", label: "Package", options: (state.packages || []).map((one) => one.handle) }, { name: "handle", label: "Handle of the instance", value: "greeter" },
], "Make", async (given) => { await api("package/instance/create", given); return `${given.handle} is made.`; });

const invocations = (state) => (state.users || []).flatMap((user) => (user.workspaces || []).flatMap((space) => (space.packageInstances || []).map((handle) => ({ handle, workspace: space.handle }))));

export const service = {
  view: (state) => [
    h("div", { class: "row" }, (state.packages || []).length ? button("Make a package instance", () => makeInstance(state)) : null, invocations(state).slice(0, 6).map((one) => button(`Call ${one.handle}`, () => invoke(one.handle, one.workspace)))),
    h("h2", {}, "Tasks"),
    cards((state.tasks || []).slice(-60).reverse().map(taskCard), "No tasks yet."),
    h("h2", {}, "Workspaces"),
    cards((state.users || []).flatMap((user) => (user.workspaces || []).map((space) => h("div", { class: "card" }, h("h3", {}, space.handle), h("span", { class: "quiet" }, "of " + user.handle),
      list([["packages", (space.packageInstances || []).join(", ")], ["plugins", (space.pluginInstances || []).join(", ")], ["files", space.files]])))), "No workspaces."),
    h("h2", {}, "Packages"),
    cards((state.packages || []).map((one) => h("div", { class: "card" }, h("h3", {}, one.handle || one), one.isPublic ? tag("public") : null, one.description ? h("p", {}, one.description) : null)), "No packages."),
  ],

  detail: ([kind, id], state) => {
    const box = h("div", {}), find = (now) => (now.tasks || []).find((task) => task.id === id);
    if (kind !== "task") return null;
    const draw = (now) => {
      const task = find(now);
      box.replaceChildren(...(task ? [h("h2", {}, "Task ", h("span", { class: "mono" }, nameOf(task))), strip(task),
        list([["state", tag(task.state)], ["message", task.message], ["id", task.id], ["made", when(task.createdAt)], ["not before", when(task.runAfter)], ["started", when(task.startedAt)], ["last change", when(task.modifiedAt)], ["ran", took(task)],
          ["stages", (task.stages || []).map((stage, index) => (index === task.stage ? `[${stage}]` : stage)).join(" → ")], ["waits for", task.waitsFor || ""]])] : [h("p", {}, "There is no such task any more.")]));
    };
    draw(state);
    return { content: [box], refresh: draw };
  },

  lanes: (state) => (state.tasks || []).filter((task) => task.createdAt).map((task) => {
    const isOver = /succeeded|failed/.test(task.state);
    return {
      label: nameOf(task), row: nameOf(task), group: "tasks", href: "steamship/task/" + task.id, start: task.createdAt, end: isOver ? task.modifiedAt : null, due: isOver ? null : task.runAfter, status: task.state,
      marks: task.startedAt && task.startedAt !== task.createdAt ? [{ at: task.startedAt, label: "started" }] : [],
    };
  }),

  commands: (state) => [
    ...invocations(state).map((one) => ({ name: `Call a method of ${one.handle}`, about: `Steamship, in ${one.workspace}`, run: () => invoke(one.handle, one.workspace) })),
    { name: "Make a package instance", run: () => makeInstance(state) },
    { name: "Make a workspace", run: () => ask("Make a workspace", [{ name: "handle", label: "Handle", value: "harbor" }], "Make", async (given) => { await api("workspace/create", given); return `${given.handle} is made.`; }) },
    { name: "Fail the running task", about: "Steamship, what its workers do next fails", run: () => failRunning(state) },
    { name: "Send a signal to waiting tasks", run: () => ask("Send a signal", [{ name: "signal", label: "Its name", value: "go" }], "Send", (given) => emit(given), "Sent.") },
  ],

  first: (base, apiKey) => [
    { client: "Python", code: `pip install steamship\n\nimport os\nos.environ["STEAMSHIP_API_BASE"] = "${base}/api/v1/"\nos.environ["STEAMSHIP_APP_BASE"] = "${base}/apps/"\nos.environ["STEAMSHIP_API_KEY"] = "${apiKey}"\nfrom steamship import Steamship\nprint(Steamship().config.workspace_handle)` },
    { client: "curl", code: `curl -H 'Authorization: Bearer ${apiKey}' ${base}/api/v1/account/current` },
  ],
};

/** @param {any} state */
async function failRunning(state) {
  const running = (state.tasks || []).filter((task) => task.state === "running" || task.state === "waiting");
  if (!running.length) return notice("No task is running.", true);
  const task = running[running.length - 1];
  ask("Fail the running task", [
    { name: "id", label: "Task", options: running.map((one) => one.id), value: task.id }, { name: "message", label: "With the message", value: "It was made to fail." },
  ], "Fail it", async ({ id, message }) => { await api("task/update", { taskId: id, state: "failed", statusMessage: message }); return "It has failed."; });
}
