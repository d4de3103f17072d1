/** The tab of this service in the console: a block of the page's module, with its helpers. */
function view(state) {
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
