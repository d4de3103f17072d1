// What the console's modules work out without a page: by Node's own runner, `node --test`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "node:test";

globalThis.location = new URL("http://127.0.0.1:7070/_wavetank/console");
globalThis.window = { addEventListener() {}, setTimeout, innerWidth: 1200 };
globalThis.document = { getElementById: () => null, hidden: true };
// What would look again and again has nothing to look at here.
globalThis.setInterval = () => 0;

const page = new URL("../../../Sources/ControlPlane/Console/Page/", import.meta.url);
const use = (name) => import(new URL(name, page));
const { matches, parse, glob } = await use("query.mjs");
const { Exchanges, KEPT_MAX, rows } = await use("model.mjs");
const { at, complete, help, keysOf, spot } = await use("schema.mjs");
const { ordinal, nearMisses, sentence, story } = await use("why.mjs");
const { curl, draft, javascript, literal, pytest, python, respondLike, ruleOf } = await use("snippets.mjs");
const { packed, ticks } = await use("scale.mjs");
const { methodsOf } = await import(new URL("../../../SteamshipEmulator/Console/steamship.mjs", page));
const { modules, script, services, whole } = await import("./bundle.mjs");

const entry = (more) => ({ number: 1, method: "GET", target: "/api/v1/version", operation: "scramjet.hub.version", service: "scramjet", status: 200, rules: [], remarks: [], ending: "completed", durationMilliseconds: 1.5, arrived: "2026-01-01T00:00:00Z", ended: "2026-01-01T00:00:00Z", ...more });
const has = (filter, one, inBody) => matches(one, parse(filter), inBody);

test("the filter knows statuses", () => {
  for (const [filter, status, isSo] of [["5xx", 503, true], ["5xx", 404, false], ["404", 404, true], ["400-499", 429, true], ["!2xx", 200, false], ["!2xx", null, true], ["status:>=500", 503, true], ["status:5xx", 500, true]]) {
    assert.equal(has(filter, entry({ status })), isSo, `${filter} of ${status}`);
  }
});
test("the filter knows operations, and their absence", () => {
  assert.ok(has("!op", entry({ operation: null })));
  assert.ok(!has("!op", entry()));
  assert.ok(has("op", entry()));
  assert.ok(has("op:*.version", entry()));
  assert.ok(!has("op:*.list", entry()));
  assert.ok(has("operation:hub", entry()));
  assert.ok(has("!op:steamship.*", entry()));
});
test("the filter knows rules, faults, tenants and numbers; words hold together", () => {
  assert.ok(has("rule:slow* fault", entry({ rules: ["slow reads"], fault: "reset" })));
  assert.ok(!has("rule", entry()));
  assert.deepEqual(parse("tenant:blue* 5xx").tenants, ["blue*"]);
  assert.ok(has("tenant:blue", entry({ tenant: "blue" })));
  assert.ok(!has("tenant:blue", entry({ tenant: "bluer" })));
  assert.ok(has("#1 took:>1", entry()));
  assert.ok(has("rule:\"slow reads\"", entry({ rules: ["slow reads"] })));
  assert.ok(has("http://x", entry({ target: "http://x/y" })));
  assert.ok(has("target:/api/*", entry({ target: "/_t/blue/api/v1/version" })));
  assert.ok(has("target:/_t/blue/*", entry({ target: "/_t/blue/api/v1/version" })));
  assert.notEqual(parse("took:soon").problem, "");
});
test("words that every object has are words like others", () => {
  assert.ok(!has("constructor", entry()));
  assert.ok(has("constructor", entry({ target: "/constructor" })));
  assert.ok(has("constructor:x", entry({ target: "/constructor:x" })));
  assert.ok(!has("constructor:x", entry()));
});
test("text is looked for in the row and in the contents, body: only there", () => {
  const inBody = (text) => text === "harbor";
  assert.ok(has("harbor", entry(), inBody));
  assert.ok(has("version", entry(), () => false));
  assert.ok(!has("body:version", entry(), () => false));
  assert.ok(has("body:harbor", entry(), inBody));
  assert.ok(!has("!body:harbor", entry(), inBody));
  assert.deepEqual(parse("body:\"two words\"").bodies, ["two words"]);
});
test("a glob is the control API's", () => {
  assert.ok(glob("a.*")("A.b") && !glob("a.*")("xa.b") && glob("a?c")("abc") && !glob("a.c")("abc"));
});

test("polls that repeat are one row, until something else happens", () => {
  const list = [1, 2, 3].map((number) => entry({ number }));
  assert.deepEqual(rows(list, true).map((row) => [row.entry.number, row.entries.length]), [[3, 3]]);
  assert.equal(rows(list, false).length, 3);
  const turns = [entry({ number: 1 }), entry({ number: 2, target: "/b" }), entry({ number: 3 }), entry({ number: 4, target: "/b" })];
  assert.deepEqual(rows(turns, true).map((row) => row.entries.length), [2, 2]);
  const between = [entry({ number: 1 }), entry({ number: 2, method: "POST", operation: "x.create", target: "/c" }), entry({ number: 3 })];
  assert.equal(rows(between, true).length, 3);
  assert.equal(rows([entry({ number: 1 }), entry({ number: 2, status: 503 })], true).length, 2);
  assert.equal(rows(list, true, new Set([rows(list, true)[0].key])).length, 3);
});
test("exchanges are in order and once, whatever order they come in, and bounded", () => {
  const held = new Exchanges();
  assert.equal(held.add([entry({ number: 2 }), entry({ number: 1 }), entry({ number: 2 }), entry({ number: 4 }), entry({ number: 3 })]), 4);
  assert.deepEqual(held.entries.map((one) => one.number), [1, 2, 3, 4]);
  held.add(Array.from({ length: KEPT_MAX * 2 }, (_, index) => entry({ number: index + 5 })));
  assert.ok(held.entries.length <= KEPT_MAX * 1.1);
  assert.equal(held.entries.at(-1).number, KEPT_MAX * 2 + 4);
  held.clear();
  assert.deepEqual([held.entries.length, held.last, held.total], [0, 0, 0]);
});

const root = JSON.parse(readFileSync(new URL("../../../Scenarios/scenario.schema.json", import.meta.url), "utf8"));
test("a place in an unfinished text is known", () => {
  const text = "{\"rules\": [{\"name\": \"a\"}, {\"match\": {\"op";
  const found = spot(text, text.length);
  assert.deepEqual(found.path, ["rules", 1, "match"]);
  assert.ok(found.isKey);
  assert.equal(found.word, "op");
  assert.deepEqual(spot("{\"a\": \"b", 8).path, ["a"]);
});
test("completion gives the language's keys and this server's operations", () => {
  const labels = (text, known) => complete(root, root, text, text.length, known).options.map((one) => one.label);
  assert.ok(labels("{\"rules\": [{\"").includes("match"));
  assert.ok(labels("{\"rules\": [{\"fau").includes("fault"));
  assert.ok(!labels("{\"rules\": [{\"match\": {}, \"").includes("match"), "a key that stands there already");
  assert.deepEqual(labels("{\"rules\": [{\"match\": {\"operation\": \"hub", { operations: ["scramjet.hub.version", "x.y"] }), ["scramjet.hub.version"]);
  assert.ok(labels("{\"rules\": [{\"per\": \"").includes("resource"));
  assert.ok(keysOf(root, at(root, root.$defs.rule, ["fault"])).some((one) => one.key === "truncate"));
});
test("help says what the schema says", () => {
  const text = "{\"rules\": [{\"every\": 2}]}";
  const found = help(root, root, text, text.indexOf("every") + 2);
  assert.equal(found.name, "rules.every");
  assert.match(found.sentence, /n-th/);
});

test("why is told in sentences", () => {
  assert.deepEqual([1, 2, 3, 11, 12, 21, 112].map(ordinal), ["1st", "2nd", "3rd", "11th", "12th", "21st", "112th"]);
  assert.match(sentence({ rule: "a", outcome: "struck", count: 2, action: "error 503" }).text, /“a” struck, for the 2nd time: error 503/);
  const missed = { rule: "b", outcome: "not matched", failed: "match.query.limit", expected: "> 5", found: "3" };
  const far = { rule: "c", outcome: "not matched", failed: "match.operation", expected: "x", found: "y" };
  const told = { ...entry(), why: { rulesConsidered: [missed, far], rulesInForce: 2, variablesBefore: { a: 1 }, variablesAfter: { a: 2 } } };
  assert.deepEqual(nearMisses(told).map((one) => one.rule), ["b"]);
  assert.ok(story(told).some((one) => /from 1 to 2/.test(one.text)));
  assert.ok(story(told).some((one) => /answered as usual/.test(one.text)));
  assert.match(story({ ...entry({ operation: null }), why: { reason: "Nobody knows it." } })[0].text, /Nobody/);
});

const asked = {
  ...entry({ method: "POST", target: "/api/v1/it's?a=1", operation: "x.make", status: 201 }),
  request: { fields: [{ name: "Host", value: "h" }, { name: "Authorization", value: "Bearer wt-blue.***#1a2b" }, { name: "X-Api-Key", value: "***#ffff" }], content: "{\"a\":\"it's \\\"so\\\"\"}\n" },
  response: { fields: [{ name: "Content-Type", value: "application/json" }], content: "{\"b\":2}" },
};
const one = draft(asked, { origin: "http://127.0.0.1:7070", tenant: "blue" });
test("a request as code says the same in each language", () => {
  assert.deepEqual(one.fields, [["Authorization", "Bearer wt-blue"], ["X-Api-Key", "wt-blue"], ["X-Wavetank-Tenant", "blue"]]);
  const echo = spawnSync("bash", ["-c", curl(one).replace(/^curl/, "printf '%s\\0'")]).stdout.toString().split("\0");
  assert.ok(echo.includes("http://127.0.0.1:7070/api/v1/it's?a=1") && echo.includes("{\"a\":\"it's \\\"so\\\"\"}\n"));
  const said = spawnSync("python3", ["-c", "import ast,sys; t=ast.parse(sys.stdin.read()); print([n.value for n in ast.walk(t) if isinstance(n, ast.Constant)])"], { input: python(one) });
  assert.equal(said.status, 0, said.stderr.toString());
  assert.match(said.stdout.toString(), /it's/);
  assert.doesNotThrow(() => new (Object.getPrototypeOf(async () => {}).constructor)(javascript(one)));
  const tried = spawnSync("python3", ["-c", "import ast,sys; ast.parse(sys.stdin.read())"], { input: pytest(asked, one, [{ name: "r", times: 1, match: { header: { a: { present: true } } } }]) });
  assert.equal(tried.status, 0, tried.stderr.toString());
  assert.match(pytest(asked, one, []), /"Authorization": "Bearer " \+ wavetank\.key/);
  assert.equal(literal([true, null, { a: "b" }]), "[True, None, {\"a\": \"b\"}]");
});
test("bytes that are no text are sent as they were, in each language", () => {
  const bytes = [0, 255, 39, 10, 31, 139], base64 = Buffer.from(bytes).toString("base64");
  const binary = draft({ ...asked, request: { fields: [], contentBase64: base64 } }, { origin: "http://h", tenant: "default" });
  assert.equal(binary.isCut, false);
  assert.deepEqual([...spawnSync("bash", ["-c", curl(binary).replace("| curl", "| cat #")]).stdout], bytes);
  for (const code of [python(binary), pytest(asked, binary, [])]) {
    const tried = spawnSync("python3", ["-c", "import ast,base64,sys; [sys.stdout.write(str(list(base64.b64decode(n.args[0].value)))) for n in ast.walk(ast.parse(sys.stdin.read())) if getattr(getattr(n, 'func', None), 'attr', '') == 'b64decode']"], { input: code });
    assert.equal(tried.stdout.toString(), "[0, 255, 39, 10, 31, 139]", code + tried.stderr);
    assert.match(code, /^import base64$/m);
  }
  assert.match(javascript(binary), /body: Uint8Array\.from\(atob\(/);
  assert.match(curl(draft({ ...asked, request: { fields: [], content: "a", contentIsCut: true } }, { origin: "http://h", tenant: "default" })), /^# The journal keeps only/);
  assert.deepEqual(respondLike({ ...asked, response: { fields: [], contentBase64: base64 } }), { respond: { status: 201, base64 } });
});
test("a test of an exchange that a fault broke wants that it breaks", () => {
  const code = pytest({ ...asked, ending: "fault", fault: "reset" }, one, [{ name: "r", fault: "reset" }]);
  assert.match(code, /pytest\.raises\(\(OSError, http\.client\.HTTPException\)\)/);
  assert.doesNotMatch(code, /answer\.status/);
  const tried = spawnSync("python3", ["-c", "import ast,sys; ast.parse(sys.stdin.read())"], { input: code });
  assert.equal(tried.status, 0, tried.stderr.toString());
});
test("a method that a shell would take for more is no more than a method", () => {
  for (const method of ["`echo", "a|b", "$HOME", "a&b", "it's", "*"]) {
    const echo = spawnSync("bash", ["-c", curl({ ...one, method }).replace(/^curl/, "printf '%s\\0'")]).stdout.toString().split("\0");
    assert.equal(echo[2], method);
  }
});
test("a rule is made of an exchange, and the same click makes the same rule", () => {
  assert.deepEqual(ruleOf(asked, { error: 503 }, "fail"), { name: "console: x.make fail", match: { operation: "x.make" }, error: 503 });
  assert.deepEqual(ruleOf({ ...asked, operation: null, target: "/_t/blue/a?b" }, {}).match, { method: "POST", path: "/a" });
  assert.deepEqual(ruleOf({ ...asked, operation: null, target: "http://h/a*{b}\\c?d" }, {}).match, { method: "POST", path: "/a\\*?b?\\\\c" });
  assert.deepEqual(respondLike(asked), { respond: { status: 201, json: { b: 2 } } });
});
test("an answer made a rule is the same to the byte", () => {
  const header = { "Content-Type": "application/json" };
  for (const [content, text] of [
    ["{ \"b\": 2 }", "{ \"b\": 2 }"], ["{\"n\":12345678901234567890}", "{\"n\":12345678901234567890}"],
    ["{\"a\":\"{{id}}\"}", "{\"a\":\"{{{{id}}\"}"], ["{\"a\":", "{\"a\":"],
  ]) assert.deepEqual(respondLike({ ...asked, response: { ...asked.response, content } }), { respond: { status: 201, header, text } });
});
test("a request sent again by curl is the one that came", () => {
  const sent = (more, fields = []) => {
    const again = draft({ ...asked, request: { fields, content: more.content }, ...more }, { origin: "http://h:1", tenant: "default" });
    return spawnSync("bash", ["-c", curl(again).replace(/^curl/, "printf '%s\\0'")]).stdout.toString().split("\0").slice(0, -1);
  };
  const plain = { method: "GET", target: "/a", content: undefined };
  for (const [more, fields, wanted] of [
    [{ target: "http://api.steamship.com/x?y=1" }, [], ["-i", "-X", "GET", "http://h:1/x?y=1"]],
    [{ target: "https://api.steamship.com?y=1" }, [], ["-i", "-X", "GET", "http://h:1/?y=1"]],
    [{ method: "HEAD" }, [], ["-I", "http://h:1/a"]],
    [{ target: "/a[1-3]/../{b}" }, [], ["-i", "-X", "GET", "--globoff", "--path-as-is", "http://h:1/a[1-3]/../{b}"]],
    [{ content: "@/etc/passwd" }, [], ["-i", "-X", "GET", "http://h:1/a", "-H", "Content-Type:", "--data-raw", "@/etc/passwd"]],
    [{}, [{ name: "X-Empty", value: "" }], ["-i", "-X", "GET", "http://h:1/a", "-H", "X-Empty;"]],
  ]) assert.deepEqual(sent({ ...plain, ...more }, fields), wanted);
});

test("a line of time has marks at round instants", () => {
  const from = Date.parse("2026-01-01T00:00:01Z");
  assert.deepEqual(ticks(from, from + 60e3, 6).map((tick) => tick.text), ["00:00:10", "00:00:20", "00:00:30", "00:00:40", "00:00:50", "00:01:00"]);
});

test("the list takes the rest in when it comes: each exchange once, in order, and no more than it keeps", () => {
  const held = new Exchanges(), all = (from, to) => Array.from({ length: to - from }, (_, index) => entry({ number: from + index }));
  held.merge(all(9001, 10001));
  held.add(all(10001, 10003));
  held.merge(all(1, 10002));
  assert.deepEqual([held.entries.length, held.entries[0].number, held.last, held.total], [10002, 1, 10002, 10002]);
  assert.ok(held.entries.every((one, index) => one.number === index + 1));
  held.merge(all(10003, 12000));
  assert.deepEqual([held.entries.length, held.last], [KEPT_MAX, 11999]);
  held.clear();
  held.merge([]);
  assert.deepEqual([held.entries.length, held.last, held.total], [0, 0, 0]);
});

test("bars of one kind stand in one lane, where they do not overlap", () => {
  const at = (seconds) => new Date(seconds * 1e3).toISOString();
  const bar = (row, from, to, more) => ({ label: `${row} ${from}`, row, group: "runs", start: at(from), end: to === null ? null : at(to), status: "Success", ...more });
  const lanes = packed([bar("b", 0, 9), bar("a", 4, 6), bar("a", 0, 3), bar("a", 5, 7), bar("a", 8, null), bar("a", 30, 31)], 20e3);
  assert.deepEqual(lanes.map((lane) => lane.map((one) => one.label)), [["b 0"], ["a 0", "a 4", "a 8", "a 30"], ["a 5"]]);
  assert.deepEqual(packed([bar("a", 0, null, { due: at(40) }), bar("a", 30, 31)], 20e3).length, 2, "what is due keeps its lane until then");
});

test("a method's form has a field for each argument, by what __dir__ says of it", () => {
  const [greet, slow, none] = methodsOf({ methods: [
    { path: "/greet", verb: "GET", doc: "Greets.", args: [{ name: "name", kind: "str", values: null }, { name: "tone", kind: "str", values: ["warm", "cold"], defaultValue: "warm" }] },
    { path: "/slow", args: [{ name: "seconds", kind: "float" }, { name: "more", kind: "dict", defaultValue: { a: 1 } }] },
    { args: [] }] });
  assert.equal(none, undefined);
  assert.deepEqual([greet.path, greet.verb, greet.doc, greet.args.map((arg) => [arg.name, arg.options, arg.value])], ["greet", "GET", "Greets.", [["name", undefined, ""], ["tone", ["warm", "cold"], "warm"]]]);
  assert.deepEqual([slow.verb, slow.args.map((arg) => [arg.isNumber, arg.isJSON, arg.value])], ["POST", [[true, false, ""], [false, true, '{"a":1}']]]);
  assert.deepEqual(methodsOf({ status: "failed" }), []);
});

test("the page is one module whose names are there once, and small", () => {
  const checked = spawnSync(process.execPath, ["--input-type=module", "--check"], { input: script() });
  assert.equal(checked.status, 0, checked.stderr.toString());
  assert.ok(whole().length < 250_000, `${whole().length} bytes`);
  assert.ok(!/ style="/.test(whole()), "no style attribute: the policy forbids it");
  assert.ok(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/.test(script()), "what comes is text");
});
test("each module is short, checked, and imports in one line each", () => {
  const files = [...modules.map((name) => new URL(name, page)), ...services.map(([name, title]) => new URL(`../../../${title}Emulator/Console/${name}.mjs`, page))];
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    assert.ok(text.startsWith("// @ts-check\n"), file.pathname);
    assert.ok(text.split("\n").length < 400, file.pathname);
    assert.ok(!/^import [^;]*$/m.test(text), file.pathname);
    assert.ok(text.split("\n").filter((line) => /^export (\{|default|\*)/.test(line)).length === 0, file.pathname);
  }
});
