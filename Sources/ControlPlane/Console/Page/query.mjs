// @ts-check
// The language of the journal's filter: words apart by spaces, each of which must hold.
//
//   5xx  404  400-499        the status                     service:NAME   of this service
//   op:GLOB  op  !op         the operation; any; none       method:POST    the method
//   rule:GLOB  rule          struck by it; by any           fault  remark  with one
//   tenant:GLOB              of these tenants               body:TEXT      in what was sent or answered
//   took:>100  #42           milliseconds; the number       anything else  somewhere in the row or the contents
//
// `!` in front turns a word round; "quotation marks" hold words together.

/**
 * @typedef {{not: boolean, kind: string, value: string, test: (entry: any) => boolean}} Term
 * @typedef {{terms: Term[], tenants: string[], bodies: string[], problem: string}} Query
 */

/** @param {string} glob @returns {(text: string) => boolean} as the control API's globs: `*` and `?` */
export function glob(glob) {
  const pattern = glob.toLowerCase().replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  const whole = new RegExp(`^${pattern}$`);
  return (text) => whole.test(text.toLowerCase());
}

/** A name, or a part of one where there is no star. @param {string} value */
const named = (value) => /[*?]/.test(value) ? glob(value) : (text) => text.toLowerCase().includes(value.toLowerCase());

/** @param {string} text @returns {((entry: any) => boolean) | null} */
export function statusTest(text) {
  const hundred = text.match(/^([1-9])xx$/i), range = text.match(/^(\d{3})-(\d{3})$/), code = text.match(/^([<>]=?)?(\d{3})$/);
  if (hundred) return (entry) => Math.floor((entry.status ?? 0) / 100) === Number(hundred[1]);
  if (range) return (entry) => entry.status >= Number(range[1]) && entry.status <= Number(range[2]);
  if (code) return compared(code[1] || "=", Number(code[2]), (entry) => entry.status);
  return null;
}

/** @param {string} sign @param {number} limit @param {(entry: any) => any} of */
function compared(sign, limit, of) {
  return (entry) => {
    const value = of(entry);
    if (value === null || value === undefined) return false;
    return sign === ">" ? value > limit : sign === ">=" ? value >= limit : sign === "<" ? value < limit
      : sign === "<=" ? value <= limit : value === limit;
  };
}

/** What stands in a row. @param {any} entry */
const row = (entry) => [entry.operation, entry.method, entry.target, entry.status, ...(entry.rules || []), entry.ending, entry.fault, entry.hint]
  .join(" ").toLowerCase();

const KINDS = {
  op: (value) => { const is = named(value); return (entry) => Boolean(entry.operation) && is(entry.operation); },
  service: (value) => { const is = named(value); return (entry) => is(entry.service || ""); },
  method: (value) => (entry) => entry.method.toLowerCase() === value.toLowerCase(),
  rule: (value) => { const is = named(value); return (entry) => (entry.rules || []).some(is); },
  fault: (value) => { const is = named(value); return (entry) => is(entry.fault || ""); },
  ending: (value) => { const is = named(value); return (entry) => is(entry.ending || ""); },
  remark: (value) => { const is = named(value); return (entry) => (entry.remarks || []).some(is); },
  // As it came, and as the list shows it, without the tenant's prefix.
  target: (value) => { const is = named(value); return (entry) => is(entry.target) || is(entry.target.replace(/^\/_t\/[^/]+(?=\/)/, "")); },
  status: (value) => statusTest(value),
  took: (value) => {
    const found = value.match(/^([<>]=?)?(\d+(?:\.\d+)?)(ms|s)?$/);
    return found && compared(found[1] || ">=", Number(found[2]) * (found[3] === "s" ? 1000 : 1), (entry) => entry.durationMilliseconds);
  },
  tenant: (value) => { const is = glob(value); return (entry) => is(entry.tenant || ""); },
  body: () => null,
};
const LONG = { operation: "op" };
/** Words that stand for "has one". */
const FLAGS = {
  op: (entry) => Boolean(entry.operation), rule: (entry) => (entry.rules || []).length > 0,
  fault: (entry) => Boolean(entry.fault), remark: (entry) => (entry.remarks || []).length > 0,
};

/** @param {string} text @returns {Query} */
export function parse(text) {
  /** @type {Query} */
  const query = { terms: [], tenants: [], bodies: [], problem: "" };
  for (const match of text.matchAll(/(!?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/gi)) {
    const not = match[1] === "!", name = (match[2] || "").toLowerCase(), value = match[3] ?? match[4];
    const term = one(name, value, match[3] !== undefined, query);
    if (term) query.terms.push({ not, ...term });
  }
  return query;
}

/** @param {string} name @param {string} value @param {boolean} isQuoted @param {Query} query */
function one(name, value, isQuoted, query) {
  const kind = Object.hasOwn(LONG, name) ? LONG[name] : name;
  if (Object.hasOwn(KINDS, kind) && kind !== "body") {
    if (kind === "tenant") query.tenants.push(value.toLowerCase());
    const test = KINDS[kind](value);
    if (!test) query.problem = `${kind}: cannot be “${value}”`;
    return test && { kind, value, test };
  }
  if (!name && !isQuoted) {
    const status = statusTest(value);
    if (status) return { kind: "status", value, test: status };
    if (Object.hasOwn(FLAGS, value.toLowerCase())) return { kind: "has", value, test: FLAGS[value.toLowerCase()] };
    if (/^#\d+$/.test(value)) return { kind: "number", value, test: (entry) => entry.number === Number(value.slice(1)) };
  }
  // `http://…` is a text too.
  const text = (kind && kind !== "body" ? `${name}:${value}` : value).toLowerCase();
  if (!text) return null;
  query.bodies.push(text);
  const isBody = kind === "body";
  return { kind: isBody ? "body" : "text", value: text, test: (entry) => !isBody && row(entry).includes(text) };
}

/**
 * @param {any} entry @param {Query} query
 * @param {(text: string, entry: any) => boolean} [inBody] whether the entry's contents hold the text
 */
export const matches = (entry, query, inBody) => query.terms.every((term) => {
  const isSo = term.test(entry) || ((term.kind === "body" || term.kind === "text") && Boolean(inBody?.(term.value, entry)));
  return isSo !== term.not;
});
