// @ts-check
// Elements, dialogs and words: what every view is made of. Nothing here knows the control API.

/** @typedef {Node | string | number | null | undefined | false | Array<any>} Child */

/** @param {string} id @returns {any} */
export const $ = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

/** @param {Element} element @param {Record<string, any> | null} attributes @param {Child[]} children */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(9)) {
    if (child !== undefined && child !== null && child !== false) element.append(/** @type {any} */ (child));
  }
  return element;
}

/**
 * An element; children that are text are text, so nothing from the network becomes markup.
 * @param {string} tag @param {Record<string, any> | null} [attributes] @param {...Child} children @returns {any}
 */
export const h = (tag, attributes, ...children) => filled(document.createElement(tag), attributes || null, children);

/** The same in SVG. @param {string} tag @param {Record<string, any> | null} [attributes] @param {...Child} children @returns {any} */
export const s = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes || null, children);

/** A length or a number of a style: by the object model, since the page's policy allows no style attribute. */
/** @template {HTMLElement} T @param {T} element @param {Record<string, string>} properties @returns {T} */
export function styled(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
  return element;
}

/** @param {string} label @param {() => any} onclick @param {Record<string, any>} [more] */
export const button = (label, onclick, more) => h("button", { type: "button", onclick, ...more }, label);

/** @param {Element} element @param {Child[]} content */
export const put = (element, ...content) => {
  element.replaceChildren(.../** @type {any[]} */ (content.flat(9).filter((one) => one !== null && one !== undefined && one !== false)));
};

let noticeTimer = 0;
/** Says something to the user, where it is in view wherever the page is scrolled to. @param {string} text @param {boolean} [isBad] @param {boolean} [stays] until the next, or until it is closed @param {string} [about] of what it is, for whoever takes it back */
export function notice(text, isBad, stays, about) {
  $("notice").dataset.about = about || "";
  $("notice-text").textContent = text;
  $("notice").className = isBad ? "bad" : "";
  $("notice").hidden = !text;
  clearTimeout(noticeTimer);
  if (text && !isBad && !stays) noticeTimer = window.setTimeout(() => notice(""), 6000);
}

/** @param {string} title @param {...Child} content */
export function dialog(title, ...content) {
  $("dialog-title").textContent = title;
  put($("dialog-body"), ...content);
  $("dialog").scrollTop = 0;
  if (!$("dialog").open) $("dialog").showModal();
}
export const closeDialog = () => { if ($("dialog").open) $("dialog").close(); };

/**
 * Whether the user means it.
 * @param {string} title @param {string} text what will happen @param {string} verb @returns {Promise<boolean>}
 */
export function confirmed(title, text, verb) {
  const box = $("confirm");
  $("confirm-title").textContent = title;
  $("confirm-text").textContent = text;
  $("confirm-yes").textContent = verb;
  box.returnValue = "";
  return new Promise((resolve) => {
    box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true });
    box.showModal();
  });
}

let isPressed = false;
/** While something is pressed nothing is drawn anew: the click would go nowhere. */
export function watchPointer() {
  document.addEventListener("pointerdown", () => { isPressed = true; });
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { isPressed = false; });
}
/** Draws a part anew, with what was open, typed and focused in it: by its name, else by its place. @param {HTMLElement} box @param {() => void} draw */
export function kept(box, draw) {
  const active = /** @type {any} */ (document.activeElement), isIn = active && box.contains(active);
  if (isPressed || (isIn && /INPUT|TEXTAREA|SELECT/.test(active.tagName) && active.type !== "checkbox")) return;
  const all = () => [.../** @type {any} */ (box.querySelectorAll("button,a,summary,pre,input"))];
  const open = [...box.querySelectorAll("details")].map((one) => one.open), place = isIn ? all().indexOf(active) : -1, name = isIn ? active.getAttribute("aria-label") : null;
  draw();
  box.querySelectorAll("details").forEach((one, index) => { one.open = open[index] || false; });
  if (place < 0) return;
  const same = name && all().find((one) => one.getAttribute("aria-label") === name && !one.disabled);
  (same || all()[place] || all().pop())?.focus({ preventScroll: true });
}

/** @param {any} value */
export const pretty = (value) => h("pre", { tabindex: 0 }, typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** @param {Array<[string, any]>} pairs */
export const list = (pairs) => h("dl", {}, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "")
  .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value instanceof Node ? value : String(value))]));

/** An instant for people: the date, the time, no more than milliseconds. @param {string | null | undefined} text */
export const when = (text) => (text || "").replace("T", " ").replace(/(\.\d{3})\d*Z?$/, "$1");

/** What a status word is like. @param {string} word */
export const hue = (word) => /running/i.test(word) ? "live" : /success|succeed|complete|connected/i.test(word) ? "good"
  : /fail|error|terminat|kill|refus|crash/i.test(word) ? "bad" : /wait|start|retry|stopping|schedul/i.test(word) ? "warn" : "quiet";

/** @param {any[]} items @param {string} empty */
export const cards = (items, empty) => items.length ? h("div", { class: "cards" }, items) : h("p", { class: "quiet" }, empty);
/** @param {string} word */
export const tag = (word) => h("span", { class: "tag " + hue(word) }, word);

/** A table with heads. @param {string} label @param {string[]} heads @param {any[]} rows */
export const table = (label, heads, rows) => h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
  h("table", {}, h("thead", {}, h("tr", {}, heads.map((name) => name ? h("th", { scope: "col" }, name) : h("td", {})))), h("tbody", {}, rows)));

/** @param {number} bytes */
export function size(bytes) {
  for (const [unit, limit] of /** @type {const} */ ([["B", 1], ["kB", 1000], ["MB", 1e6], ["GB", 1e9]])) {
    if (bytes < limit * 1000) return `${unit === "B" ? bytes : (bytes / limit).toFixed(1)} ${unit}`;
  }
  return bytes + " B";
}

/** @param {number} milliseconds */
export function span(milliseconds) {
  const value = Math.abs(milliseconds);
  if (value < 1000) return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ms`;
  if (value < 60e3) return `${Number((value / 1e3).toFixed(1))} s`;
  if (value < 3600e3) return `${Math.floor(value / 60e3)} min ${Math.round(value % 60e3 / 1e3)} s`;
  return `${Math.floor(value / 3600e3)} h ${Math.round(value % 3600e3 / 60e3)} min`;
}

/** A number that is the same for the same text: for colours of identities. @param {string} text */
export function hashed(text) {
  let value = 2166136261;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 16777619);
  return value >>> 0;
}

/** An id, short and in a colour of its own, so that it can be followed. @param {string} id @param {string} [href] */
export function idTag(id, href) {
  const short = /^[0-9a-f]{8}-/i.test(id) ? id.slice(0, 8) : id;
  const element = href ? h("a", { class: "id", title: id, href }, short) : h("span", { class: "id", title: id }, short);
  return styled(element, { "--hue": String(hashed(id.toLowerCase()) % 360) });
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** A text whose ids are short and coloured. @param {string} text @returns {Child[]} */
export function withIds(text) {
  const parts = [];
  let last = 0;
  for (const match of text.matchAll(UUID)) {
    parts.push(text.slice(last, match.index), idTag(match[0]));
    last = (match.index || 0) + match[0].length;
  }
  return [...parts, text.slice(last)];
}

/** @param {string} text @param {HTMLElement} [said] a button that says that it is done */
export async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", {}, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  if (said) said.textContent = "Copied";
}

/** @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 5000);
}
