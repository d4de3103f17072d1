"use strict";
// Runs a Scramjet sequence in JavaScript and gives it its context. It may wait long for its `start`.
//
// Descriptors 0, 1 and 2 are the instance's own. 3 is control: a JSON array `[kind, {…}]` a line, both
// ways; its end is ours. 4 brings the input, 5 takes the output.
//
// To us: start, input, event, stop, kill, leave, rate, work. From us: hello, pang, health, log, event,
// alive, stopped, completed, idle, leaving. Exit codes: 21 no file, 22 it cannot be loaded, 23 it fails, 101 uncaught,
// 137 killed, 138 killed after a stop.

const fs = require("fs");
const net = require("net");
const os = require("os");
const path = require("path");
const { EventEmitter } = require("events");
const { Readable, PassThrough, Writable } = require("stream");

const NO_FILE = 21, NOT_LOADED = 22, FAILED = 23, UNCAUGHT = 101, KILLED = 137, KILLED_AFTER_STOP = 138;
/** So little work in so long is none. */
const IDLE_MILLISECONDS = 25, IDLE_MICROSECONDS = 5000;
const NEWLINE_TYPES = ["application/x-ndjson", "text/x-ndjson"];

const control = new net.Socket({ fd: 3 });
const say = (kind, content = {}) => {
    control.write(`${JSON.stringify([kind, content])}\n`);
};

/** Ends the process once what was said and printed has been sent: within half a second, read or not. */
const leave = (code) => {
    if (process.exitCode !== undefined) return;
    process.exitCode = code;
    say("leaving", { code });
    const printed = [process.stdout, process.stderr].map((stream) => new Promise((resolve) => {
        if (stream.destroyed || stream.writableLength === 0) resolve();
        else stream.write("", resolve);
    }));
    Promise.all(printed).then(() => control.end(() => process.exit(code)));
    setTimeout(() => process.exit(code), 500);
};

/**
 * Signals that end nothing where nobody handles them: they tell, stop or go on, or Node itself takes them.
 */
const HARMLESS = ["SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGPIPE", "SIGUSR1"];
/**
 * The kernel spares the first process of a namespace, which this is, signals that it sends itself and does not
 * handle: it ends by them all the same, as it would elsewhere.
 */
const mindOwnSignals = () => {
    const kill = process.kill;
    process.kill = (pid, signal = "SIGTERM") => {
        const result = kill.call(process, pid, signal);
        const [name, number] = Object.entries(os.constants.signals).find((one) => one.includes(signal)) ?? ["", 0];
        if ((pid === process.pid || pid === 0) && number > 0 && !HARMLESS.includes(name) && process.listenerCount(name) === 0) {
            process.reallyExit(128 + number);
        }
        return result;
    };
};
if (process.pid === 1) mindOwnSignals();

// MARK: Log

const levels = ["trace", "debug", "info", "warn", "error", "fatal"];

const plain = (value) => {
    if (value instanceof Error) return value.stack || String(value);
    try {
        return JSON.parse(JSON.stringify(value));
    } catch (_) {
        return String(value);
    }
};

const makeLogger = (from) => {
    const logger = Object.fromEntries(levels.map((level) => [level, (message, ...data) => {
        say("log", { level: level.toUpperCase(), from, data: data.map(plain),
            msg: typeof message === "string" ? message : plain(message) });
    }]));
    logger.write = (level, message, ...data) => logger[String(level).toLowerCase()]?.(message, ...data);
    return logger;
};
/** The runner's own; a sequence's is its context's. */
const logger = makeLogger("Runner");

// MARK: Clients of the server's own API

class Client {
    constructor(base, token, instance) {
        this.apiBase = base.replace(/\/$/, "");
        this.token = token;
        this.instance = instance;
    }

    async ask(method, where, { body, headers = {}, parse = "json" } = {}) {
        const authorization = this.token ? { authorization: `Bearer ${this.token}` } : {};
        const response = await fetch(`${this.apiBase}/${where}`, {
            method, body, ...(body ? { duplex: "half" } : {}),
            headers: { "x-request-id": this.instance, ...authorization, ...headers },
        });
        if (!response.ok) {
            const text = await response.text();
            throw Object.assign(new Error(`${response.status} ${response.statusText}`.trim()),
                { status: response.status, body: text });
        }
        if (parse === "stream") return Readable.fromWeb(response.body);
        if (parse === "response") return response;
        const text = await response.text();
        return text === "" ? undefined : JSON.parse(text);
    }

    get(where) { return this.ask("GET", where); }
    delete(where, headers) {
        return this.ask("DELETE", where, { headers: { "content-type": "application/json", ...headers } });
    }
    post(where, value = {}) {
        return this.ask("POST", where,
            { body: JSON.stringify(value), headers: { "content-type": "application/json" } });
    }
    getStream(where, type = "application/octet-stream") {
        return this.ask("GET", where, { headers: { "content-type": type }, parse: "stream" });
    }
    sendStream(where, stream, { type = "application/octet-stream", end } = {}, method = "POST") {
        const body = typeof stream === "string" || Buffer.isBuffer(stream) ? stream : Readable.toWeb(Readable.from(stream));
        const headers = { "content-type": type, ...(end === undefined ? {} : { "x-end-stream": String(end) }) };
        return this.ask(method, where, { body, headers, parse: "response" });
    }

    getVersion() { return this.get("version"); }
    getLoadCheck() { return this.get("load-check"); }
    getConfig() { return this.get("config"); }
    listEntities() { return this.get("entities"); }
    listSequences() { return this.get("sequences"); }
    listInstances() { return this.get("instances"); }
    getTopics() { return this.get("topics"); }
    getLogStream() { return this.getStream("log"); }
    getAuditStream() { return this.getStream("audit"); }
    createTopic(id, contentType) { return this.post("topics", { id, "content-type": contentType }); }
    deleteTopic(id) { return this.delete(`topics/${encodeURIComponent(id)}`); }
    sendTopic(topic, stream, options = {}, type = "application/x-ndjson") {
        return this.sendStream(`topic/${encodeURIComponent(topic)}`, stream, { type, ...options });
    }
    getTopic(topic, options, type = "application/x-ndjson") {
        return this.getStream(`topic/${encodeURIComponent(topic)}`, type);
    }
    sendNamedData(...given) { return this.sendTopic(...given); }
    getNamedData(...given) { return this.getTopic(...given); }
}

class HubClient extends Client {
    getStatus() { return this.get("status"); }
    async sendSequence(stream, options, update) {
        const sent = await this.sendStream(update ? `sequence/${update}` : "sequence", stream, {}, update ? "PUT" : "POST");
        return new SequenceClient((await sent.json()).id, this);
    }
    getSequence(id) { return this.get(`sequence/${id}`); }
    deleteSequence(id, { force } = {}) {
        return this.delete(`sequence/${id}`, force ? { "x-seq-kill-inst": "true" } : {});
    }
    getInstanceInfo(id) { return this.get(`instance/${id}`); }
    getInstance(id) { return this.getInstanceInfo(id); }
    getSequenceClient(id) { return new SequenceClient(id, this); }
    getInstanceClient(id) { return new InstanceClient(id, this); }
    getManagerClient() { return new SpaceClient(`${this.apiBase}/cpm/api/v1`, this.token, this.instance); }
}

class SpaceClient extends Client {
    listHosts() { return this.get("list"); }
    listHubs() { return this.listHosts(); }
    getHostClient(id) { return new HubClient(`${this.apiBase}/sth/${id}/api/v1`, this.token, this.instance); }
    getHubClient(id) { return this.getHostClient(id); }
    getAllSequences() { return this.get("all_sequences"); }
}

class SequenceClient {
    constructor(id, hub) { this._id = this.id = id; this.hub = hub; }
    async start(order = {}) {
        const { id } = await this.hub.post(`sequence/${this.id}/start`, order);
        return new InstanceClient(id, this.hub);
    }
    getInfo() { return this.hub.getSequence(this.id); }
    listInstances() { return this.hub.get(`sequence/${this.id}/instances`); }
    delete() { return this.hub.deleteSequence(this.id); }
    overwrite(stream) { return this.hub.sendSequence(stream, {}, this.id); }
}

class InstanceClient {
    constructor(id, hub) { this._id = this.id = id; this.hub = hub; this.where = `instance/${id}`; }
    getInfo() { return this.hub.getInstanceInfo(this.id); }
    getHealth() { return this.hub.get(`${this.where}/health`); }
    stop(timeout = 7000, canCallKeepalive = false) {
        return this.hub.post(`${this.where}/_stop`, { timeout, canCallKeepalive });
    }
    kill(options = {}) { return this.hub.post(`${this.where}/_kill`, options); }
    sendEvent(eventName, message) { return this.hub.post(`${this.where}/_event`, [5001, { eventName, message }]); }
    getEvent(name) { return this.hub.get(`${this.where}/event/${name}`); }
    getNextEvent(name) { return this.hub.get(`${this.where}/once/${name}`); }
    getEventStream(name) { return this.hub.getStream(`${this.where}/events/${name}`); }
    getStream(name) { return this.hub.getStream(`${this.where}/${name}`); }
    getLogStream() { return this.getStream("log"); }
    sendStream(name, stream, options) { return this.hub.sendStream(`${this.where}/${name}`, stream, options); }
    sendInput(stream, options = {}) { return this.sendStream("input", stream, { type: "text/plain", ...options }); }
    sendStdin(stream) { return this.sendStream("stdin", stream); }
}

// MARK: Context

class Context {
    constructor(start) {
        this.config = start.appConfig ?? {};
        this.instanceId = start.instanceId;
        this.logger = makeLogger("Sequence");
        this.exitTimeout = start.exitTimeout ?? 10000;
        this.initialState = undefined;
        this.definition = { mode: "buffering", name: "sequence" };
        this.hub = new HubClient(start.hub, start.token, start.instanceId);
        this.space = new SpaceClient(start.space, start.token, start.instanceId);
        this.emitter = new EventEmitter();
        this.emitter.setMaxListeners(0);
        this.stopHandlers = [];
        this.killHandlers = [];
        this.monitors = [];
    }

    on(name, handler) {
        this.emitter.on(name, handler);
        return this;
    }
    emit(name, message) {
        say("event", { eventName: name, message });
        return this;
    }
    addStopHandler(handler) { this.stopHandlers.push(handler); return this; }
    addKillHandler(handler) { this.killHandlers.push(handler); return this; }
    addMonitoringHandler(handler) { this.monitors.push(handler); return this; }
    keepAlive(milliseconds = 0) {
        say("alive", { keepAlive: milliseconds });
        return this;
    }
    describe(definition) { Object.assign(this.definition, definition); return this; }
    end() { finish(); return this; }
    destroy(error) {
        if (error) failed(error);
        else finish();
        return this;
    }
    // The published hub's runner throws this very error; a sequence sees the same here.
    save() { throw new Error("Method not implemented."); }
    async healthy() {
        let report = { healthy: true };
        for (const monitor of this.monitors) {
            try {
                report = { ...report, ...(await monitor(report)) };
            } catch (error) {
                logger.error("A monitoring handler failed", error);
                report = { healthy: false };
            }
        }
        return report;
    }
}

// MARK: Input

/** Marks the input and what is made of it: a string stream of the framework stays one. */
const fromInput = Symbol("from the input");

const marked = (stream) => {
    stream[fromInput] = true;
    for (const name of ["map", "filter", "flatMap", "take", "drop"]) {
        const made = stream[name];
        stream[name] = (...given) => marked(made.apply(stream, given));
    }
    return stream;
};

/** What is no JSON is left out, as a hub leaves it out. */
function* jsonValues(lines) {
    for (const line of lines) {
        if (line.trim() === "") continue;
        let value;
        try {
            value = JSON.parse(line);
        } catch (error) {
            logger.error("A line of the input is no JSON", error.message);
            continue;
        }
        // A stream of objects ends with null.
        if (value !== null) yield value;
    }
}

async function* jsonLines(bytes) {
    let rest = [];
    bytes.setEncoding("utf8");
    for await (const chunk of bytes) {
        const lines = chunk.split("\n");
        if (lines.length === 1) {
            rest.push(chunk);
            continue;
        }
        lines[0] = rest.join("") + lines[0];
        rest = [lines.pop()];
        yield* jsonValues(lines);
    }
    yield* jsonValues([rest.join("")]);
}

async function* texts(bytes) {
    bytes.setEncoding("utf8");
    yield* bytes;
}

/** What the sequence reads: nothing until somebody says of what type it is. */
class Input {
    constructor() {
        this.bytes = new net.Socket({ fd: 4, readable: true, writable: false });
        this.bytes.pause();
        this.bytes.on("error", () => {});
        this.typed = new Promise((resolve) => { this.hasType = resolve; });
    }

    setType(type) {
        this.type ??= (type ?? "").split(";")[0].trim().toLowerCase();
        this.hasType();
    }

    get isObjects() { return NEWLINE_TYPES.includes(this.type); }

    async* items() {
        await this.typed;
        if (this.isObjects) yield* jsonLines(this.bytes);
        else if (this.type === "text/plain") yield* texts(this.bytes);
        else yield* this.bytes;
    }

    stream() { return marked(Readable.from(this.items(), { highWaterMark: 16 })); }
}

// MARK: Output

const isIterable = (value) => value !== null && typeof value === "object"
    && (typeof value[Symbol.asyncIterator] === "function" || typeof value[Symbol.iterator] === "function");

const isStream = (value) => value !== null && typeof value === "object" && typeof value.pipe === "function";

class Output {
    constructor() {
        this.socket = new net.Socket({ fd: 5, readable: false, writable: true });
        this.socket.on("error", () => {});
    }

    write(text) {
        return new Promise((resolve) => {
            if (this.socket.destroyed || this.socket.write(text)) return resolve();
            // Both go again: Node warns, on the sequence's stderr, of more than ten that wait.
            const go = () => {
                this.socket.off("drain", go).off("close", go);
                resolve();
            };
            this.socket.on("drain", go).on("close", go);
        });
    }

    end() {
        return new Promise((resolve) => {
            if (this.socket.destroyed) resolve();
            else this.socket.end(resolve);
        });
    }

    /** Writes a result until it ends. */
    async take(result, contentType) {
        if (typeof result === "function") result = await result();
        if (!isStream(result) && !isIterable(result)) {
            if (result === null) return;
            await this.write(typeof result === "object" ? JSON.stringify(result) : String(result));
            return;
        }
        // A stream that is not the hub's own goes out as it is, and objects in it are a failure.
        const isObjects = () => {
            if (NEWLINE_TYPES.includes(contentType) || !isStream(result)) return true;
            return Boolean(result[fromInput]) && input.isObjects;
        };
        const source = isStream(result) && typeof result[Symbol.asyncIterator] !== "function"
            ? result.pipe(new PassThrough({ objectMode: true })) : result;
        for await (const item of source) {
            if (isObjects() && !(item instanceof Uint8Array)) await this.write(`${JSON.stringify(item)}\n`);
            else if (typeof item === "string" || item instanceof Uint8Array) await this.write(item);
            else throw new TypeError("The \"chunk\" argument must be of type string or an instance of Buffer or "
                + `Uint8Array. Received ${item === null ? "null" : `an instance of ${item.constructor?.name}`}`);
        }
    }
}

// MARK: Life

let context, input, output;
let isStopped = false, isOver = false, healthTimer, keptAlive;

const failed = (error) => {
    if (isOver) return;
    isOver = true;
    logger.error("Function errored", error);
    logger.error("Error occurred during Sequence execution: ", error);
    leave(FAILED);
};

/** The process stays for the exit timeout, on the hub's clock: it is told when to leave. */
const finish = async () => {
    if (isOver) return;
    isOver = true;
    await output.end();
    const timeout = Number(context.exitTimeout);
    say("completed", { timeout: Number.isFinite(timeout) ? Math.trunc(timeout) : 10000 });
    keptAlive = setInterval(() => {}, 1 << 30);
};

const report = async () => say("health", await context.healthy());

const setRate = (milliseconds) => {
    clearInterval(healthTimer);
    healthTimer = setInterval(report, Math.max(1, milliseconds));
    healthTimer.unref();
};

/** The functions of a sequence's main file. */
const load = (start) => {
    const file = path.resolve(start.folder, start.main.endsWith(".js") ? start.main : `${start.main}.js`);
    if (!file.startsWith(path.resolve(start.folder) + path.sep) || !fs.existsSync(file)) {
        logger.error("Sequence file does not exist", start.main);
        leave(NO_FILE);
        return undefined;
    }
    try {
        const loaded = require(file);
        const isObject = typeof loaded === "object" && loaded !== null || typeof loaded === "function";
        const sequence = isObject && Object.hasOwn(loaded, "default") ? loaded.default : loaded;
        const functions = Array.isArray(sequence) ? sequence : [sequence];
        if (functions.length === 0) throw new Error("The sequence is empty.");
        return functions;
    } catch (error) {
        console.error(error);
        logger.error("Sequence cannot be loaded", error);
        leave(NOT_LOADED);
        return undefined;
    }
};

const run = async (start) => {
    process.chdir(start.folder);
    context = new Context(start);
    input = new Input();
    output = new Output();
    setRate(start.rate ?? 1000);
    report();
    const functions = load(start);
    if (!functions) return;
    let wanted = {};
    if (typeof functions[0] === "object" && functions[0] !== null) wanted = functions.shift();
    const args = Array.isArray(start.args) ? start.args : [];
    logger.debug("Sequence loaded, functions count", functions.length);
    say("pang", { requires: wanted.requires ?? "", ...(wanted.requires ? { contentType: wanted.contentType } : {}) });
    let result = input.stream();
    try {
        for (const [index, made] of functions.entries()) {
            logger.debug("Processing function on index", index);
            if (typeof made !== "function") throw new TypeError(`The sequence's element ${index} is no function.`);
            result = await made.call(context, result, ...args);
            logger.debug("Function called", index);
            if (!result && index < functions.length - 1) {
                throw new Error(`Sequence ended in the middle: function ${index} gave nothing.`);
            }
        }
        logger.debug("All Sequences processed.");
        const { topic = "", contentType = "" } = result ?? {};
        say("pang", { provides: topic, contentType });
        await output.take(result, contentType);
        await finish();
    } catch (error) {
        failed(error);
    }
};

const stop = async ({ timeout, canCallKeepalive }) => {
    isStopped = true;
    try {
        for (const handler of context?.stopHandlers ?? []) await handler.call(context, timeout, canCallKeepalive);
        say("stopped", {});
    } catch (error) {
        say("stopped", { error: String(error?.stack ?? error) });
    }
};

const kill = () => {
    for (const handler of context?.killHandlers ?? []) {
        try {
            handler.call(context);
        } catch (error) {
            logger.error("A kill handler failed", error);
        }
    }
    setTimeout(() => leave(isStopped ? KILLED_AFTER_STOP : KILLED), 200);
};

/**
 * Tells when the process has nothing more to do at once: it waits for input, a timer or an answer.
 * Asked after it was given something; what was given may come a moment behind the question.
 */
const work = ({ number }) => {
    const before = process.cpuUsage();
    setTimeout(() => {
        const { user, system } = process.cpuUsage(before);
        if (user + system > IDLE_MICROSECONDS) work({ number });
        else say("idle", { number });
    }, IDLE_MILLISECONDS);
};

const orders = {
    start: run,
    input: ({ contentType }) => input?.setType(contentType),
    event: ({ eventName, message }) => {
        // Node makes an exception of an error that nobody listens to.
        if (context?.emitter.listenerCount(eventName)) context.emitter.emit(eventName, message);
    },
    stop, kill, work,
    leave: () => leave(0),
    rate: ({ milliseconds }) => setRate(milliseconds),
};

process.on("uncaughtException", (error) => {
    console.error(error);
    logger.error("Uncaught exception", error);
    leave(UNCAUGHT);
});
process.on("unhandledRejection", (error) => {
    console.error(error);
    logger.error("Unhandled rejection", error);
    leave(UNCAUGHT);
});

let unread = [];
control.setEncoding("utf8");
control.on("data", (text) => {
    const lines = text.split("\n");
    lines[0] = unread.join("") + lines[0];
    unread = [lines.pop()];
    for (const line of lines) {
        const [kind, content] = JSON.parse(line);
        orders[kind]?.(content);
    }
});
control.on("end", () => process.exit(process.exitCode ?? KILLED));
control.on("error", () => process.exit(process.exitCode ?? KILLED));
say("hello", { pid: Number(fs.readlinkSync("/proc/self")) });
