// What recurs and is open now: ticked off with what it asks for, or skipped with a reason.

import { get, post } from "./api.js";
import { feeds } from "./feeds.js";
import { dayTime } from "./times.js";
import { $, h, options } from "./view.js";
import { titled, word } from "./words.js";

const READ_MS = 60_000;
const ROLES = ["desk", "zone_manager", "supervisor", "manager", "engineer", "security", "cleaner", "cashier", "finance", "quality"];
const state = { project: "", items: null, role: "", form: null, timer: 0 };
let guarded, waiting;

const read = () => guarded(async () => {
  const { project, role } = state;
  const found = await get(`/projects/${project}/assignments?${new URLSearchParams({ state: "open", limit: 200, ...(role && { role }) })}`);
  if (project !== state.project || role !== state.role) return; // something else was asked for since
  state.items = found.items.sort((one, other) => one.promised_at.localeCompare(other.promised_at));
  draw();
})();

function rowOf(item) {
  const shown = state.form?.id === item.id ? state.form.element : null;
  const { late } = item;
  const button = (verb, label, quiet) => h("button", { type: "button", className: quiet ? "quiet" : "", onclick: () => ask(item, verb), ariaLabel: `${label} ${titled(item.title, item.duty)}` }, label);
  const row = h(
    "li",
    { className: `card duty ${late ? "bad" : ""}`.trim() },
    h("strong", {}, titled(item.title, item.duty)),
    h("span", { className: `badge ${late ? "bad" : ""}` }, word(late ? "late" : "open_in_time")),
    h("span", { className: "faint" }, [word(`role.${item.role}`), `${word("opened")} ${dayTime(item.opens_at)}`, `${word("due")} ${dayTime(item.promised_at)}`, item.caught_up && word("caught_up")].filter(Boolean).join(" · ")),
    shown ?? h("div", { className: "row" }, button("done", word("tick_off"), false), button("skip", word("skip"), true)),
  );
  row.dataset.assignment = item.id;
  return row;
}

function field(name, label, properties = {}, tag = "input") {
  return h("label", {}, h("span", {}, label), h(tag, { name, required: true, ...properties }));
}

const FIELDS = {
  note: () => [field("note", word("evidence.note"), { rows: 2, maxLength: 2000 }, "textarea")],
  count: () => [field("count", word("evidence.count"), { type: "number", min: 0, step: 1 })],
  photo: () => [field("photos", word("evidence.photo"), { rows: 2 }, "textarea")],
  figures: (asked) => asked.figures.map(figureField),
};

function figureField(figure) {
  const label = word(`figure.${figure.name}`) + (figure.optional ? `（${word("optional")}）` : "");
  const bounds = { min: figure.least ?? "", max: figure.most ?? "", step: figure.type === "whole" ? 1 : "any" };
  return field(`figure.${figure.name}`, label, { type: "number", required: !figure.optional, ...bounds });
}

function ask(item, verb) {
  const asked = verb === "skip" ? [field("reason", word("reason"), { maxLength: 500 })] : item.evidence.kinds.flatMap((kind) => FIELDS[kind](item.evidence));
  const send = h("button", { type: "submit" }, word(verb === "skip" ? "skip" : "tick_off"));
  const close = h("button", { type: "button", className: "quiet", onclick: () => { state.form = null; draw(); } }, word("close_form"));
  const element = h("form", { className: "evidence", onsubmit: (event) => { event.preventDefault(); finish(item, verb, event.target, send); } }, ...asked, h("div", { className: "row wide" }, send, close));
  state.form = { id: item.id, element };
  draw();
  element.elements[0]?.focus();
}

function evidenceOf(form) {
  const evidence = { figures: {} };
  for (const [name, value] of new FormData(form)) {
    if (value === "") continue;
    if (name.startsWith("figure.")) evidence.figures[name.slice(7)] = Number(value);
    else if (name === "photos") evidence.photos = value.split("\n").map((line) => line.trim()).filter(Boolean);
    else evidence[name] = name === "count" ? Number(value) : value;
  }
  return evidence;
}

const finish = (item, verb, form, send) => guarded(async () => {
  send.disabled = true;
  try {
    const body = verb === "skip" ? { reason: form.elements.reason.value } : { evidence: evidenceOf(form) };
    await post(`/projects/${state.project}/assignments/${item.id}/${verb}`, body);
    state.form = null;
    $("duties-said").textContent = word(verb === "skip" ? "was_skipped" : "was_done") + titled(item.title, item.duty);
    await read();
  } finally {
    send.disabled = false;
  }
})();

function draw() {
  options($("duties-role"), [["", word("all_roles")], ...ROLES.map((role) => [role, word(`role.${role}`)])]);
  feeds.draw();
  const rows = state.items?.map(rowOf) ?? [];
  $("duties").replaceChildren(...(rows.length || !state.items ? rows : [h("li", { className: "faint" }, word("no_duties"))]));
}

export const duties = {
  begin(here) {
    guarded = here.guarded;
    feeds.begin(here, () => state.role);
    $("duties-role").onchange = (event) => { Object.assign(state, { role: event.target.value, items: null, form: null }); draw(); read(); };
  },
  open(project) {
    Object.assign(state, { project, items: null, form: null });
    $("duties-said").textContent = "";
    feeds.open(project);
    state.timer = setInterval(() => { if (!document.hidden && !state.form) read(); }, READ_MS);
    draw();
    read();
  },
  close() { clearInterval(state.timer); },
  draw,
  event(event) {
    if (!event.type.startsWith("duties.") || state.form) return; // what somebody is filling in stays as it is
    clearTimeout(waiting);
    waiting = setTimeout(read, 500);
  },
};
