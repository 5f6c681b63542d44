// Lists that are longer than a page, as tables and as rows that arrow keys go through.

import { get } from "./api.js";
import { h } from "./view.js";
import { word } from "./words.js";

// `columns`: [{ name, cell(row) }]; a name without a word of its own is the word's. The first cell heads its row.
export function table(columns, rows, none) {
  const head = h("tr", {}, ...columns.map(({ name }) => h("th", { scope: "col" }, name ? word(name) : "")));
  const line = (row) => h("tr", {}, ...columns.map(({ name, cell, className = "" }, place) => {
    const said = [cell(row)].flat();
    const element = place ? h("td", { className }, ...said) : h("th", { scope: "row", className }, ...said);
    if (place && name) element.dataset.name = word(name);
    return element;
  }));
  if (!rows.length) return h("p", { className: "faint" }, none);
  return h("div", { className: "wide-table" }, h("table", { className: "stack" }, h("thead", {}, head), h("tbody", {}, ...rows.map(line))));
}

// Pages of a list, read as they are wanted. `path` has its query already.
export class Pages {
  constructor(path) { Object.assign(this, { path, items: null, next: null, missing: [] }); }

  async read(more = false) {
    const join = this.path.includes("?") ? "&" : "?";
    const found = await get(more ? `${this.path}${join}cursor=${encodeURIComponent(this.next)}` : this.path);
    this.items = more ? [...this.items, ...found.items] : found.items;
    this.next = found.next;
    this.missing = found.missing ?? [];
    return this;
  }

  // The button for what follows; nothing, where nothing does.
  button(guarded, draw) {
    return this.next ? h("button", { type: "button", className: "quiet more", onclick: guarded(async () => { await this.read(true); draw(); }) }, word("more")) : null;
  }
}

// ↑ and ↓ go from link to link inside `element`, from `before` (a search box) into it and back.
export function arrows(element, before = null) {
  const step = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [...element.querySelectorAll("a, button, summary")].filter((one) => one.checkVisibility?.() ?? true);
    const at = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    const to = at < 0 ? before : stops[at];
    if (!to) return;
    event.preventDefault();
    to.focus();
  };
  element.addEventListener("keydown", step);
  before?.addEventListener("keydown", step);
}
