// @ts-check
// The exchanges that the page holds, in order, and rows of them: polls that repeat are one row.

export const KEPT_MAX = 10000;

/** @typedef {{entry: any, entries: any[], key: string}} Row */

export class Exchanges {
  constructor() {
    /** @type {any[]} oldest first */
    this.entries = [];
    this.last = 0;
    /** How many exchanges there have been, by the control API. */
    this.total = 0;
    /** Goes up whenever what was held is void. */
    this.life = 0;
  }

  clear() {
    this.entries = [];
    this.last = 0;
    this.total = 0;
    this.life += 1;
  }

  /** @param {any[]} entries @returns {number} how many are new */
  add(entries) {
    let count = 0;
    for (const entry of entries) {
      // The stream tells of exchanges as they end: a long one comes after those that began later.
      if (entry.number <= this.last) {
        let index = this.entries.length;
        while (index > 0 && this.entries[index - 1].number > entry.number) index--;
        if (this.entries[index - 1]?.number === entry.number) continue;
        this.entries.splice(index, 0, entry);
      } else {
        this.entries.push(entry);
        this.last = entry.number;
      }
      count += 1;
    }
    this.bound();
    return count;
  }

  /** Many at once, among which may be older ones and those that are here already. @param {any[]} entries */
  merge(entries) {
    const known = new Map(entries.map((entry) => [entry.number, entry]));
    for (const entry of this.entries) known.set(entry.number, entry);
    this.entries = [...known.values()].sort((a, b) => a.number - b.number);
    this.last = this.entries[this.entries.length - 1]?.number || this.last;
    this.bound();
  }

  bound() {
    this.total = Math.max(this.total, this.last);
    if (this.entries.length > KEPT_MAX * 1.1) this.entries.splice(0, this.entries.length - KEPT_MAX);
  }
}

const isLook = (entry) => entry.method === "GET" || entry.method === "HEAD" || /\.(status|get|list|find|search|poll)$/i.test(entry.operation || "");
const foldKey = (entry) => [entry.tenant, entry.parent, entry.method, entry.target, entry.status, entry.ending, (entry.rules || []).join(), (entry.remarks || []).length].join(" ");
/** Two polls that take turns are two rows. */
const REACH = 4;

/**
 * Rows, newest first.
 * @param {any[]} entries oldest first @param {boolean} folds @param {Set<string>} [open] keys of rows that are shown whole
 * @returns {Row[]}
 */
export function rows(entries, folds, open) {
  /** @type {Row[]} */
  const found = [];
  for (let index = entries.length - 1; index >= 0; index--) {
    const entry = entries[index], key = foldKey(entry);
    if (folds && isLook(entry)) {
      const near = found.slice(-REACH).find((row) => row.key === key && !isInterrupted(found, row));
      if (near) {
        near.entries.push(entry);
        continue;
      }
    }
    found.push({ entry, entries: [entry], key });
  }
  if (!open?.size) return found;
  return found.flatMap((row) => open.has(row.key) && row.entries.length > 1 ? row.entries.map((entry) => ({ entry, entries: [entry], key: row.key })) : [row]);
}

/** Whether something that is no look came between: then what follows may differ, and is told for itself. */
function isInterrupted(found, row) {
  for (let index = found.length - 1; found[index] !== row; index--) if (!isLook(found[index].entry)) return true;
  return false;
}
