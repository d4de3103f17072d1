extension ConsolePage {
  /// In the order of the page: helpers, the control API, views, live updates.
  static let script = scriptCore + scriptViews + scriptLive

  private static let scriptCore = #"""
    "use strict";
    const prefix = location.pathname.replace(/\/_wavetank\/console.*$/, "");
    const fixed = (prefix.match(/^\/_t\/([^/]+)/) || [])[1];
    let tenant = fixed || new URLSearchParams(location.search).get("tenant") || "default";
    // In this module alone: no storage, no property of a window, so no other page of this origin reads it.
    let token = "", asking = null, mayAsk = true;
    const $ = (id) => document.getElementById(id);

    /** An element; children that are text are text, so nothing from the network becomes markup. */
    function h(tag, attributes, ...children) {
      const svg = ["svg", "path", "rect", "text", "g", "circle", "line", "marker", "defs", "title"].includes(tag) && attributes && attributes.svg;
      const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
      for (const [name, value] of Object.entries(attributes || {})) {
        if (name === "svg" || value === undefined || value === null || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else element.setAttribute(name, value === true ? "" : value);
      }
      for (const child of children.flat(9)) if (child !== undefined && child !== null && child !== false) element.append(child);
      return element;
    }
    const s = (tag, attributes, ...children) => h(tag, { ...attributes, svg: true }, ...children);

    function notice(text, isBad) {
      $("notice").textContent = text;
      $("notice").className = isBad ? "bad" : "";
      $("notice").hidden = !text;
    }

    function fields(more) {
      const all = { "X-Wavetank-Tenant": tenant, ...more };
      if (token) all.Authorization = "Bearer " + token;
      return all;
    }
    /** The token from its dialog, "" when the user would not; once, however many calls wait for it. */
    function askToken(isWrong) {
      asking ||= new Promise((resolve) => {
        $("token-note").textContent = isWrong ? "That is not this server's token." : "This server's control API wants its token.";
        $("token-dialog").returnValue = "";
        $("token-dialog").addEventListener("close", () => {
          const given = $("token-dialog").returnValue === "ok" ? $("token").value.trim() : "";
          $("token").value = "";
          asking = null;
          mayAsk = Boolean(given);
          resolve(given);
        }, { once: true });
        $("token-dialog").showModal();
      });
      return asking;
    }
    async function call(method, path, body, options) {
      const shown = token;
      const answer = await fetch(`/_wavetank/${path}`, {
        method, headers: fields(body instanceof Blob ? {} : { "Content-Type": "application/json" }),
        body: body === undefined ? undefined : body instanceof Blob || typeof body === "string" ? body : JSON.stringify(body),
        ...options,
      });
      if (answer.status === 401) {
        // Another call may have asked meanwhile.
        if (token === shown && mayAsk) token = await askToken(shown !== "");
        if (token && token !== shown) return call(method, path, body, options);
      }
      if (!answer.ok) {
        const problem = await answer.json().catch(() => ({}));
        const places = (problem.problems || []).map((p) => `${p.pointer}: ${p.message}`).join("; ");
        throw new Error([problem.detail || problem.title || answer.status, places].filter(Boolean).join(" — "));
      }
      return answer;
    }
    const get = async (path) => (await call("GET", path)).json();
    /** Set when an action went well: what was typed for it need not be kept. */
    let isSaved = false;
    /** Runs an action of the user: what goes wrong is said, and the view is fresh afterwards. */
    function act(work, said) {
      return async () => {
        mayAsk = true;
        try { await work(); notice(said || ""); isSaved = true; } catch (error) { notice(error.message, true); }
        refreshSoon();
      };
    }
    function dialog(title, ...content) {
      $("dialog-title").textContent = title;
      $("dialog-body").replaceChildren(...content.flat(9).filter(Boolean));
      $("dialog").scrollTop = 0;
      if (!$("dialog").open) $("dialog").showModal();
    }
    $("dialog").addEventListener("close", () => { if (dialog.stop) { dialog.stop(); dialog.stop = null; } });
    const pretty = (value) => h("pre", { tabindex: 0 }, typeof value === "string" ? value : JSON.stringify(value, null, 2));
    const list = (pairs) => h("dl", {}, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => [h("dt", {}, name), h("dd", {}, value instanceof Node ? value : String(value))]));
    const when = (text) => (text || "").replace("T", " ").replace(/(\.\d{3})\d*Z?$/, "$1");
    const hue = (word) => /success|succeed|complete|running|connected/i.test(word) ? (/running/i.test(word) ? "warn" : "good")
      : /fail|error|terminat|kill|refus|crash/i.test(word) ? "bad" : /wait|start|retry|stopping|schedul/i.test(word) ? "warn" : "quiet";
    const tag = (word) => h("span", { class: "tag " + hue(word) }, word);

    // ---- the clock
    let clock = null;
    function showClock(next) {
      if (next) clock = { ...next, seen: Date.now() };
      if (!clock) return;
      const speed = clock.mode === "real" ? 1 : clock.mode === "scaled" ? clock.factor : 0;
      const now = new Date(Date.parse(clock.now) + (Date.now() - clock.seen) * speed);
      $("now").textContent = now.toISOString().replace("T", " ").slice(0, 19) + "Z";
      if (next) {
        if (document.activeElement !== $("mode")) $("mode").value = clock.mode;
        $("factor-label").hidden = $("mode").value !== "scaled";
        $("pause").textContent = speed ? "Pause" : "Run";
        const isToday = (clock.nextDue || "").slice(0, 10) === clock.now.slice(0, 10);
        $("due").textContent = clock.nextDue ? "next due " + when(clock.nextDue).slice(isToday ? 11 : 0) : "nothing due";
      }
    }
    async function readClock() { showClock(await get("clock")); }
    const setClock = (body) => act(async () => showClock(await (await call("PUT", "clock", body())).json()))();
    const wanted = () => $("mode").value === "scaled" ? { mode: "scaled", factor: Number($("factor").value) || 60 } : { mode: $("mode").value };
    $("mode").addEventListener("change", () => { $("factor-label").hidden = $("mode").value !== "scaled"; setClock(wanted); });
    $("factor").addEventListener("change", () => setClock(wanted));
    $("pause").addEventListener("click", () => setClock(() => ({ mode: $("pause").textContent === "Pause" ? "manual" : "real" })));
    const advance = (body) => act(async () => showClock(await (await call("POST", "clock/advance", body)).json()))();
    $("step").addEventListener("click", () => advance({ toNext: true }));
    $("advance").addEventListener("click", () => advance({ by: $("by").value.trim() }));
    setInterval(() => showClock(), 250);

    """#

  private static let scriptViews = #"""
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

    """#

  private static let scriptLive = #"""
    // ---- scenario and rules
    const addRule = (operation, effect) => call("POST", "scenario/rules", { name: `console ${operation} ${Date.now() % 1e6}`, match: { operation }, ...effect });
    async function scenarioView() {
      const [scenario, known, force, shipped] = await Promise.all([get("scenario"), get("operations"), get("scenario/rules"), get("scenarios")]);
      const rules = force.rules || [], variables = force.variables || {};
      const operations = (known.operations || []).map((one) => one.name);
      const effects = { "fail with 503": { error: 503 }, "fail with 429": { error: 429 }, "delay 2 s": { delay: "2s" }, "reset the connection": { fault: "reset" }, "close without a byte": { fault: "empty" }, "cut inside the body": { fault: { truncate: { afterBytes: 1 } } }, "never finish": { fault: "stall" }, "64 bytes a second": { fault: { throttle: { bytesPerSecond: 64 } } } };
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
    const views = { journal: ["Journal", journalView], steamship: ["Steamship", steamshipView], scramjet: ["Scramjet", scramjetView], shipyard: ["Shipyard", shipyardView], scenario: ["Scenario", scenarioView], tenants: ["Tenants", tenantsView] };
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
    """#
}
