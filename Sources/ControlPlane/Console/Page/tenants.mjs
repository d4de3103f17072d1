// @ts-check
// Tenants, and snapshots of the one that is shown.
import { act, call, download, fixedTenant, get, tenant } from "./api.mjs";
import { $, button, confirmed, h, table, when } from "./dom.mjs";
import { goTenant } from "./router.mjs";
import { resetTenant } from "./scenario.mjs";

export const takeSnapshot = act(() => download("snapshot", `wavetank-${tenant}.tar.gz`), "The snapshot is in your downloads.");

/** @param {File | Blob} file */
export const restore = (file) => act(async () => {
  const name = "name" in file ? file.name : "the snapshot";
  if (!await confirmed("Restore the snapshot?", `Tenant ${tenant} becomes what ${name} holds: its world, its clock and its journal are dropped.`, "Restore")) return false;
  await call("PUT", "snapshot", file);
  return true;
}, "Restored.")();

const drop = (name) => act(async () => {
  if (!await confirmed(`Drop tenant ${name}?`, "Its world, its journal and its file are gone for good.", "Drop")) return false;
  await call("DELETE", "tenants/" + encodeURIComponent(name));
  return true;
}, `Tenant ${name} is dropped.`)();

export async function tenantsView() {
  const rowsOf = async () => (await get("tenants")).tenants.map((one) => h("tr", {},
    h("td", {}, fixedTenant ? one.name : button(one.name, () => goTenant(one.name, "journal"), { class: "link" }), one.name === tenant ? " (shown)" : "", one.server ? ` at ${one.server}` : ""),
    h("td", {}, one.loaded ? `${one.clock.mode}, ${when(one.clock.now)}` : "saved, not in use"), h("td", {}, one.loaded ? String(one.exchanges) : ""),
    h("td", {}, one.name === "default" ? null : button("Drop", () => drop(one.name), { "aria-label": `Drop tenant ${one.name}` }))));
  const file = h("input", { type: "file", id: "snapshot-file", accept: ".gz,.tgz", "aria-label": "A snapshot to restore" });
  const listing = table("Tenants", ["Name", "Clock", "Exchanges", ""], await rowsOf());
  return {
    content: [
      h("h2", {}, "Snapshot of " + tenant),
      h("p", { class: "quiet" }, "Everything that the tenant is, in one file: for a colleague, or for later. A file can be dropped anywhere on this page."),
      h("div", { class: "row" }, button("Download", takeSnapshot, { class: "main" }), file,
        button("Restore", act(async () => { if (!file.files?.[0]) throw new Error("Choose a file first."); if (await restore(file.files[0])) file.value = ""; return false; })),
        button("Reset the tenant", resetTenant)),
      h("h2", {}, "Tenants"), listing,
    ],
    refresh: async () => { const fresh = await rowsOf(); const body = $("main").querySelector("tbody"); if (body && listing.isConnected && !listing.contains(document.activeElement)) body.replaceChildren(...fresh); },
  };
}
