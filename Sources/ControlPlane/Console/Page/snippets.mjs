// @ts-check
// An exchange as code: for a shell, Python, JavaScript, a test, a rule.

/** Fields that a client makes by itself. */
const OWN = ["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "keep-alive", "te", "expect"];

/**
 * @typedef {{method: string, url: string, fields: Array<[string, string]>, content: string | undefined, base64?: string, isCut: boolean}} Draft
 * @param {any} entry @param {{origin: string, tenant: string}} where @returns {Draft} the request as one may send it again
 */
export function draft(entry, where) {
  const fields = entry.request.fields.filter((one) => !OWN.includes(one.name.toLowerCase())).map((one) => [one.name, unmasked(one.value, where.tenant)]);
  const names = fields.map(([name]) => name.toLowerCase());
  const isNamed = names.includes("x-wavetank-tenant") || entry.target.startsWith("/_t/") || where.tenant === "default";
  if (!isNamed) fields.push(["X-Wavetank-Tenant", where.tenant]);
  return {
    // What came through the proxy names a vendor's host: sent again it comes here, too, not to the vendor.
    method: entry.method, url: where.origin + targetOf(entry),
    fields, content: entry.request.content || undefined, base64: entry.request.contentBase64 || undefined, isCut: Boolean(entry.request.contentIsCut),
  };
}
/** Path and query, without the scheme and host that a proxy is told. @param {any} entry */
const targetOf = (entry) => entry.target.replace(/^https?:\/\/[^/?]+(?=([/?]?))/i, (_, next) => next === "/" ? "" : "/");
/** A credential is masked in the journal; one that names its tenant can be had again. @param {string} value @param {string} tenant */
export const unmasked = (value, tenant) => value.replace(/wt-([a-z0-9-]+)\.\*\*\*#[0-9a-f]+/, "wt-$1").replace(/\*\*\*#[0-9a-f]+/, "wt-" + tenant);

const shell = (text) => "'" + String(text).replaceAll("'", "'\\''") + "'";
/** Text in Python and in JavaScript: JSON's form is both's, for what is no line separator. @param {string} text */
const quoted = (text) => JSON.stringify(text).replace(/[\u2028\u2029\u007f]/g, (one) => "\\u" + one.charCodeAt(0).toString(16).padStart(4, "0"));

/** What a snippet says in front where the journal has only a part of the content. */
const CUT = "The journal keeps only the first bytes of this content.";
/** The content as an expression of Python; nothing: there is none. @param {Draft} one */
const pythonContent = (one) => one.base64 ? `base64.b64decode(${quoted(one.base64)})` : one.content === undefined ? "" : `${quoted(one.content)}.encode()`;

/** @param {Draft} one */
export function curl(one) {
  // A method is a token (RFC 9110 §5.6.2): `$`, `|` and backticks among it would be the shell's.
  const method = /^[A-Za-z]+$/.test(one.method) ? one.method : shell(one.method);
  // With `-X HEAD` it would wait for the content.
  const flags = [one.method === "HEAD" ? "-I" : `-i -X ${method}`];
  // Its own languages: sets and ranges in URLs, dots in paths that it takes away.
  if (/[[\]{}]/.test(one.url)) flags.push("--globoff");
  if (/\/\.{1,2}(?=[/?#]|$)/.test(one.url)) flags.push("--path-as-is");
  // A field without a value ends in a semicolon there; with a colon it is taken away.
  const parts = [`curl ${flags.join(" ")} ${shell(one.url)}`, ...one.fields.map(([name, value]) => "-H " + shell(value === "" ? `${name};` : `${name}: ${value}`))];
  if ((one.base64 || one.content !== undefined) && !one.fields.some(([name]) => name.toLowerCase() === "content-type")) parts.push("-H 'Content-Type:'");
  if (one.base64) parts.push("--data-binary @-");
  // As it is, also where it begins with @, which names a file elsewhere.
  else if (one.content !== undefined) parts.push("--data-raw " + shell(one.content));
  // Bytes that are no text are no argument: they come through a pipe.
  return (one.isCut ? `# ${CUT}\n` : "") + (one.base64 ? `printf %s ${shell(one.base64)} | base64 -d | ` : "") + parts.join(" \\\n  ");
}

/** @param {Draft} one */
export function python(one) {
  const content = pythonContent(one);
  const lines = [...(one.isCut ? [`# ${CUT}`] : []), ...(one.base64 ? ["import base64"] : []), "import urllib.error", "import urllib.request", "", "request = urllib.request.Request(", `    ${quoted(one.url)},`, `    method=${quoted(one.method)},`,
    `    headers={${one.fields.map(([name, value]) => `\n        ${quoted(name)}: ${quoted(value)},`).join("")}${one.fields.length ? "\n    " : ""}},`];
  if (content) lines.push(`    data=${content},`);
  return [...lines, ")", "try:", "    answer = urllib.request.urlopen(request)", "except urllib.error.HTTPError as error:", "    answer = error", "print(answer.status, answer.read().decode())"].join("\n");
}

/** @param {Draft} one */
export function javascript(one) {
  const fields = one.fields.map(([name, value]) => `\n    ${quoted(name)}: ${quoted(value)},`).join("");
  const body = one.base64 ? `Uint8Array.from(atob(${quoted(one.base64)}), (one) => one.charCodeAt(0))` : one.content === undefined ? "" : quoted(one.content);
  return [...(one.isCut ? [`// ${CUT}`] : []), `const answer = await fetch(${quoted(one.url)}, {`, `  method: ${quoted(one.method)},`, `  headers: {${fields}${fields ? "\n  " : ""}},`,
    ...(body ? [`  body: ${body},`] : []), "});", "console.log(answer.status, await answer.text());"].join("\n");
}

/** A test that makes the request and wants the answer that it got here. @param {any} entry @param {Draft} one @param {any[]} rules those that struck, as JSON */
export function pytest(entry, one, rules) {
  const name = (entry.operation || entry.method).replace(/[^A-Za-z0-9]+/g, "_").replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
  const target = entry.target.replace(/^\/_t\/[^/]+/, "");
  const fields = one.fields.filter(([field]) => field.toLowerCase() !== "x-wavetank-tenant")
    .map(([field, value]) => /\bwt-[a-z0-9-]+/.test(value) ? `\n        ${quoted(field)}: ${value.replace(/^(.*?)wt-[a-z0-9-]+.*$/, (_, before) => (before ? `${quoted(before)} + ` : "") + "wavetank.key")},`
      : `\n        ${quoted(field)}: ${quoted(value)},`).join("");
  // What a fault has kept from the client is no answer to assert.
  const isBroken = entry.ending === "fault", content = pythonContent(one);
  const imports = [...(one.base64 ? ["import base64"] : []), ...(isBroken ? ["import http.client"] : ["import urllib.error"]), "import urllib.request", ...(isBroken ? ["", "import pytest"] : [])];
  const lines = [...(one.isCut ? [`# ${CUT}`] : []), ...imports, "", "", `def test_${name}(wavetank):`];
  if (rules.length) {
    lines.push("    wavetank.scenario({", "        \"wavetank\": 1,", "        \"rules\": [");
    for (const rule of rules) lines.push(`            ${literal(rule)},`);
    lines.push("        ],", "    })");
  }
  lines.push("    request = urllib.request.Request(", `        wavetank.url + ${quoted(target)},`, `        method=${quoted(one.method)},`, `        headers={${fields}${fields ? "\n    " : ""}},`);
  if (content) lines.push(`        data=${content},`);
  lines.push("    )", ...(isBroken
    ? ["    with pytest.raises((OSError, http.client.HTTPException)):", "        urllib.request.urlopen(request, timeout=5).read()"]
    : ["    try:", "        answer = urllib.request.urlopen(request)", "    except urllib.error.HTTPError as error:", "        answer = error", `    assert answer.status == ${entry.status ?? 200}`]));
  if (entry.operation) lines.push(`    wavetank.verify({"operation": ${quoted(entry.operation)}}, exactly=1)`);
  return lines.join("\n") + "\n";
}

/** JSON as Python writes it. @param {any} value @returns {string} */
export function literal(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([key, one]) => `${quoted(key)}: ${literal(one)}`).join(", ")}}`;
  return typeof value === "string" ? quoted(value) : String(value);
}

/** Effects that one click gives a rule. */
export const EFFECTS = /** @type {Array<[string, any]>} */ ([
  ["fail with 503", { error: 503 }], ["fail with 429", { error: 429 }], ["fail with 500", { error: 500 }], ["take 2 s longer", { delay: "2s" }],
  ["be reset on the line", { fault: "reset" }], ["be cut inside the content", { fault: { truncate: { afterBytes: 1 } } }], ["never finish", { fault: "stall" }],
]);

/** A rule about exchanges like this one. @param {any} entry @param {any} effect @param {string} [verb] */
export const ruleOf = (entry, effect, verb) => ({
  name: `console: ${entry.operation || entry.method + " " + pathOf(entry)} ${verb || ""}`.trim(),
  match: entry.operation ? { operation: entry.operation } : { method: entry.method, path: pathOf(entry) }, ...effect,
});
/** Its path as a rule has it: stars and braces in it stand for themselves. @param {any} entry */
const pathOf = (entry) => entry.target === "*" ? "*" : targetOf(entry).replace(/^\/_t\/[^/]+/, "").replace(/\?.*$/, "").replace(/[*\\]/g, "\\$&").replace(/[{}]/g, "?");

/** A content as a rule has it: as JSON where that is the same to the byte. Two braces would be a template. @param {string} text */
function asWritten(text) {
  const literal = text.replaceAll("{{", "{{{{");
  try {
    if (literal === text && JSON.stringify(JSON.parse(text)) === text) return { json: JSON.parse(text) };
  } catch { /* no JSON */ }
  return { text: literal };
}
/** The answer that it got, as what a rule answers. @param {any} entry */
export function respondLike(entry) {
  const type = entry.response.fields.find((one) => one.name.toLowerCase() === "content-type")?.value;
  const text = entry.response.content || "";
  let body;
  if (entry.response.contentBase64) body = { base64: entry.response.contentBase64 };
  else body = text ? asWritten(text) : {};
  return { respond: { status: entry.status ?? 200, ...(type && !("json" in body) ? { header: { "Content-Type": type } } : {}), ...body } };
}
