// @ts-check
// The control API: the tenant that is meant, the token, and calls.
import { $, notice, save } from "./dom.mjs";

export const prefix = location.pathname.replace(/\/_wavetank\/console.*$/, "");
export const fixedTenant = (prefix.match(/^\/_t\/([^/]+)/) || [])[1];
const tenantOfAddress = () => fixedTenant || new URLSearchParams(location.search).get("tenant") || "default";
export let tenant = tenantOfAddress();
// In this module alone: no storage, no property of a window, so no other page of this origin reads it.
let token = "", mayAsk = true;
/** @type {Promise<string> | null} */
let asking = null;

/** @returns {boolean} whether it is another one now */
export function readTenant() {
  const before = tenant;
  tenant = tenantOfAddress();
  return tenant !== before;
}

/** @param {Record<string, string>} [more] @param {string} [whose] */
export function fields(more, whose) {
  /** @type {Record<string, string>} */
  const all = { "X-Wavetank-Tenant": whose || tenant, ...more };
  if (token) all.Authorization = "Bearer " + token;
  return all;
}

/** The token from its dialog, "" when the user would not; once, however many calls wait for it. @param {boolean} isWrong */
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

/** What the control API refused, with the places that it named. */
export class Refusal extends Error {
  /** @param {number} status @param {any} problem */
  constructor(status, problem) {
    const places = (problem.problems || []).map((one) => place(one)).join("; ");
    super([problem.detail || problem.title || String(status), places].filter(Boolean).join(" — "));
    this.status = status;
    /** @type {Array<{pointer: string, message: string, line?: number, column?: number}>} */
    this.problems = problem.problems || [];
  }
}
/** @param {{pointer: string, message: string, line?: number, column?: number}} problem */
export const place = (problem) => (problem.line ? `line ${problem.line}, column ${problem.column}: ` : "")
  + (problem.pointer ? problem.pointer + ": " : "") + problem.message;

/**
 * @param {string} method @param {string} path below `/_wavetank/`
 * @param {any} [body] @param {Record<string, any>} [options] `tenant`: another one than the page's
 * @returns {Promise<Response>}
 */
export async function call(method, path, body, options) {
  const shown = token, { tenant: whose, type, ...rest } = options || {};
  const isRaw = body instanceof Blob || typeof body === "string";
  const answer = await fetch(`/_wavetank/${path}`, {
    method, headers: fields(body instanceof Blob ? {} : { "Content-Type": type || "application/json" }, whose),
    body: body === undefined ? undefined : isRaw ? body : JSON.stringify(body),
    ...rest,
  });
  if (answer.status === 401) {
    // Another call may have asked meanwhile.
    if (token === shown && mayAsk) token = await askToken(shown !== "");
    if (token && token !== shown) return call(method, path, body, options);
  }
  if (!answer.ok) throw new Refusal(answer.status, await answer.json().catch(() => ({})));
  return answer;
}
/** @param {string} path @param {Record<string, any>} [options] @returns {Promise<any>} */
export const get = async (path, options) => (await call("GET", path, undefined, options)).json();

/** @type {Set<() => void>} what looks anew after an action */
export const afterAction = new Set();
/**
 * Runs an action of the user: what goes wrong is said, and the view is fresh afterwards.
 * @param {() => any} work @param {string} [said] @returns {() => Promise<boolean>} whether it went well
 */
export const act = (work, said) => async () => {
  mayAsk = true;
  let isDone = false;
  try {
    const result = await work();
    isDone = result !== false;
    if (isDone) notice(said || "");
  } catch (error) { notice(/** @type {Error} */ (error).message, true); }
  for (const look of afterAction) look();
  return isDone;
};

/** @param {string} path @param {string} name */
export async function download(path, name) { save(await (await call("GET", path)).blob(), name); }

/** A request to an emulated API in this page's tenant, as a client makes it. */
/** @param {string} method @param {string} path @param {any} [body] @param {Record<string, string>} [more] */
export async function client(method, path, body, more) {
  const isRaw = body === undefined || body instanceof Blob || body instanceof FormData || typeof body === "string";
  const answer = await fetch(prefix + path, {
    method, body: isRaw ? body : JSON.stringify(body),
    headers: { "X-Wavetank-Tenant": tenant, ...(isRaw ? {} : { "Content-Type": "application/json" }), ...more },
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 300)}`);
  return answer;
}
/** The key of a client that belongs to this tenant. */
export const clientKey = () => "wt-" + tenant;

/**
 * Reads a stream of text as it comes; ends with it, or with the signal.
 * @param {Response} answer @param {(text: string) => void} take
 */
export async function eachText(answer, take) {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    take(/** @type {any} */ (value));
  }
}
