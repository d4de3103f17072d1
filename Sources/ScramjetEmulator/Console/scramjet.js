/** The tab of this service in the console: a block of the page's module, with its helpers. */
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
function view(state) {
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
