// @ts-check
// The tab of this service in the console: hubs, instances and topics.
import { act, call, client, clientKey, eachText, get } from "../../ControlPlane/Console/Page/api.mjs";
import { exchanges } from "../../ControlPlane/Console/Page/live.mjs";
import { button, cards, confirmed, h, idTag, list, put, s, size, span, tag, when } from "../../ControlPlane/Console/Page/dom.mjs";
import { ask, emit } from "../../ControlPlane/Console/Page/palette.mjs";
import { go } from "../../ControlPlane/Console/Page/router.mjs";

/** As a client of the platform makes it. @type {typeof client} */
const hubCall = (method, path, body, more) => client(method, path, body, { Authorization: "Bearer " + clientKey(), ...more });
const spaceBase = (space) => `/api/v1/space/${encodeURIComponent(space)}/api/v1`;
const hubBase = (space, hub) => `${spaceBase(space)}/sth/${encodeURIComponent(hub)}/api/v1`;
/** Lines after which more may come. */
const OPEN_LINES = { "Content-Type": "application/x-ndjson", "X-End-Stream": "false" };
const over = (status) => /completed|errored/.test(status);
const nameOf = (one) => one.sequence?.config?.name || "";

/** @typedef {{space: any, hub: any, one: any}} Found */
/** @param {any} state @returns {Found[]} */
const instances = (state) => (state.spaces || []).flatMap((space) => (space.hubs || []).flatMap((hub) => (hub.instances || []).map((one) => ({ space, hub, one }))));
const sequences = (state) => (state.spaces || []).flatMap((space) => (space.hubs || []).flatMap((hub) => (hub.sequences || []).map((one) => ({ space, hub, one }))));
const topics = (state) => (state.spaces || []).flatMap((space) => (space.topics || []).map((topic) => ({ space, topic })));

/** What streams had written when they were looked at before. @type {Map<string, {at: number, written: number, rate: number}>} */
const rates = new Map();
const RATES_MAX = 1000;
/** Bytes in a second since the last look. @param {string} name @param {number} written */
function rateOf(name, written) {
  const before = rates.get(name), now = Date.now();
  if (before && now - before.at < 700) return before.rate;
  const rate = before ? Math.max(0, written - before.written) / ((now - before.at) / 1000) : 0;
  rates.delete(name);
  rates.set(name, { at: now, written, rate });
  // The longest not looked at goes first: topics come and go while the page stays.
  if (rates.size > RATES_MAX) rates.delete(rates.keys().next().value || "");
  return rate;
}

const SHOWN = 8, LATELY = 8;
/** A topic as a picture of its flow: who writes, what waits, who reads and how far behind each is. */
function flow(space, topic) {
  const stream = topic.stream || {}, lags = stream.lags || [], mark = stream.mark || 128 * 1024;
  const writers = [...(topic.providers || []).map((id) => ({ name: id.slice(0, 8) })), ...Array(Math.max(0, (topic.writers || 0) - (topic.providers || []).length)).fill({ name: "request" })];
  const readers = Array.from({ length: stream.readers || 0 }, (_, index) => ({ name: (topic.consumers || [])[index]?.slice(0, 8) || "reader", lag: lags[lags.length - 1 - index] || 0 }));
  const count = Math.max(Math.min(writers.length, SHOWN), Math.min(readers.length, SHOWN), 1), height = count * 26 + 20, middle = height / 2;
  const y = (index, of) => middle + (index - (Math.min(of, SHOWN) - 1) / 2) * 26;
  const rate = rateOf(`${space.id} ${topic.name}`, stream.written || 0), share = Math.min(1, (stream.bytes || 0) / mark);
  return s("svg", { class: `graph flow${rate > 0 ? " moving" : ""}${stream.writerWaits ? " pressed" : ""}`, viewBox: `0 0 460 ${height}`, width: 460, height, role: "img", "aria-label": `${topic.writers || 0} writers${stream.writerWaits ? ", which wait for room" : ""}, ${stream.readers || 0} readers, ${stream.bytes || 0} bytes waiting, ${Math.round(rate)} bytes in a second` },
    writers.slice(0, SHOWN).map((one, index) => [s("path", { class: "edge", d: `M96 ${y(index, writers.length)}C140 ${y(index, writers.length)} 130 ${middle} 168 ${middle}` }), s("circle", { cx: 90, cy: y(index, writers.length), r: 6, class: "writer" }), s("text", { x: 78, y: y(index, writers.length) + 4, "text-anchor": "end" }, one.name)]),
    readers.slice(0, SHOWN).map((one, index) => [s("path", { class: "edge", d: `M268 ${middle}C310 ${middle} 300 ${y(index, readers.length)} 340 ${y(index, readers.length)}` }), s("circle", { cx: 346, cy: y(index, readers.length), r: 6, class: one.lag ? "reader late" : "reader" }),
      s("text", { x: 358, y: y(index, readers.length) + 4 }, `${one.name}${one.lag ? ", " + size(one.lag) + " behind" : ""}`)]),
    s("rect", { x: 168, y: middle - 14, width: 100, height: 28, rx: 14, class: "vessel" }), s("rect", { x: 168, y: middle - 14, width: 100 * share, height: 28, rx: 14, class: "fill" }),
    s("text", { x: 218, y: middle + 4, "text-anchor": "middle" }, `${size(stream.bytes || 0)}${rate ? " · " + size(Math.round(rate)) + "/s" : ""}`));
}

const topicCard = ({ space, topic }) => h("div", { class: "card" }, h("h3", {}, h("a", { href: `#scramjet/topic/${encodeURIComponent(space.id)}/${encodeURIComponent(topic.name)}` }, topic.name)), h("span", { class: "quiet" }, topic.contentType),
  topic.stream?.writerWaits ? h("p", { class: "bad" }, "Back-pressure: a writer waits for room.") : null, flow(space, topic));

const instanceLine = ({ hub, one }) => h("div", { class: "row" }, tag(one.status), idTag(one.id, "#scramjet/instance/" + one.id), h("span", { class: "grow" }, nameOf(one)), h("span", { class: "quiet" }, Object.entries(one.streams || {}).filter(([, stream]) => stream?.bytes).map(([name, stream]) => `${name} ${size(stream.bytes)}`).join(", ")));

/** What comes stands at the end; of what is long past some goes, however long the page stays open. @param {HTMLElement} pane @param {string} text */
function grow(pane, text) {
  pane.append(text);
  while (pane.childNodes.length > 400) pane.firstChild?.remove();
}

/** Follows a stream without taking anything from it. @param {string} title @param {string} query */
function pane(title, query) {
  const output = h("pre", { tabindex: 0, class: "pane", "aria-label": `${title}, live` }), controller = new AbortController(), state = h("span", { class: "quiet" }, "live");
  (async () => {
    try {
      const answer = await call("GET", "tap/scramjet?" + query, undefined, { signal: controller.signal });
      await eachText(answer, (text) => {
        const isAtEnd = output.scrollTop + output.clientHeight > output.scrollHeight - 20;
        grow(output, text);
        if (isAtEnd) output.scrollTop = output.scrollHeight;
      });
      state.textContent = "ended";
    } catch { state.textContent = controller.signal.aborted ? "" : "gone"; }
  })();
  return { element: h("section", { class: "side", "aria-label": title }, h("div", { class: "row" }, h("h3", {}, title), state), output), stop: () => controller.abort() };
}

/** @param {string[]} path @param {any} state */
function topicDetail([spaceID, name], state) {
  const find = (now) => topics(now).find(({ space, topic }) => space.id === spaceID && topic.name === name);
  const first = find(state);
  if (!first) return null;
  const picture = h("div", {}), facts = h("div", {}), live = pane("Messages", new URLSearchParams({ topic: name, space: spaceID }).toString());
  const lately = h("div", {});
  let shownLately = 0;
  const draw = (now) => {
    const found = find(now);
    drawLately();
    if (!found) { put(picture, h("p", {}, "There is no such topic any more.")); return; }
    const stream = found.topic.stream || {};
    put(picture, flow(found.space, found.topic), stream.writerWaits ? h("p", { class: "bad" }, "Back-pressure: a writer waits for room.") : null);
    put(facts, list([["content type", found.topic.contentType], ["writers", found.topic.writers], ["readers", stream.readers], ["waiting", size(stream.bytes || 0)], ["written so far", `${size(stream.written || 0)} in ${stream.chunks || 0} pieces`], ["furthest behind", (stream.lags || []).length ? size(Math.max(...stream.lags)) : ""]]));
  };
  /** What programs have read is no longer in the stream; the journal knows it. */
  async function drawLately() {
    const last = publishedTo(name).slice(-LATELY).reverse();
    if (!last.length || last[0].number === shownLately) return;
    shownLately = last[0].number;
    const whole = await Promise.all(last.map((entry) => get("journal/" + entry.number).catch(() => null)));
    put(lately, h("h3", {}, "Published lately"), h("ul", { class: "calls" }, whole.filter(Boolean).map((entry) => h("li", {}, h("a", { href: "#journal/" + entry.number }, "#" + entry.number), " ", h("span", { class: "mono quiet" }, when(entry.arrived).slice(11)), " ", h("code", {}, (entry.request.content || "").trim().slice(0, 200))))));
  }
  draw(state);
  const text = h("textarea", { id: "publish", rows: 3, class: "mono", "aria-label": "A message to publish" }, "{\"hello\": \"harbor\"}\n");
  return {
    content: [h("h2", {}, "Topic ", name), picture, facts,
      h("h3", {}, "Publish"), text, h("div", { class: "row" }, button("Publish", act(() => hubCall("POST", `${spaceBase(spaceID)}/topic/${encodeURIComponent(name)}`, text.value.endsWith("\n") ? text.value : text.value + "\n", { "Content-Type": first.topic.contentType || "application/x-ndjson" }), "Published."), { class: "main" })), live.element, lately],
    refresh: draw, stop: live.stop,
  };
}

/** @param {string[]} path @param {any} state */
function instanceDetail([id], state) {
  const find = (now) => instances(now).find(({ one }) => one.id === id);
  const first = find(state);
  if (!first) return null;
  const base = `${hubBase(first.space.id, first.hub.id)}/instance/${id}`, facts = h("div", {});
  const panes = ["output", "stdout", "stderr", "log"].map((name) => pane(name, new URLSearchParams({ instance: id, stream: name }).toString()));
  // What it was sent, by the journal: the stream itself holds only what it has not read yet.
  const sent = h("pre", { tabindex: 0, class: "pane", "aria-label": "input, live" });
  let shownUpTo = 0;
  async function drawInput() {
    if (exchanges.last < shownUpTo) shownUpTo = 0;
    const news = exchanges.entries.filter((entry) => entry.number > shownUpTo && entry.method === "POST" && entry.target.split("?")[0].endsWith(`/instance/${id}/input`)).slice(-LATELY);
    if (!news.length) return;
    shownUpTo = news[news.length - 1].number;
    const whole = await Promise.all(news.map((entry) => get("journal/" + entry.number).catch(() => null)));
    for (const entry of whole) if (entry) grow(sent, entry.request.content || "");
    sent.scrollTop = sent.scrollHeight;
  }
  const draw = (now) => {
    const found = find(now);
    drawInput();
    if (!found) { put(facts, h("p", {}, "The instance is gone.")); return; }
    const { one, hub } = found, waiting = one.input || {};
    const states = ["starting", "running", ...(over(one.status) ? [one.status] : one.status === "stopping" || one.status === "killing" ? [one.status] : ["completed"])];
    put(facts, h("ol", { class: "states", "aria-label": `it is ${one.status}` }, states.map((name, index) => h("li", { class: name === one.status ? "here" : index < states.indexOf(one.status) ? "past" : "", "aria-current": name === one.status ? "step" : undefined }, name))),
      list([["sequence", nameOf(one)], ["hub", hub.id], ["started", when(one.started)], ["ended", when(one.ended)], ["ran", one.ended ? span(Date.parse(one.ended) - Date.parse(one.started)) : ""], ["end", one.terminated ? `${one.terminated.reason}, exit code ${one.terminated.exitcode}` : ""],
        ["reads", one.requires], ["writes", one.provides], ["input waiting", `${size(waiting.bytes || 0)} of ${size(waiting.mark || 0)}${waiting.writerWaits ? ": back-pressure, a writer waits" : ""}`],
        ...Object.entries(one.streams || {}).filter(([, stream]) => stream).map(([name, stream]) => /** @type {[string, any]} */ ([name, `${size(stream.written || 0)} written, ${size(stream.bytes)} waiting, ${stream.readers} reader${stream.readers === 1 ? "" : "s"}`]))]));
  };
  draw(state);
  const input = h("textarea", { id: "instance-input", rows: 3, class: "mono", "aria-label": "Input for the instance" }, "{\"hello\": \"harbor\"}\n");
  const post = (path, body, type = "application/json") => hubCall("POST", `${base}/${path}`, body, { "Content-Type": type });
  return {
    content: [h("h2", {}, "Instance ", idTag(id), " ", nameOf(first.one)), facts,
      h("div", { class: "row" },
        button("Send an event", () => ask("Send an event", [{ name: "eventName", label: "Name", value: "ping" }, { name: "message", label: "Message as JSON", kind: "json", value: "\"hello\"" }], "Send", ({ eventName, message }) => post("_event", [5001, { eventName, message }]), "Sent.")),
        button("Stop", act(() => post("_stop", { timeout: 7000, canCallKeepalive: false }), "It is asked to stop.")),
        button("Kill", act(async () => { if (!await confirmed("Kill the instance?", `${nameOf(first.one)} ${id} ends at once, without a chance to clean up.`, "Kill")) return false; await post("_kill", { removeImmediately: false }); return true; }, "It is killed."))),
      h("h3", {}, "Input"), input,
      h("div", { class: "row" }, button("Send", act(() => hubCall("POST", `${base}/input`, input.value.endsWith("\n") ? input.value : input.value + "\n", OPEN_LINES), "Sent."), { class: "main" }), h("span", { class: "quiet" }, "One line at a time; the stream stays open for the next.")),
      h("div", { class: "sides panes" }, h("section", { class: "side", "aria-label": "input" }, h("div", { class: "row" }, h("h3", {}, "input"), h("span", { class: "quiet" }, first.one.requires ? ["by the journal; and from the topic ", h("a", { href: `#scramjet/topic/${encodeURIComponent(first.space.id)}/${encodeURIComponent(first.one.requires)}` }, first.one.requires)] : "by the journal")), sent), panes.map((one) => one.element))],
    refresh: draw, stop: () => panes.forEach((one) => one.stop()),
  };
}

const startSequence = (found) => ask(`Start ${found.one.config?.name || found.one.id}`, [
  { name: "appConfig", label: "appConfig as JSON", kind: "json", value: "{}" }, { name: "args", label: "Arguments as a JSON list", kind: "json", value: "[]" },
], "Start", async (given) => {
  const answer = await hubCall("POST", `${hubBase(found.space.id, found.hub.id)}/sequence/${found.one.id}/start`, { appConfig: given.appConfig || {}, args: given.args || [] });
  const { id } = await answer.json();
  if (id) go("scramjet/instance/" + id);
  return "It is started.";
});
/** A sequence of the store is brought to a hub first. */
const startStored = (space, item) => ask(`Start ${item.name} of the store`, [{ name: "hub", label: "On the hub", options: space.hubs.map((hub) => hub.id) }], "Start", async ({ hub }) => {
  const file = await (await hubCall("GET", `${spaceBase(space.id)}/s3/${encodeURIComponent(item._filename || item.id)}`)).blob();
  const made = await (await hubCall("POST", `${hubBase(space.id, hub)}/sequence`, file, { "Content-Type": "application/octet-stream" })).json();
  const { id } = await (await hubCall("POST", `${hubBase(space.id, hub)}/sequence/${made.id}/start`, { appConfig: {}, args: [] })).json();
  if (id) go("scramjet/instance/" + id);
  return "It is started.";
});
const upload = async (file, space, hub) => { await hubCall("POST", `${hubBase(space, hub)}/sequence`, file, { "Content-Type": "application/octet-stream" }); return `${file.name} is a sequence of ${hub} now.`; };
const crash = (hub) => act(async () => { if (!await confirmed(`Crash ${hub.id}?`, "Its instances are gone, and what goes through it is cut.", "Crash")) return false; await emit({ crashHub: hub.id }); return true; }, `${hub.id} has crashed.`);
const recover = (hub) => act(() => emit({ recoverHub: hub.id }), `${hub.id} is back.`);
/** @type {any} */
let latest = null;

/** The exchanges that brought something for it, as far back as the journal goes. @param {string} name @returns {any[]} */
const publishedTo = (name) => exchanges.entries.filter((entry) => entry.service === "scramjet" && entry.method === "POST" && entry.target.split("?")[0].endsWith(`/topic/${encodeURIComponent(name)}`));

/** A topic, with a mark for each time that something was published: as far back as the journal goes. */
function topicLane(space, topic) {
  const stream = topic.stream || {}, published = publishedTo(topic.name);
  return {
    label: topic.name, row: topic.name, group: "topics", href: `scramjet/topic/${encodeURIComponent(space.id)}/${encodeURIComponent(topic.name)}`,
    start: published[0]?.arrived || space.hubs?.[0]?.info?.created || new Date(0).toISOString(), end: null,
    status: stream.writerWaits ? "back-pressure: a writer waits" : `holds ${size(stream.bytes || 0)}, ${stream.readers || 0} reader${stream.readers === 1 ? "" : "s"}`,
    marks: published.slice(-200).map((entry) => ({ at: entry.arrived, label: `#${entry.number} published` })),
  };
}

export const service = {
  view: (state) => {
    latest = state;
    return (state.spaces || []).flatMap((space) => [
      h("h2", {}, "Space " + space.id),
      cards((space.hubs || []).map((hub) => h("div", { class: "card" }, h("h3", {}, "Hub " + hub.id), tag(hub.isConnectionActive === false ? "crashed" : "connected"),
        h("div", { class: "row" }, hub.isConnectionActive === false ? button("Recover", recover(hub), { "aria-label": `Recover ${hub.id}` }) : button("Crash", crash(hub), { "aria-label": `Crash ${hub.id}` })),
        (hub.sequences || []).map((one) => h("div", { class: "row" }, h("span", { class: "grow" }, one.config?.name || one.name || one.id), idTag(one.id), button("Start", () => startSequence({ space, hub, one }), { "aria-label": `Start ${one.config?.name || one.id}` }))),
        (hub.instances || []).map((one) => instanceLine({ hub, one })))), "No hubs."),
      h("h3", {}, "Topics"), cards((space.topics || []).map((topic) => topicCard({ space, topic })), "No topics yet."),
      h("h3", {}, "Store"), h("p", { class: "quiet" }, "A package (tar.gz) that is dropped on this view becomes a sequence of the first hub."),
      cards((space.store || []).map((item) => h("div", { class: "card" }, h("h3", {}, item.name || item.id), item.description ? h("p", {}, item.description) : null, list([["file", item._filename], ["version", item.version]]), button("Start an instance", () => startStored(space, item), { "aria-label": `Start an instance of ${item.name}` }))), "The store is empty."),
    ]);
  },
  detail: (/** @type {string[]} */ [kind, ...rest], /** @type {any} */ state) => kind === "topic" ? topicDetail(rest, state) : kind === "instance" ? instanceDetail(rest, state) : null,
  lanes: (state) => [...topics(state).map(({ space, topic }) => topicLane(space, topic)), ...instances(state).map(({ hub, one }) => ({
    label: `${nameOf(one)} ${one.id.slice(0, 8)}`, row: nameOf(one), group: `instances on ${hub.id}`, href: "scramjet/instance/" + one.id, start: one.created || one.started, end: over(one.status) ? one.ended || one.started : null, status: one.status,
  }))],
  commands: (state) => [
    ...(state.spaces || []).flatMap((space) => (space.hubs || []).map((hub) => hub.isConnectionActive === false ? { name: `Recover the hub ${hub.id}`, run: recover(hub) } : { name: `Crash the hub ${hub.id}`, run: crash(hub) })),
    ...(state.spaces || []).flatMap((space) => (space.store || []).map((item) => ({ name: `Start an instance of ${item.name}`, about: "Scramjet, from the store", run: () => startStored(space, item) }))),
    ...sequences(state).map((found) => ({ name: `Start an instance of ${found.one.config?.name || found.one.id}`, about: `Scramjet, on ${found.hub.id}`, run: () => startSequence(found) })),
    ...instances(state).filter(({ one }) => !over(one.status)).map(({ one }) => ({ name: `Look at the streams of ${nameOf(one)} ${one.id.slice(0, 8)}`, run: () => go("scramjet/instance/" + one.id) })),
    ...topics(state).map(({ space, topic }) => ({ name: `Publish to ${topic.name}`, run: () => go(`scramjet/topic/${encodeURIComponent(space.id)}/${encodeURIComponent(topic.name)}`) })),
    { name: "Upload a sequence", run: () => ask("Upload a sequence", [{ name: "file", label: "Package (tar.gz)", kind: "file" }, { name: "hub", label: "To the hub", options: (state.spaces || []).flatMap((space) => space.hubs.map((hub) => hub.id)) }], "Upload", async ({ file, hub }) => {
      if (!file) throw new Error("Choose a file first.");
      const space = state.spaces.find((one) => one.hubs.some((other) => other.id === hub));
      return upload(file, space.id, hub);
    }) },
  ],
  drop: (file) => {
    const space = latest?.spaces?.[0], hub = space?.hubs?.[0];
    return hub && /\.(tar\.gz|tgz|tar)$/i.test(file.name) && !/^wavetank-/.test(file.name) ? upload(file, space.id, hub.id) : null;
  },
  first: (base, key) => [
    { client: "Python", code: `pip install scramjet-api-client\n\nimport asyncio\nfrom client.host_client import HostClient\nprint(asyncio.run(HostClient("${base}/api/v1/").get_version()))` },
    { client: "curl", code: `curl ${base}/api/v1/version\ncurl -H 'Authorization: Bearer ${key}' ${base}/api/v1/sequences` },
  ],
};
