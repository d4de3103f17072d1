// @ts-check
// The one description of the scenario language, read for completion and for help: which keys a place
// in a text takes, and what is said about them.

/**
 * @typedef {{key: string, sentence: string, example: any, type: string}} Key
 * @typedef {{path: Array<string | number>, isKey: boolean, word: string, from: number, to: number, taken: string[]}} Spot
 */

/** What a schema may be, its references followed. @param {any} schema @param {any} root @param {number} [depth] @returns {any[]} */
export function forms(schema, root, depth = 0) {
  if (!schema || typeof schema !== "object" || depth > 8) return [];
  if (schema.$ref) {
    const target = root.$defs[schema.$ref.replace("#/$defs/", "")];
    return forms(target, root, depth + 1).map((form) => ({ ...form, ...(schema.description ? { description: schema.description } : {}) }));
  }
  const more = [...(schema.anyOf || []), ...(schema.oneOf || [])].filter((one) => one.$ref || one.type || one.properties || one.enum || one.const !== undefined || one.anyOf);
  const own = schema.properties || schema.type || schema.enum || schema.const !== undefined || schema.additionalProperties || schema.items ? [schema] : [];
  return [...own, ...more.flatMap((one) => forms(one, root, depth + 1))];
}

/** What stands at a path. @param {any} root @param {any} schema where the path begins @param {Array<string | number>} path @returns {any[]} */
export function at(root, schema, path) {
  let here = [schema];
  for (const step of path) {
    here = here.flatMap((one) => forms(one, root)).flatMap((form) => {
      if (typeof step === "number") return form.items ? [form.items] : [];
      if (form.properties?.[step]) return [form.properties[step]];
      return typeof form.additionalProperties === "object" && Object.keys(form.additionalProperties).length ? [form.additionalProperties] : [];
    });
  }
  return here;
}

/** @param {any} root @param {any[]} schemas @returns {Key[]} */
export function keysOf(root, schemas) {
  /** @type {Map<string, Key>} */
  const found = new Map();
  for (const form of schemas.flatMap((one) => forms(one, root))) {
    for (const [key, one] of Object.entries(form.properties || {})) {
      if (!found.has(key)) found.set(key, { key, sentence: one.description || "", example: exampleOf(one, root), type: typeOf(one, root) });
    }
  }
  return [...found.values()];
}
const exampleOf = (one, root) => [...(one.examples || []), ...(one.enum || []), ...(one.default !== undefined && typeof one.default !== "boolean" ? [one.default] : []),
  ...(typeof one.default === "boolean" ? [!one.default] : []), ...forms(one, root).flatMap((form) => form.examples || form.enum || [])][0];
/** A few of many. @param {any[]} values */
const some = (values) => values.slice(0, 8).join(", ") + (values.length > 8 ? ", …" : "");
const typeOf = (one, root) => [...new Set(forms(one, root).map((form) => form.const !== undefined ? JSON.stringify(form.const) : form.type || (form.enum ? "one of " + some(form.enum) : "")).filter(Boolean))].slice(0, 4).join(" or ");

/** Values that a place takes. @param {any} root @param {any[]} schemas @returns {any[]} */
export const valuesOf = (root, schemas) => [...new Set(schemas.flatMap((one) => [one, ...forms(one, root)]).flatMap((form) => [...(form.enum || []), ...(form.const !== undefined ? [form.const] : []),
  ...(form.type === "boolean" ? [true, false] : []), ...(form.examples || [])]).map((value) => JSON.stringify(value)))].map((text) => JSON.parse(text));

/**
 * Where a place in a JSON text is, however unfinished the text.
 * @param {string} text @param {number} offset @returns {Spot}
 */
export function spot(text, offset) {
  /** @type {Array<{isArray: boolean, index: number, key: string, isAfterColon: boolean, keys: string[]}>} */
  const stack = [];
  let position = 0, wordStart = -1, isInString = false;
  while (position < offset) {
    const sign = text[position];
    if (isInString) {
      if (sign === "\\") position++;
      else if (sign === "\"") {
        isInString = false;
        noteWord(stack, text.slice(wordStart + 1, position));
        wordStart = -1;
      }
    } else if (sign === "\"") { isInString = true; wordStart = position; }
    else if (sign === "/" && text[position + 1] === "/") { while (position < offset && text[position] !== "\n") position++; }
    else if (sign === "{" || sign === "[") stack.push({ isArray: sign === "[", index: 0, key: "", isAfterColon: false, keys: [] });
    else if (sign === "}" || sign === "]") stack.pop();
    else if (sign === ":" && stack.length) stack[stack.length - 1].isAfterColon = true;
    else if (sign === "," && stack.length) {
      const top = stack[stack.length - 1];
      top.index++;
      top.isAfterColon = false;
      top.key = "";
    }
    position++;
  }
  const top = stack[stack.length - 1];
  const from = isInString ? wordStart : offset - (text.slice(0, offset).match(/[\w.$*-]*$/)?.[0].length || 0);
  const rest = text.slice(offset).match(isInString ? /^[^"\n]*"?/ : /^[\w.$*-]*/)?.[0] || "";
  const isKey = Boolean(top && !top.isArray && !top.isAfterColon);
  /** @type {Array<string | number>} */
  const path = stack.slice(0, -1).map((one) => one.isArray ? one.index : one.key);
  if (top && (top.isArray || top.isAfterColon)) path.push(top.isArray ? top.index : top.key);
  return { path, isKey, word: text.slice(from, offset).replace(/^"/, ""), from, to: offset + rest.length, taken: top ? top.keys : [] };
}
function noteWord(stack, word) {
  const top = stack[stack.length - 1];
  if (top && !top.isArray && !top.isAfterColon) { top.key = word; top.keys.push(word); }
}

/**
 * What may be written at a place: texts to put in, with what is said about them.
 * @param {any} root @param {any} schema @param {string} text @param {number} offset
 * @param {{operations?: string[], rules?: string[]}} [known] names of this server
 * @returns {{spot: Spot, options: Array<{label: string, insert: string, sentence: string}>}}
 */
export function complete(root, schema, text, offset, known = {}) {
  const place = spot(text, offset), begins = (label) => label.toLowerCase().includes(place.word.toLowerCase());
  if (place.isKey) {
    const isFollowed = /^\s*:/.test(text.slice(place.to));
    const options = keysOf(root, at(root, schema, place.path)).filter((one) => begins(one.key) && (one.key === place.word || !place.taken.includes(one.key)))
      .map((one) => ({ label: one.key, insert: JSON.stringify(one.key) + (isFollowed ? "" : ": " + JSON.stringify(one.example ?? "")), sentence: one.sentence }));
    return { spot: place, options };
  }
  const last = place.path[place.path.length - 1], isOperation = last === "operation" || (typeof last === "number" && place.path[place.path.length - 2] === "operation");
  const values = isOperation && known.operations ? ["*", ...known.operations] : ["enableRule", "disableRule", "trigger"].includes(String(last)) && known.rules ? known.rules : valuesOf(root, at(root, schema, place.path));
  return { spot: place, options: values.map((value) => ({ label: typeof value === "string" ? value : JSON.stringify(value), insert: JSON.stringify(value), sentence: "" })).filter((one) => begins(one.label)).slice(0, 60) };
}

/** What is said about the key or the value at a place. @param {any} root @param {any} schema @param {string} text @param {number} offset */
export function help(root, schema, text, offset) {
  const end = text.slice(offset).match(/^[^"\n{}[\],:]*/)?.[0].length || 0;
  const place = spot(text, Math.min(text.length, offset + end));
  const path = place.isKey && place.word ? [...place.path, place.word] : place.path;
  const found = at(root, schema, path)[0];
  const name = path.filter((step) => typeof step === "string").join(".");
  if (!found || !name) return null;
  return { name, sentence: found.description || forms(found, root)[0]?.description || "", type: typeOf(found, root), example: exampleOf(found, root) };
}
