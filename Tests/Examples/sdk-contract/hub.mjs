// A small SDK for a Scramjet hub.

/** A call that came to nothing: `status` of the answer, or 0 where none came that could be used. */
export class HubError extends Error {
  constructor(operation, status, reason, cause) {
    super(`${operation}: ${status ? `${status} ` : ""}${reason}`, { cause });
    this.name = "HubError";
    this.operation = operation;
    this.status = status;
  }
}

/** Method and path of each operation, as the contract has them. */
export const OPERATIONS = {
  version: ["GET", "/version"],
  loadCheck: ["GET", "/load-check"],
  sequences: ["GET", "/sequences"],
  instances: ["GET", "/instances"],
  topics: ["GET", "/topics"],
  createTopic: ["POST", "/topics"],
  publish: ["POST", "/topic/{topic}"],
};

export class Hub {
  #base;
  #timeout;

  /** `base` ends with `/api/v1`. */
  constructor(base, { timeout = 10_000 } = {}) {
    this.#base = base.replace(/\/+$/, "");
    this.#timeout = timeout;
  }

  async #call(operation, { topic, body, type, accepts = "json" } = {}) {
    const [method, path] = OPERATIONS[operation];
    const target = this.#base + path.replace("{topic}", encodeURIComponent(topic ?? ""));
    let answer;
    let text;
    try {
      answer = await fetch(target, {
        method, body, headers: type ? { "Content-Type": type } : {}, signal: AbortSignal.timeout(this.#timeout),
      });
      text = await answer.text();
    } catch (error) {
      // Also when it breaks in the middle: half an answer is none.
      throw new HubError(operation, 0, error.name === "TimeoutError" ? "no answer in time" : "the connection broke", error);
    }
    if (!answer.ok) throw new HubError(operation, answer.status, text.trim() || answer.statusText);
    if (accepts !== "json") return undefined;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new HubError(operation, 0, "the answer is no JSON", error);
    }
  }

  version() { return this.#call("version"); }
  loadCheck() { return this.#call("loadCheck"); }
  sequences() { return this.#call("sequences"); }
  instances() { return this.#call("instances"); }
  topics() { return this.#call("topics"); }

  createTopic(id, contentType = "application/x-ndjson") {
    return this.#call("createTopic", {
      body: JSON.stringify({ id, "content-type": contentType }), type: "application/json",
    });
  }

  /** Lines of JSON, each a value. */
  publish(topic, values) {
    return this.#call("publish", {
      topic, body: values.map((value) => JSON.stringify(value) + "\n").join(""), type: "application/x-ndjson", accepts: "nothing",
    });
  }
}
