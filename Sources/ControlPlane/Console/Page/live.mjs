// @ts-check
// Follows the journal by server-sent events, and tells the views that something happened.
import { call, eachText, get, tenant } from "./api.mjs";
import { $, notice } from "./dom.mjs";
import { Exchanges, KEPT_MAX } from "./model.mjs";

export const exchanges = new Exchanges();
/** @type {Set<(news: any[]) => void>} are told what came; nothing: what was held is void, or was listed anew */
export const followers = new Set();
export const link = { isUp: false, missed: 0 };
/** @type {AbortController | null} */
let listener = null;

const LISTED_MAX = 1000;
/** @type {any[]} */
let waiting = [];
let isTold = false;

function tell() {
  isTold = false;
  const news = waiting;
  waiting = [];
  exchanges.add(news);
  for (const follower of followers) follower(news);
}
/** At most once for each picture that the browser draws, and also where it draws none. */
function tellSoon() {
  if (isTold) return;
  isTold = true;
  if (document.hidden) setTimeout(tell, 200);
  else requestAnimationFrame(tell);
}

/** What the server holds, in place of what was held here: the newest first, so that they are soon to be seen. @param {AbortSignal} signal @param {number} [most] */
async function listAll(signal, most = LISTED_MAX) {
  for (;;) {
    const life = exchanges.life;
    const page = await get(`journal?limit=${most}`, { signal });
    // It was emptied meanwhile: once more.
    if (life !== exchanges.life) continue;
    exchanges.merge(page.entries.filter((entry) => entry.ended !== null));
    exchanges.total = Math.max(page.total, exchanges.last);
    for (const follower of followers) follower([]);
    return page.total > most && page.entries.length === most;
  }
}
/** @param {AbortSignal} signal */
async function listFirst(signal) {
  if (await listAll(signal)) await listAll(signal, KEPT_MAX);
}

function void_() {
  waiting = [];
  exchanges.clear();
  for (const follower of followers) follower([]);
}

/** @param {string} event @param {AbortSignal} signal */
function take(event, signal) {
  const kind = event.match(/^event: (\w+)/m)?.[1];
  if (kind === "anew") {
    void_();
    listFirst(signal).catch(() => {});
  } else if (kind === "missed") {
    // What was too much for the stream is in the list.
    listAll(signal).catch(() => {});
  } else if (kind === "exchange") {
    const data = event.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("");
    waiting.push(JSON.parse(data));
    tellSoon();
  }
}

/** Follows the tenant of the page from now on; begins again when the connection ends. */
export async function listen() {
  listener?.abort();
  const mine = listener = new AbortController(), signal = mine.signal;
  void_();
  while (!signal.aborted) {
    let isRefused = false;
    try {
      const answer = await call("GET", "journal/stream", undefined, { signal });
      link.isUp = true;
      $("now").classList.remove("stale");
      if ($("notice").dataset.about === "link") notice("");
      let rest = "", isListed = false;
      await eachText(answer, (text) => {
        // The first thing that comes says that nothing is missed from here on.
        if (!isListed) {
          isListed = true;
          void_();
          listFirst(signal).catch((error) => { if (!signal.aborted) notice(error.message, true); });
        }
        const events = (rest + text).split("\n\n");
        rest = events.pop() || "";
        for (const event of events) take(event, signal);
      });
    } catch (error) {
      if (signal.aborted) return;
      isRefused = Boolean(/** @type {any} */ (error).status);
      if (isRefused) notice(/** @type {Error} */ (error).message, true);
    }
    if (signal.aborted) return;
    link.isUp = false;
    $("now").classList.add("stale");
    // Whatever else is said there: it is about a server that is not there any more.
    if (!isRefused && ($("notice").hidden || $("notice").dataset.about !== "link")) {
      notice(`The connection to the server ended (tenant ${tenant}); trying again…`, true, true, "link");
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
