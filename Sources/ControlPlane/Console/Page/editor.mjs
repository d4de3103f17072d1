// @ts-check
// A text field for JSON with line numbers, what is wrong in its place, completion and help.
import { h, put, styled } from "./dom.mjs";
import { complete, help } from "./schema.mjs";

/**
 * @typedef {{root: any, schema: any, operations: string[], rules: string[]}} Language
 * @typedef {{pointer: string, message: string, line?: number, column?: number}} Problem
 */
let editorCount = 0;

export class Editor {
  /** @param {{id: string, label: string, rows: number, text: string, language: () => Language | null, check: (text: string) => Promise<Problem[]>}} options */
  constructor(options) {
    this.options = options;
    const list = `completion-${++editorCount}`;
    /** @type {Problem[]} */
    this.problems = [];
    this.chosen = 0;
    /** @type {ReturnType<typeof complete> | null} */
    this.offer = null;
    this.area = h("textarea", {
      id: options.id, rows: options.rows, spellcheck: "false", wrap: "off", autocapitalize: "off", "aria-label": options.label, "aria-autocomplete": "list",
      "aria-controls": list, "aria-describedby": list + "-help",
      oninput: () => this.changed(), onkeydown: (event) => this.pressed(event), onkeyup: (event) => { if (/^(Arrow|Home|End|Page)/.test(event.key) && !this.isOffering) this.explain(); },
      onclick: () => { this.close(); this.explain(); }, onscroll: () => this.scrolled(), onblur: () => setTimeout(() => this.close(), 150), onmousemove: (event) => this.hovered(event),
    }, options.text);
    this.gutter = h("pre", { class: "gutter", "aria-hidden": "true" });
    this.marks = h("pre", { class: "marks", "aria-hidden": "true" });
    this.options_ = h("ul", { class: "completion", role: "listbox", id: list, "aria-label": "Completions", hidden: true });
    this.help = h("p", { class: "quiet help", id: list + "-help" }, "Ctrl-Space completes; the line below a key says what it does.");
    this.errors = h("ul", { class: "problems", role: "alert" });
    this.element = h("div", { class: "editor" }, h("div", { class: "editor-text" }, h("div", { class: "gutter-box" }, this.gutter), h("div", { class: "editor-area" }, this.marks, this.area, this.options_)), this.help, this.errors);
    this.checking = 0;
    this.draw();
  }

  get value() { return this.area.value; }
  set value(text) {
    this.area.value = text;
    this.area.defaultValue = text;
    this.problems = [];
    this.draw();
  }
  get isOffering() { return !this.options_.hidden; }

  changed() {
    this.problems = [];
    this.draw();
    this.suggest(false);
    clearTimeout(this.checking);
    this.checking = window.setTimeout(async () => {
      const text = this.value;
      const problems = await this.options.check(text).catch(() => []);
      if (text === this.value) this.show(problems);
    }, 400);
  }

  /** @param {Problem[]} problems */
  show(problems) {
    this.problems = problems;
    this.area.setAttribute("aria-invalid", String(problems.length > 0));
    this.draw();
  }

  draw() {
    const lines = this.value.split("\n"), bad = new Map(this.problems.filter((one) => one.line).map((one) => [one.line, one]));
    put(this.gutter, lines.map((_, index) => h("span", { class: bad.has(index + 1) ? "bad" : "", title: bad.get(index + 1)?.message }, "\n")));
    put(this.marks, lines.map((line, index) => {
      const problem = bad.get(index + 1);
      if (!problem) return line + "\n";
      const from = Math.min(line.length, (problem.column || 1) - 1), end = from + (line.slice(from).match(/^("[^"]*"?|[\w.-]+|.)/)?.[0].length || 0);
      return [line.slice(0, from), h("mark", {}, line.slice(from, end) || " "), line.slice(end) + "\n"];
    }));
    put(this.errors, this.problems.map((one) => h("li", {}, one.line
      ? h("button", { type: "button", class: "link", onclick: () => this.goTo(one.line || 1, one.column || 1) }, `Line ${one.line}, column ${one.column || 1}`) : one.pointer || "The text", ": " + one.message)));
    this.scrolled();
  }

  scrolled() {
    this.gutter.scrollTop = this.marks.scrollTop = this.area.scrollTop;
    this.marks.scrollLeft = this.area.scrollLeft;
  }

  /** @param {number} line @param {number} column */
  goTo(line, column) {
    const lines = this.value.split("\n"), offset = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
    this.area.focus();
    this.area.setSelectionRange(offset, offset);
    this.area.scrollTop = Math.max(0, (line - 4) * this.metrics().line);
    this.explain();
  }

  /** @param {boolean} isAsked */
  suggest(isAsked) {
    const language = this.options.language(), offset = this.area.selectionStart;
    if (!language || !(isAsked || /[\w".*$-]/.test(this.value[offset - 1] || ""))) return this.close();
    this.offer = complete(language.root, language.schema, this.value, offset, language);
    const word = this.offer.spot.word;
    if (!this.offer.options.length || (!isAsked && this.offer.options.length === 1 && this.offer.options[0].label === word)) return this.close();
    this.chosen = 0;
    this.drawOffer();
  }

  drawOffer() {
    if (!this.offer) return;
    const id = this.options_.id;
    put(this.options_, this.offer.options.map((one, index) => h("li", { role: "option", id: `${id}-${index}`, "aria-selected": String(index === this.chosen), onmousedown: (event) => { event.preventDefault(); this.accept(index); } },
      h("strong", {}, one.label), one.sentence ? h("span", { class: "quiet" }, " " + one.sentence) : null)));
    this.options_.hidden = false;
    this.area.setAttribute("aria-activedescendant", `${id}-${this.chosen}`);
    const { line, char } = this.metrics(), before = this.value.slice(0, this.offer.spot.from).split("\n");
    styled(this.options_, { top: before.length * line + 8 - this.area.scrollTop + "px", left: Math.max(0, Math.min((before.at(-1) || "").length * char - this.area.scrollLeft, this.area.clientWidth - 280)) + "px" });
    this.options_.children[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.offer = null;
    this.options_.hidden = true;
    this.area.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  accept(index) {
    if (!this.offer) return;
    const { spot, options } = this.offer;
    this.close();
    this.area.setRangeText(options[index].insert, spot.from, spot.to, "end");
    this.changed();
    this.close();
    this.explain();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey && event.key === " ") { event.preventDefault(); this.suggest(true); return; }
    if (!this.isOffering || !this.offer) return;
    const count = this.offer.options.length, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.chosen = (this.chosen + step + count) % count;
    else if (event.key === "Enter" || event.key === "Tab") this.accept(this.chosen);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (step) this.drawOffer();
  }

  metrics() {
    const style = getComputedStyle(this.area);
    if (!this.char) {
      const probe = styled(h("span", {}, "0".repeat(50)), { font: style.font, position: "absolute", visibility: "hidden" });
      document.body.append(probe);
      this.char = probe.getBoundingClientRect().width / 50;
      probe.remove();
    }
    return { line: parseFloat(style.lineHeight) || 18, char: this.char || 8 };
  }

  /** @param {number} [offset] */
  explain(offset = this.area.selectionStart) {
    const language = this.options.language(), found = language && help(language.root, language.schema, this.value, offset);
    if (found) put(this.help, h("strong", {}, found.name), `: ${found.sentence} `, found.type ? h("span", {}, `(${found.type})`) : null, found.example === undefined ? null : [" e.g. ", h("code", {}, JSON.stringify(found.example))]);
  }

  /** @param {MouseEvent} event */
  hovered(event) {
    const box = this.area.getBoundingClientRect(), { line, char } = this.metrics();
    const row = Math.floor((event.clientY - box.top - 8 + this.area.scrollTop) / line), column = Math.floor((event.clientX - box.left - 8 + this.area.scrollLeft) / char);
    const lines = this.value.split("\n");
    if (row < 0 || row >= lines.length || column < 0 || column >= lines[row].length || /\s/.test(lines[row][column])) return;
    const offset = lines.slice(0, row).reduce((sum, one) => sum + one.length + 1, 0) + column;
    if (offset !== this.hoveredAt) this.explain(offset);
    this.hoveredAt = offset;
  }
}
