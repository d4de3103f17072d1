// @ts-check
// A table of many rows, of which only those in view are elements.
import { $, h, put, styled } from "./dom.mjs";

const MARGIN = 8;

export class RowList {
  /**
   * @param {{id: string, label: string, heads: Array<[string, string]>, row: (item: any, index: number) => HTMLElement, rowHeight: number}} options
   *   `heads`: names and classes
   */
  constructor(options) {
    this.options = options;
    /** @type {any[]} */
    this.items = [];
    this.from = -1;
    this.to = -1;
    this.above = h("tr", { "aria-hidden": "true", class: "spacer" }, h("td"));
    this.below = h("tr", { "aria-hidden": "true", class: "spacer" }, h("td"));
    this.body = h("tbody", { id: options.id });
    this.table = h("table", { class: "rows", "aria-label": options.label },
      h("thead", {}, h("tr", {}, options.heads.map(([name, kind]) => h("th", { scope: "col", class: kind }, name)))),
      h("tbody", {}, this.above), this.body, h("tbody", {}, this.below));
    this.element = h("div", { class: "scroller", role: "region", "aria-label": options.label, tabindex: 0, onscroll: () => this.draw(false) }, this.table);
    this.element.addEventListener("keydown", (event) => this.pressed(event));
  }

  /** @param {any[]} items @param {number} added rows in front of those that were there: what is looked at stays in its place */
  show(items, added) {
    const height = this.options.rowHeight;
    this.items = items;
    const top = this.element.scrollTop;
    this.table.setAttribute("aria-rowcount", String(items.length));
    if (top > height && added > 0) {
      this.draw(true, top + added * height);
      this.element.scrollTop = top + added * height;
    } else this.draw(true);
  }

  /** @param {boolean} isNew @param {number} [top] */
  draw(isNew, top = this.element.scrollTop) {
    const height = this.options.rowHeight, seen = this.element.clientHeight || 600;
    const from = Math.max(0, Math.floor(top / height) - MARGIN);
    const to = Math.min(this.items.length, Math.ceil((top + seen) / height) + MARGIN);
    if (!isNew && from === this.from && to === this.to) return;
    this.from = from;
    this.to = to;
    const active = document.activeElement;
    const focused = active && this.body.contains(active) ? /** @type {HTMLElement} */ (active).dataset.focus : undefined;
    put(this.body, this.items.slice(from, to).map((item, index) => this.options.row(item, from + index)));
    styled(this.above.firstChild, { height: from * height + "px" });
    styled(this.below.firstChild, { height: (this.items.length - to) * height + "px" });
    if (focused) this.body.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  /** Up and down go from row to row. @param {KeyboardEvent} event */
  pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = document.activeElement?.closest("tr");
    if (!step || !row || !this.body.contains(row)) return;
    event.preventDefault();
    const next = /** @type {HTMLElement | null} */ (step > 0 ? row.nextElementSibling : row.previousElementSibling);
    /** @type {HTMLElement | null} */ (next?.querySelector("a, button"))?.focus();
  }
}
export const rowHeight = () => (window.innerWidth < 500 ? 40 : 32);
export const isInView = () => Boolean($("entries"));
