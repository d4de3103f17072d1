// The console's page as the server puts it together (`ConsolePage.swift`), for checks without a server:
// `node bundle.mjs` writes its module, `node bundle.mjs page` the whole page.
import { readFileSync } from "node:fs";

const sources = new URL("../../../Sources/", import.meta.url);
const read = (path) => readFileSync(new URL(path, sources), "utf8");
const page = "ControlPlane/Console/Page/";

/** The modules in the page's order. */
export const modules = [...read("ControlPlane/Console/ConsolePage.swift").match(/static let modules = \[([^\]]*)\]/)[1].matchAll(/"([^"]+)"/g)].map((one) => one[1]);
export const services = [["steamship", "Steamship"], ["scramjet", "Scramjet"], ["shipyard", "Shipyard"]];

const joined = (text) => text.split("\n").filter((line) => !line.startsWith("import ")).map((line) => line.replace(/^export /, "")).join("\n");

export function script() {
  const own = modules.map((name) => joined(read(page + name)));
  const tabs = services.map(([name, title]) => `{\n${joined(read(`${title}Emulator/Console/${name}.mjs`))}addService("${name}", "${title}", service);\n}\n`);
  return [...own.slice(0, -1), ...tabs, own.at(-1)].join("");
}

export function whole() {
  const marks = { "<link rel=\"stylesheet\" href=\"style.css\">": `<style>${read(page + "style.css")}</style>`, "<script type=\"module\" src=\"main.mjs\"></script>": `<script type="module">${script()}</script>` };
  return Object.entries(marks).reduce((text, [mark, part]) => text.replace(mark, () => part), read(page + "page.html"));
}

if (process.argv[1] === new URL(import.meta.url).pathname) process.stdout.write(process.argv[2] === "page" ? whole() : script());
