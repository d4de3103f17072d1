// @ts-check
// Why an exchange came out as it did, in sentences.

/** @typedef {{kind: "did" | "missed" | "plain", text: string, rule?: string}} Sentence */

/** A rule that was looked at, as a sentence. @param {any} one of `why.rulesConsidered` @returns {Sentence} */
export function sentence(one) {
  const rule = `Rule “${one.rule}”`;
  const chance = one.draw === undefined ? "" : `, by chance (${round(one.draw)} of ${round(one.probability)})`;
  if (one.outcome === "struck") {
    const step = one.step ? `, step ${one.step} of its sequence` : "";
    return { kind: "did", rule: one.rule, text: `${rule} struck, for the ${ordinal(one.count)} time${step}${chance}: ${one.action}.` };
  }
  if (one.outcome === "still refused since it struck") return { kind: "did", rule: one.rule, text: `${rule} struck before, and what it refuses is still refused.` };
  if (one.outcome === "not matched") {
    const found = one.found === undefined ? "" : `; it was ${one.found}`;
    return { kind: "missed", rule: one.rule, text: `${rule} was passed over: its ${one.failed} wants ${one.expected}${found}.` };
  }
  if (one.outcome === "not drawn") return { kind: "missed", rule: one.rule, text: `${rule} was not drawn: ${round(one.draw)} is above its probability ${round(one.probability)}.` };
  return { kind: "missed", rule: one.rule, text: `${rule} did not strike: ${one.outcome.replace(/\b1 times\b/, "once")}.` };
}
const round = (value) => Number(Number(value).toFixed(3));
export const ordinal = (count) => `${count}${count % 100 >= 11 && count % 100 <= 13 ? "th" : ["th", "st", "nd", "rd"][count % 10] || "th"}`;

/** The whole story. @param {any} entry as `GET /_wavetank/journal/{n}` gives it @returns {Sentence[]} */
export function story(entry) {
  const why = entry.why || {}, considered = why.rulesConsidered || [];
  /** @type {Sentence[]} */
  const told = [];
  if (!entry.operation) {
    told.push({ kind: "plain", text: why.reason || `${entry.method} ${entry.target} belongs to no operation${entry.hint ? `; the nearest is ${entry.hint}` : ""}.` });
  } else told.push({ kind: "plain", text: `It is ${entry.operation}, of ${entry.service}.` });
  const struck = considered.map(sentence);
  told.push(...struck.filter((one) => one.kind === "did"));
  const hasAnswered = considered.some((one) => one.outcome === "struck" && /respond|error|refus|fault/i.test(one.action || ""));
  if (entry.operation && !struck.some((one) => one.kind === "did")) {
    told.push({ kind: "plain", text: why.rulesInForce ? "No rule struck, so the service answered as usual." : "No rule is in force for it, so the service answered as usual." });
  } else if (entry.operation && !hasAnswered) told.push({ kind: "plain", text: "The service answered; what struck changed how." });
  if (entry.fault) told.push({ kind: "did", text: `On the line: ${entry.fault}.` });
  if (entry.ending && entry.ending !== "completed" && entry.ending !== "fault") told.push({ kind: "plain", text: `It ended: ${entry.ending}.` });
  for (const remark of entry.remarks || []) told.push({ kind: "plain", text: `Remark: ${remark}` });
  for (const [name, before, after] of changed(why)) told.push({ kind: "did", text: `Variable “${name}” went from ${before} to ${after}.` });
  return told;
}

/** @param {any} why @returns {Array<[string, string, string]>} */
function changed(why) {
  const before = why.variablesBefore || {}, after = why.variablesAfter || {};
  return Object.keys(after).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => [name, before[name] === undefined ? "nothing" : JSON.stringify(before[name]), JSON.stringify(after[name])]);
}

/** Whether a rule is about other requests altogether. */
const isFar = (one) => one.outcome === "not matched" && /(^|\.)(operation|service|method|path)$/.test(one.failed);

/** Rules about other requests. @param {any} entry @returns {Sentence[]} */
export const farRules = (entry) => (entry.why?.rulesConsidered || []).filter(isFar).map(sentence);

/** Rules that nearly struck: those that are about requests like this one. @param {any} entry @returns {Sentence[]} */
export function nearMisses(entry) {
  const missed = (entry.why?.rulesConsidered || []).filter((one) => sentence(one).kind === "missed");
  return missed.filter((one) => !isFar(one)).map(sentence);
}
