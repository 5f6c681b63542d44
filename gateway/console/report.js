// How limits were kept in one month.

import { get } from "./api.js";
import { ruleName, titles } from "./board.js";
import { span, thisMonth } from "./times.js";
import { $, h, options } from "./view.js";
import { word } from "./words.js";

const BY = ["rule", "department", "kind"];
const COLUMNS = ["name", "ended", "on_time", "late_ones", "paused_ones", "share", "p50", "p90"];
const state = { project: "", rows: null, titles: {} };
let guarded;

const nameOf = (name) => ($("report-by").value === "rule" ? ruleName(name, state.titles) : word(`${$("report-by").value}.${name}`));

const read = () => guarded(async () => {
  const query = new URLSearchParams({ month: $("report-month").value || thisMonth(), by: $("report-by").value || "rule" });
  state.rows = (await get(`/projects/${state.project}/clock-report?${query}`)).rows;
  draw();
})();

function rowOf(row) {
  const percent = `${(row.share * 100).toFixed(1)} %`;
  const bar = h("meter", { min: 0, max: 1, low: 0.8, high: 0.95, optimum: 1, value: row.share, ariaLabel: percent });
  const cells = [row.ended, row.on_time, row.late, row.paused].map((count) => h("td", {}, String(count)));
  return h("tr", {}, h("th", { scope: "row" }, nameOf(row.name)), ...cells, h("td", {}, bar, ` ${percent}`), h("td", {}, span(row.p50_s)), h("td", {}, span(row.p90_s)));
}

function draw() {
  options($("report-by"), BY.map((name) => [name, word(`by.${name}`)]));
  $("report-head").replaceChildren(h("tr", {}, ...COLUMNS.map((name) => h("th", { scope: "col" }, word(name)))));
  if (!state.rows) return;
  const none = h("tr", {}, h("td", { colSpan: COLUMNS.length, className: "faint" }, word("no_report")));
  $("report").replaceChildren(...(state.rows.length ? state.rows.map(rowOf) : [none]));
}

export const report = {
  begin(here) {
    guarded = here.guarded;
    $("report-month").onchange = $("report-by").onchange = read;
  },
  open(project) {
    Object.assign(state, { project, rows: null });
    $("report-month").value ||= thisMonth();
    draw();
    read();
    get(`/projects/${project}/clock-rules`).then(({ rows }) => { state.titles = titles(rows); draw(); }, () => {});
  },
  close() {},
  draw,
  event() {},
};
