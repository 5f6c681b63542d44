// Rosters: a file sent in and followed, what is wrong in it, what its headers mean; taken back, and written out again.

import { call, download, get, post, upload } from "./api.js";
import { button, facts, part, stamp } from "./facts.js";
import { ask, form } from "./forms.js";
import { empty, fill } from "./places.js";
import { Pages, table } from "./tables.js";
import { dayTime } from "./times.js";
import { $, h } from "./view.js";
import { current, filled, word } from "./words.js";

const FOLLOW_MS = 700;
const PAGE = 20;
const TONES = { waiting: "warn", working: "warn", undoing: "warn", failed: "bad", undone: "calm" };
const UNDER_WAY = ["waiting", "working", "undoing"];
const state = { project: "", run: "", columns: null, timer: 0 };
let here;

const base = () => `/projects/${state.project}`;
const badge = (run) => h("span", { className: `badge ${TONES[run.state] ?? ""}`.trim() }, word(`run.${run.state}`));

// ---- sending in

const sendForm = () => form([
  { name: "file", type: "file", label: word("roster_file"), required: true, wide: true, hint: word("roster_file_say"), more: { accept: ".csv,.xlsx" } },
  { name: "dry_run", type: "tick", label: word("dry_run"), value: true },
  { name: "all_or_nothing", type: "tick", label: word("all_or_nothing") },
  { name: "ignore_unknown", type: "tick", label: word("ignore_unknown") },
], {
  submit: word("send_in"), guarded: here.guarded,
  send: async ({ file, ...how }) => {
    const run = await upload(`${base()}/roster?${new URLSearchParams({ filename: file.name, language: current(), ...how })}`, file);
    location.hash = `#rosters/${run.id}`;
  },
});

// ---- one run

function bar(run) {
  const under = UNDER_WAY.includes(run.state);
  const said = run.rows === null ? word("being_read") : `${run.done} / ${run.rows}`;
  return h("p", { className: "row" }, h("progress", { max: run.rows || 1, ...(under && run.rows === null ? {} : { value: under ? run.done : run.rows || 1 }), ariaLabel: word("rows") }), h("span", { className: "figures", role: "status" }, said));
}

const counts = (run) => facts([
  ["rows", run.rows], [run.dry_run ? "would_import" : "imported", run.imported], ["unchanged", run.unchanged],
  ["wrong", run.wrong ? h("strong", { className: "badge bad" }, String(run.wrong)) : 0], ["ignored", run.ignored.join("、")],
  ["opened", stamp(here, run.started)], ["ended", run.ended_at && dayTime(run.ended_at)], ["failure", run.failure],
  ["undone", run.undone && stamp(here, run.undone)],
  ["taken_back", run.undone && filled("taken_back_n", run.taken_back)],
]);

const problems = (run) => (run.problems_total ? part("problems", h("p", { className: "faint" }, filled("problems_say", { n: run.problems_total, shown: run.problems.length })), table([
  { name: "row", cell: (one) => String(one.row) }, { name: "column", cell: (one) => one.column || word("whole_row") }, { name: "what_is_wrong", className: "wider", cell: (one) => one.message },
], run.problems, "")) : "");

const stays = (run) => (run.stays?.length ? part("stays", table([
  { name: "kind_of", cell: (one) => h("a", { href: `#residents/${one.kind}/${one.id}` }, word(one.kind)) }, { name: "why", cell: (one) => word(`stay.${one.reason}`) },
], run.stays, "")) : "");

function drawRun(place, run) {
  const at = `${base()}/roster-runs/${run.id}`;
  const corrections = here.guarded(() => download(`${at}/corrections.xlsx`, `corrections-${run.filename.replace(/\.\w+$/, "") || run.id}.xlsx`));
  const undo = () => ask(word("undo_run"), [], { submit: word("undo_run"), say: filled("undo_say", { n: run.imported }), guarded: here.guarded, send: async () => { await post(`${at}/undo`); await follow(); } });
  const canUndo = run.state === "ended" && !run.dry_run && run.imported > 0 && here.may("residents.undo");
  place.replaceChildren(
    h("header", { className: "row" }, h("h3", { tabIndex: -1 }, run.filename || run.id), badge(run), run.dry_run ? h("span", { className: "badge calm" }, word("dry_run")) : ""),
    bar(run), counts(run),
    h("div", { className: "row" }, run.wrong && run.ended_at ? button("corrections", corrections) : "", canUndo ? button("undo_run", undo, true) : ""),
    problems(run), stays(run),
  );
}

// While it goes on it is asked for again and again; what is typed elsewhere on the page stays as it is.
const follow = () => here.guarded(async () => {
  clearTimeout(state.timer);
  $("run").hidden = !state.run;
  if (!state.run) return;
  let run;
  const drawn = await fill($("run"), async (box) => {
    run = await get(`${base()}/roster-runs/${state.run}?language=${current()}`);
    drawRun(box, run);
  });
  if (!drawn) return;
  if (UNDER_WAY.includes(run.state)) state.timer = setTimeout(follow, FOLLOW_MS);
  else drawRuns();
})();

const drawRuns = () => here.guarded(() => fill($("runs"), async (box) => {
  const pages = await new Pages(`${base()}/roster-runs?limit=${PAGE}`).read();
  const draw = () => box.replaceChildren(table([
    { name: "file", cell: (run) => h("a", { href: `#rosters/${run.id}` }, run.filename || run.id) },
    { name: "case_state", cell: (run) => [badge(run), run.dry_run ? h("span", { className: "badge calm" }, word("dry_run")) : ""] },
    { name: "rows", cell: (run) => String(run.rows ?? "—") }, { name: "imported", cell: (run) => String(run.imported) }, { name: "wrong", cell: (run) => String(run.wrong) },
    { name: "opened", cell: (run) => dayTime(run.started.at) },
  ], pages.items, word("no_runs")), pages.button(here.guarded, draw) ?? "");
  draw();
}))();

// ---- headers of the project's own

const drawColumns = () => here.guarded(async () => {
  state.columns = await get(`${base()}/roster-columns`);
  const { columns, known } = state.columns;
  const say = async (said) => { await call("PUT", `${base()}/roster-columns`, { columns: said }, { "If-Match": `"${state.columns.version}"` }); await drawColumns(); };
  const without = (header) => Object.fromEntries(Object.entries(columns).filter(([name]) => name !== header));
  const add = form([
    { name: "header", label: word("header"), required: true, more: { maxLength: 60 } },
    { name: "means", type: "choice", label: word("means"), needed: true, options: [...known.map((name) => [name, word(`column.${name}`)]), ["", word("left_out")]] },
  ], { submit: word("say_header"), line: true, guarded: here.guarded, send: ({ header, means }) => say({ ...columns, [header]: means ?? null }) });
  $("columns").replaceChildren(table([
    { name: "header", cell: ([header]) => header }, { name: "means", cell: ([, field]) => (field ? word(`column.${field}`) : word("left_out")) },
    { name: "", cell: ([header]) => button("forget_header", here.guarded(() => say(without(header))), true) },
  ], Object.entries(columns), word("no_headers")), add);
})();

const exportForm = () => form([
  { name: "reason", label: word("why"), required: true, wide: true, more: { maxLength: 200 } },
  { name: "format", type: "choice", label: word("file"), needed: true, options: [["xlsx", "XLSX"], ["csv", "CSV"]] },
], {
  submit: word("export"), guarded: here.guarded,
  send: async ({ reason, format }) => download(`${base()}/roster.${format}?${new URLSearchParams({ reason, language: current() })}`, `roster-${state.project}.${format}`),
});

function draw() {
  const imports = here.may("residents.import");
  for (const id of ["roster-send", "roster-runs", "roster-columns"]) $(id).hidden = !imports;
  $("roster-export").hidden = !here.may("residents.export");
  $("export").replaceChildren(exportForm());
  if (!imports) return;
  $("send").replaceChildren(sendForm());
  drawRuns();
  drawColumns();
  follow();
}

export const rosters = {
  begin(given) { here = given; },
  open(project, [run = ""]) { Object.assign(state, { project, run }); draw(); },
  turn([run = ""]) { state.run = run; follow().then(() => $("run").querySelector("h3")?.focus()); },
  close() {
    clearTimeout(state.timer);
    empty(...["send", "runs", "run", "columns", "export"].map($));
  },
  draw,
  event() {},
};
