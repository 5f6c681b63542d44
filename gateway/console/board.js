// The wall board: every clock that runs, the overdue first, counting down.

import { get, post } from "./api.js";
import { clockTime, span } from "./times.js";
import { $, h, nothing } from "./view.js";
import { titled, word } from "./words.js";

const READ_MS = 10_000;
const WITHIN_S = 604_800;
const SOON = 0.8;
const LEVELS = { breached: "bad", soon: "warn", paused: "calm", running: "" };

const state = { project: "", items: [], counts: {}, at: null, read_at: 0, titles: {}, duties: {}, over: new Set(), drawn: "", timers: [] };
let here, guarded, waiting;

export const titles = (rows) => Object.fromEntries(rows.map((row) => [row.id, row.title]));
export const ruleName = (rule, known) => titled(known[rule], word(`rule.${rule}`));

const passed = () => (performance.now() - state.read_at) / 1000;
const leftNow = (clock) => (clock.state === "paused" ? clock.left_s : clock.left_s - passed());

function levelOf(clock, left) {
  if (clock.state === "paused") return "paused";
  if (left <= 0 || clock.breached) return "breached";
  return 1 - left / clock.limit_s >= SOON ? "soon" : "running";
}

function live() {
  const rows = state.items.flatMap((item) => item.clocks.filter((clock) => !clock.ended_at && typeof clock.left_s === "number").map((clock) => ({ item, clock })));
  return rows.sort((one, other) => leftNow(one.clock) - leftNow(other.clock));
}

const readings = () => guarded(async () => {
  const project = state.project;
  const found = await get(`/projects/${project}/clock-board?within_s=${WITHIN_S}&limit=60`);
  if (project !== state.project) return;
  Object.assign(state, found, { read_at: performance.now() });
  draw();
})();

// Where somebody may not read them, or a service is away, the words of the page do.
async function learnTitles() {
  const base = `/projects/${state.project}`;
  const [rules, duties] = await Promise.allSettled([get(`${base}/clock-rules`), get(`${base}/duties`)]);
  state.titles = titles(rules.value?.rows ?? []);
  state.duties = Object.fromEntries((duties.value?.items ?? []).map((duty) => [duty.duty, duty.title]));
  draw();
}

// Duties are no kind of ticket, so the desk must not offer them as one.
const departmentWord = ({ kind, department }) => department && word(`${kind === "duty" ? "role" : "department"}.${department}`);
const kindWord = (kind) => kind && word(kind === "duty" ? "page.duties" : `kind.${kind}`);

// A ticket's number; a duty's title and the day and hour at which it opened, which its number spells out.
function nameOf({ about, subject }) {
  if (about?.kind !== "duty" || !about.number) return about?.number ?? subject;
  const [duty, opened] = about.number.split(" ");
  return `${titled(state.duties[duty], duty)} ${opened.slice(5, 16).replace("T", " ")}`;
}

function timeText(clock) {
  const left = leftNow(clock);
  return `${word(left < 0 ? "over" : "left")} ${span(left)}`;
}

function card({ item, clock }) {
  const left = leftNow(clock), level = levelOf(clock, left);
  const about = item.about ?? {};
  const stateWord = level === "soon" ? word("soon") : word(`state.${level}`);
  const taken = clock.acknowledged_by ? h("span", { className: "badge" }, `${word("taken_on")} · `, here.who(clock.acknowledged_by)) : null;
  const take = level === "breached" && clock.breached && !taken ? h("button", { type: "button", className: "quiet", onclick: () => takeOn(item, clock) }, word("take_on")) : null;
  const row = h(
    "li",
    { className: `tile ${LEVELS[level]}`.trim() },
    h("strong", {}, nameOf(item)),
    h("span", { className: `badge ${LEVELS[level]}` }, stateWord),
    h("span", { className: "rule" }, ruleName(clock.rule, state.titles)),
    h("time", {}, timeText(clock)),
    h("span", { className: "faint" }, [kindWord(about.kind), departmentWord(about), about.unit_label, `${word("of_limit")} ${span(clock.limit_s)}`].filter(Boolean).join(" · ")),
    taken ?? take,
  );
  row.dataset.clock = clock.id;
  return row;
}

const takeOn = (item, clock) => guarded(async () => {
  await post(`/projects/${state.project}/clocks/${item.id}/acknowledge`, { clock: clock.id });
  await readings();
})();

function draw() {
  if (!state.at) return;
  const rows = live();
  state.drawn = sketch(rows);
  const held = document.activeElement?.closest?.("[data-clock]")?.dataset.clock;
  $("board").replaceChildren(...(rows.length ? rows.map(card) : [h("li", { className: "faint" }, word("nothing_runs"))]));
  if (held) $("board").querySelector(`[data-clock="${CSS.escape(held)}"] button`)?.focus();
  $("board-counts").replaceChildren(...Object.entries(state.counts).map(([name, count]) => h("li", { className: `badge ${count ? LEVELS[name] : "calm"}` }, `${word(`state.${name}`)} ${count}`)));
  $("board-at").textContent = `${word("as_of")} ${clockTime(state.at)}`;
  tellOverdue(rows);
}

// Between readings only the seconds change: a button must not be exchanged under somebody's finger.
function tick() {
  const rows = live();
  if (sketch(rows) !== state.drawn) return draw();
  $("board").querySelectorAll("time").forEach((shown, place) => { shown.textContent = timeText(rows[place].clock); });
}

const sketch = (rows) => rows.map(({ clock }) => `${clock.id} ${levelOf(clock, leftNow(clock))}`).join();

// Only what has become overdue is read out, once; the seconds are for eyes.
function tellOverdue(rows) {
  const over = rows.filter(({ clock }) => levelOf(clock, leftNow(clock)) === "breached");
  const fresh = over.filter(({ clock }) => !state.over.has(clock.id));
  state.over = new Set(over.map(({ clock }) => clock.id));
  if (fresh.length) $("board-said").textContent = word("over_now") + fresh.map(({ item, clock }) => `${nameOf(item)} ${ruleName(clock.rule, state.titles)}`).join("; ");
}

export const board = {
  begin(given) { here = given; guarded = here.guarded; },
  open(project) {
    Object.assign(state, { project, items: [], at: null, over: new Set() });
    $("board").replaceChildren(nothing());
    state.timers = [setInterval(() => { if (!document.hidden) readings(); }, READ_MS), setInterval(() => { if (!document.hidden) tick(); }, 1000)];
    readings();
    learnTitles();
  },
  close() { state.timers.forEach(clearInterval); },
  draw,
  event(event) {
    if (!event.type.startsWith("clocks.")) return;
    clearTimeout(waiting);
    waiting = setTimeout(readings, 400);
  },
};
