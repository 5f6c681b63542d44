// The rows that hold for clocks: looked at, said otherwise, and what that would do to clocks that run, before it holds.

import { get, post } from "./api.js";
import { ruleName, titles } from "./board.js";
import { dayTime, span } from "./times.js";
import { $, h, options } from "./view.js";
import { filled, titled, word } from "./words.js";

const UNITS = ["60", "3600", "86400", "days"];
const LIMITS = ["limit_s", "limit_days", "limit_months", "same_day", "by", "by_days", "by_on", "ahead_of", "ahead_s", "ahead_months"];
const MOVED_AT_ONCE = 100;
const state = { project: "", book: null, chosen: null, previewed: null };
let guarded;

const base = () => `/projects/${state.project}/clock-rules`;

function unitOf(seconds) {
  return ["86400", "3600", "60"].find((unit) => seconds % unit === 0) ?? "60";
}

function limitText(says) {
  if (says.limit_s) return `${says.limit_s / unitOf(says.limit_s)} ${word(`unit.${unitOf(says.limit_s)}`)}${says.calendar === "working" ? `（${word("working")}）` : ""}`;
  if (says.limit_days) return `${says.limit_days} ${word("unit.days")}`;
  if (says.limit_months) return `${says.limit_months} ${word("unit.months")}`;
  if (says.same_day) return word("unit.same_day");
  if (says.by) return `${word("unit.by")} ${says.by}`;
  return `${word("unit.ahead")} ${says.ahead_s ? span(says.ahead_s) : `${says.ahead_months} ${word("unit.months")}`}`;
}

const read = () => guarded(async () => {
  state.book = await get(base());
  draw();
})();

function rowOf(row) {
  const own = state.book.says.clocks?.[row.id];
  const change = h("button", { type: "button", className: "quiet", onclick: () => choose(row), ariaLabel: `${word("change")} ${titled(row.title, row.id)}` }, word("change"));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, titled(row.title, row.id), h("div", { className: "faint" }, row.id)),
    h("td", {}, limitText(row.says), " ", own ? h("span", { className: "badge" }, word("said_here")) : null),
    h("td", { className: "faint" }, row.handbook),
    h("td", {}, change),
  );
}

function draw() {
  options($("rule-form").elements.unit, UNITS.map((unit) => [unit, word(`unit.${unit}`)]));
  $("rules-head").replaceChildren(h("tr", {}, ...["rule", "limit", "source", "change"].map((name) => h("th", { scope: "col" }, word(name)))));
  if (!state.book) return;
  const { version, note, rows } = state.book;
  $("rules-version").textContent = version ? `${word("version")} ${version} · ${note}` : word("by_files");
  $("rules").replaceChildren(...rows.map(rowOf));
  if (state.chosen) $("rule-name").textContent = titled(state.chosen.title, state.chosen.id);
}

function choose(row) {
  const form = $("rule-form"), { limit_s, limit_days } = row.says;
  state.chosen = row;
  form.reset();
  form.elements.unit.value = limit_s ? unitOf(limit_s) : "days";
  form.elements.amount.value = limit_s ? limit_s / unitOf(limit_s) : limit_days ?? "";
  form.hidden = false;
  $("rule-back").hidden = !state.book.says.clocks?.[row.id];
  forget();
  draw();
  form.elements.amount.focus();
}

function forget() {
  state.previewed = null;
  $("rule-say").disabled = true;
  $("moves").replaceChildren();
}

// What the project would say: as it does now, with another limit in the chosen row, or with nothing of that row.
function wanted(back) {
  const { [state.chosen.id]: own = {}, ...others } = state.book.says.clocks ?? {};
  const rest = { ...(state.book.says.calendar && { calendar: state.book.says.calendar }) };
  if (back) return { ...rest, clocks: others };
  const { amount, unit } = $("rule-form").elements;
  const kept = Object.fromEntries(Object.entries(own).filter(([key]) => !LIMITS.includes(key)));
  const limit = unit.value === "days" ? { limit_days: Number(amount.value) } : { limit_s: Math.round(amount.value * unit.value) };
  return { ...rest, clocks: { ...others, [state.chosen.id]: { ...kept, ...limit } } };
}

const preview = (back) => guarded(async () => {
  forget();
  const body = wanted(back);
  const found = await post(`${base()}/preview`, body);
  state.previewed = body;
  $("rule-say").disabled = false;
  showMoves(found);
})();

function showMoves({ open, moved, items }) {
  const known = titles(state.book.rows);
  const at = (moment) => (moment ? dayTime(moment) : word("state.paused"));
  const rows = items.map((move) => h("li", {}, `${move.about?.number ?? move.subject} · ${ruleName(move.rule, known)}: ${at(move.due_before)} → ${at(move.due_after)}`));
  $("moves").replaceChildren(h("p", {}, moved ? filled("would_move", { n: moved, open }) : word("none_moves")), h("ul", {}, ...rows));
}

const say = () => guarded(async () => {
  const note = $("rule-form").elements.note.value.trim();
  if (!$("rule-form").reportValidity()) return;
  const { version } = state.book;
  await post(base(), { ...state.previewed, note }, version ? { "If-Match": `"${version}"` } : {});
  const { moved } = await post(`${base()}/preview`, state.previewed);
  forget();
  await read();
  $("moves").replaceChildren(h("p", {}, word("said_now")), moved ? h("button", { type: "button", onclick: () => move(note) }, filled("move_them", { n: moved })) : "");
})();

const move = (note) => guarded(async () => {
  let total = 0, left = 1;
  while (left) {
    const step = await post(`${base()}/replan`, { note, limit: MOVED_AT_ONCE });
    total += step.moved;
    left = step.moved ? step.left : 0;
  }
  $("moves").replaceChildren(h("p", {}, filled("said_moved", { n: total })));
})();

export const rules = {
  begin(here) {
    guarded = here.guarded;
    $("rule-form").onsubmit = (event) => { event.preventDefault(); preview(false); };
    $("rule-form").oninput = (event) => { if (event.target.name !== "note") forget(); };
    $("rule-say").onclick = say;
    $("rule-back").onclick = () => preview(true);
    $("rule-close").onclick = () => { state.chosen = null; $("rule-form").hidden = true; };
  },
  open(project) {
    Object.assign(state, { project, book: null, chosen: null });
    $("rule-form").hidden = true;
    draw();
    read();
  },
  close() {},
  draw,
  event(event) { if (event.type === "clocks.rules_changed" && !state.chosen) read(); },
};
