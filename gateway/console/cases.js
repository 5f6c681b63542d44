// Handovers, changes of owner, tenancies, move-outs, parking leases: those that go on, and how one is begun.

import { get, post } from "./api.js";
import { cardsPage } from "./cards.js";
import { caseFile } from "./case.js";
import { ask, form } from "./forms.js";
import { forget, person, personLink, unitLink } from "./known.js";
import { picker } from "./picker.js";
import { empty, fill } from "./places.js";
import { Pages, table } from "./tables.js";
import { day, today } from "./times.js";
import { $, h, options } from "./view.js";
import { word } from "./words.js";

const KINDS = ["handover", "transfer", "tenant_in", "move_out", "parking"];
const STATES = ["open", "complete", "cancelled"];
const TONES = { open: "", complete: "calm", cancelled: "calm" };
const PAGE = 30;
const state = { project: "", where: [] };
let here;

export const progress = (one) => { const must = one.steps.filter((step) => !step.optional); return `${must.filter((step) => step.stands === "done").length}/${must.length}`; };
export const caseBadge = (one) => h("span", { className: `badge ${TONES[one.state]}` }, word(`case.${one.state}`));
export const caseLine = (given, one) => h("li", {}, h("a", { className: "hit", href: `#cases/${one.id}` }, h("strong", {}, word(`case.${one.kind}`)), caseBadge(one), h("span", { className: "faint" }, [progress(one), one.on && day(one.on)].filter(Boolean).join(" · "))));

// ---- the list

const list = async (place) => {
  const query = new URLSearchParams({ limit: PAGE, ...($("case-kind").value && { kind: $("case-kind").value }), ...($("case-state").value && { state: $("case-state").value }) });
  const pages = await new Pages(`/projects/${state.project}/cases?${query}`).read();
  const draw = () => place.replaceChildren(table([
    { name: "case", cell: (one) => h("a", { href: `#cases/${one.id}` }, word(`case.${one.kind}`)) },
    { name: "unit", cell: (one) => unitLink(here, one.unit) },
    { name: "person", cell: (one) => personLink(here, one.person) },
    { name: "from_day", cell: (one) => day(one.on) },
    { name: "case_state", cell: caseBadge },
    { name: "steps_done", cell: (one) => [h("progress", { max: one.steps.length, value: one.steps.filter((step) => step.stands === "done").length, ariaLabel: progress(one) }), ` ${progress(one)}`] },
  ], pages.items, word("no_cases")), pages.button(here.guarded, draw) ?? "");
  draw();
};

// ---- beginning one

const tiesOf = (unit, roles) => unit.ties.filter((tie) => (!tie.to || tie.to > today()) && roles.includes(tie.role));
const named = async (ties) => Promise.all([...new Map(ties.map((tie) => [tie.person, tie])).values()].map(async (tie) => {
  const found = await person(state.project, tie.person).catch(() => ({ name: "—", phones: [] }));
  return { id: tie.person, said: `${found.name}  ${word(`tie.${tie.role}`)}`, found, tie: tie.id };
}));

const onDay = (needed) => ({ name: "on", type: "date", label: word("from_day"), required: needed });
const untilDay = (needed) => ({ name: "until", type: "date", label: word("until_day"), required: needed });
const share = () => ({ name: "share", label: word("share_of"), hint: word("share_say"), more: { maxLength: 13, pattern: "[1-9][0-9]*/[1-9][0-9]*" } });
const moving = () => ({ name: "moving_in", type: "tick", label: word("moving_in"), value: true });
const leaving = (people) => ({ name: "leaving", type: "several", label: word("leaving"), needed: true, options: people.map((one) => [one.tie, one.said, people.length === 1]) });
const comer = (likely) => ({ name: "person", type: "own", label: word("who_comes"), needed: true, wide: true, element: picker(here, "person", likely) });
const agent = () => [
  { name: "comes", type: "choice", label: word("comes"), options: [["self", word("comes.self")], ["agent", word("comes.agent")]], needed: true },
  { name: "agent", type: "own", label: word("agent"), wide: true, element: picker(here, "person") },
];

const FIELDS = {
  handover: async (unit) => [comer(await named(tiesOf(unit, ["owner"]))), share(), moving(), ...agent()],
  transfer: async (unit) => [comer([]), leaving(await named(tiesOf(unit, ["owner"]))), onDay(true), share(), moving(), ...agent()],
  tenant_in: async () => [comer([]), onDay(false), untilDay(false), ...agent()],
  move_out: async (unit) => { const people = await named(tiesOf(unit, ["tenant", "resident", "owner"])); return [comer(people), leaving(people), onDay(true), ...agent()]; },
  parking: async () => [{ name: "vehicle", type: "own", label: word("vehicle"), needed: true, wide: true, element: picker(here, "vehicle") }, onDay(true), untilDay(true)],
};

async function begin(place, unitId) {
  const unit = await get(`/projects/${state.project}/units/${unitId}`);
  const kind = h("select", { id: "new-case-kind" }, ...KINDS.map((name) => h("option", { value: name, selected: name === "parking" && unit.use === "parking" }, word(`case.${name}`))));
  const fields = h("div", { className: "begin" });
  const drawFields = here.guarded(async () => {
    const asked = await FIELDS[kind.value](unit), car = asked.find((field) => field.name === "vehicle")?.element;
    fields.replaceChildren(form(asked, {
      submit: word("open_case"), guarded: here.guarded,
      send: async (body) => {
        const opened = await post(`/projects/${state.project}/cases`, { kind: kind.value, unit: unit.id, ...body, ...(car?.found && { person: car.found.person }) });
        location.hash = `#cases/${opened.id}`;
      },
    }));
    const who = fields.querySelector('[data-field="comes"]'), agentRow = fields.querySelector('[data-field="agent"]')?.parentElement;
    if (who) (who.onchange = () => { agentRow.hidden = who.value !== "agent"; })();
  });
  kind.onchange = drawFields;
  place.replaceChildren(h("h3", { tabIndex: -1 }, `${word("open_case")} · ${unit.label}`), h("label", { className: "begin" }, h("span", {}, word("case")), kind), fields);
  await drawFields();
  return kind;
}

// Without a unit: asked for by its label, which leads to the form.
const whichUnit = () => ask(word("open_case"), [{ name: "label", label: word("unit"), required: true, more: { maxLength: 40 } }], {
  submit: word("go_on"), guarded: here.guarded,
  send: async ({ label }) => {
    const { items } = await get(`/projects/${state.project}/units?label=${encodeURIComponent(label)}`);
    if (!items.length) throw new Error(word("no_such_unit"));
    location.hash = `#cases/new/${items[0].id}`;
  },
});

// ---- which of these is shown

const SHOWS = {
  new: (place, id) => begin(place, id),
  cards: (place, id) => cardsPage(here, place, id),
};

function draw() {
  const [first, second] = state.where, place = $("cases-place");
  for (const [id, group, known] of [["case-kind", "case", KINDS], ["case-state", "case", STATES]]) {
    const kept = $(id).options.length ? $(id).value : id === "case-state" ? "open" : "";
    options($(id), [["", word(`any.${id}`)], ...known.map((name) => [name, word(`${group}.${name}`)])]);
    $(id).value = kept;
  }
  const listed = !first;
  $("case-filter").hidden = !listed;
  $("case-new").hidden = !listed || !here.may("residents.work");
  for (const link of $("cases-views").children) {
    const at = link.hash === "#cases/cards" ? first === "cards" : first !== "cards";
    if (at) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    link.hidden = link.hash === "#cases/cards" && !here.may("residents.cards");
  }
  const show = SHOWS[first] ?? (first ? (box) => caseFile(here, first, box) : list);
  return here.guarded(() => fill(place, (box) => show(box, second)))();
}

export const cases = {
  begin(given) {
    here = given;
    $("case-kind").onchange = $("case-state").onchange = () => here.guarded(() => fill($("cases-place"), list))();
    $("case-new").onclick = whichUnit;
  },
  open(project, rest) {
    Object.assign(state, { project, where: rest });
    draw();
  },
  turn(rest) { state.where = rest; draw(); },
  close() { forget(); empty($("cases-place")); },
  draw,
  event(event) {
    const [id] = state.where;
    if (event.type.startsWith("residents.case_") && id && event.data.case === id && !document.querySelector("dialog[open]")) draw();
  },
};
