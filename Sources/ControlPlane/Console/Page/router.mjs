// @ts-check
// Where the page is: `#view/what`, and `?tenant=`; the browser's Back and Forward go through it.
import { fixedTenant } from "./api.mjs";

/** @returns {{view: string, rest: string[]}} */
export function here() {
  const [view, ...rest] = location.hash.slice(1).split("/");
  return { view, rest: rest.map((part) => { try { return decodeURIComponent(part); } catch { return part; } }) };
}

/** @type {{changed: () => void}} */
export const route = { changed: () => {} };

/** @param {string} hash without `#` */
export function go(hash) { location.hash = hash; }

/** Another tenant, in the same view. @param {string} name @param {string} [hash] */
export function goTenant(name, hash) {
  if (fixedTenant) return;
  const address = new URL(location.href);
  address.searchParams.set("tenant", name);
  if (hash !== undefined) address.hash = hash;
  history.pushState(null, "", address);
  route.changed();
}
window.addEventListener("popstate", () => route.changed());
window.addEventListener("hashchange", () => route.changed());
