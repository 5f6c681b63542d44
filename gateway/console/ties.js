// What can be changed of a unit: its facts, and who is tied to it.

import { change } from "./api.js";
import { button } from "./facts.js";
import { recording } from "./forms.js";
import { h } from "./view.js";
import { word } from "./words.js";

const ROLES = ["owner", "resident", "tenant", "agent"];
const USES = ["residential", "shop", "office", "parking", "storage", "other"];
const STATED = ["occupied", "let", "vacant"];

// `as` makes what is sent of what was filled in.
const does = (here, unit, name, fields, verb, again, as = (body) => body, more = {}) => recording(here, `${word(name)} · ${unit.label}`, fields, async (body) => {
  await change(`/projects/${here.project()}/units/${unit.id}/${verb}`, unit, as(body));
  await again();
}, more);

// ---- ties

const share = (value) => ({ name: "share", label: word("share_of"), value, hint: word("share_say"), more: { maxLength: 13 } });
const lastDay = (hint) => ({ name: "to", type: "date", label: word("last_day_not"), hint });

const newTie = (here, unit, person, again) => does(here, unit, "new_tie", [
  { name: "person", type: "own", needed: true, wide: true, label: word("person"), element: person },
  { name: "role", type: "choice", needed: true, label: word("tie_role"), options: ROLES.map((name) => [name, word(`tie.${name}`)]) },
  share(), { name: "from", type: "date", label: word("from_day") }, lastDay(),
], "ties", again);

const endTie = (here, unit, tie, again) => does(here, unit, "end_tie", [lastDay(word("today_else"))], `ties/${tie.id}/end`, again);
const setShare = (here, unit, tie, again) => does(here, unit, "share_of", [share(tie.share ?? undefined)], `ties/${tie.id}/share`, again, (body) => ({ share: body.share ?? null }));

export const tieButtons = (here, unit, tie, again) => (here.may("residents.work") && !tie.to ? h("span", { className: "pair" },
  tie.role === "owner" ? button("share_of", () => setShare(here, unit, tie, again), true) : "", button("end_tie", () => endTie(here, unit, tie, again), true)) : "");

// ---- the unit itself

export const unitFields = (unit = {}) => [
  { name: "area_m2", type: "number", label: `${word("area")}（m²）`, value: unit.area_m2 ?? undefined, more: { step: "0.01", min: "0.01" } },
  { name: "use", type: "choice", needed: true, label: word("use_of"), value: unit.use, options: USES.map((name) => [name, word(`use.${name}`)]) },
  { name: "building", label: word("building"), value: unit.building || undefined, more: { maxLength: 20 } },
];

const changeUnit = (here, unit, again) => does(here, unit, "change", [...unitFields(unit),
  { name: "handed_over_on", type: "date", label: word("handed_over_on"), value: unit.handed_over_on ?? undefined },
  { name: "stated", type: "choice", label: word("stated"), hint: word("stated_say"), value: unit.stated ?? "", options: [["", "—"], ...STATED.map((name) => [name, word(`occupancy.${name}`)])] },
], "change", again, (body) => ({ ...body, stated: body.stated ?? null }));

const withdraw = (here, unit, again) => does(here, unit, "withdraw_unit", [], "withdraw", again, () => ({}), { submit: word("withdraw_unit"), say: word("withdraw_say") });

// `empty`: nobody is tied to it, or will be.
export const unitButtons = (here, unit, person, empty, again) => (here.may("residents.work") ? [
  button("change", () => changeUnit(here, unit, again), true), button("new_tie", () => newTie(here, unit, person(), again), true),
  empty && !unit.withdrawn_at ? button("withdraw_unit", () => withdraw(here, unit, again), true) : "",
] : []);
