// The file of a unit: facts, people, vehicles, cases, cards, and who is to be asked again.

import { get } from "./api.js";
import { cardRow } from "./cards.js";
import { caseLine } from "./cases.js";
import { contactButtons } from "./due.js";
import { facts, heading, part } from "./facts.js";
import { forget, person, personLink } from "./known.js";
import { picker } from "./picker.js";
import { table } from "./tables.js";
import { tieButtons, unitButtons } from "./ties.js";
import { day, today } from "./times.js";
import { vehicleButton, vehicleButtons } from "./vehicles.js";
import { h } from "./view.js";
import { word } from "./words.js";

const SHOWN = 50;
const none = () => Promise.resolve({ items: [] });

// What of a unit one may see is asked for at once; the rest is not asked for.
function read(here, id) {
  const base = `/projects/${here.project()}`, of = `unit=${id}&limit=${SHOWN}`;
  const may = (permission, path) => (here.may(permission) ? get(`${base}/${path}`) : none());
  return Promise.all([
    get(`${base}/units/${id}`), may("residents.people", `vehicles?${of}`), may("residents.cases", `cases?${of}`),
    may("residents.cards", `cards?${of}`), may("residents.people", `contacts-due?within_days=366&unit=${id}`),
  ]);
}

const liable = (until) => Object.entries(until ?? {}).map(([item, last]) => `${word(`liable.${item}`)} ${day(last)}`).join(" · ");

const factsOf = (unit) => facts([
  ["building", unit.building], ["area", unit.area_m2 && `${unit.area_m2} m²`], ["handed_over_on", unit.handed_over_on && day(unit.handed_over_on)],
  ["liable_until", liable(unit.liable_until), true], ["stated", unit.stated && word(`occupancy.${unit.stated}`)], ["moved_in_on", unit.moved_in_on && day(unit.moved_in_on)],
  ["visited_on", unit.visited_on && day(unit.visited_on)], ["vacant_seen_on", unit.vacant_seen_on && day(unit.vacant_seen_on)],
]);

function people(here, unit, ties, due, again) {
  const last = new Map(due.map((row) => [row.person, row]));
  const dueText = (tie) => {
    const row = last.get(tie.person);
    return row ? h("span", { className: row.overdue ? "badge bad" : "faint" }, day(row.due_on)) : "";
  };
  return table([
    { name: "person", cell: (tie) => personLink(here, tie.person) },
    { name: "tie_role", cell: (tie) => [word(`tie.${tie.role}`), tie.share ? ` ${tie.share}` : ""] },
    { name: "since", cell: (tie) => [day(tie.from), tie.to ? ` – ${day(tie.to)}` : ""] },
    { name: "contact_by", cell: dueText },
    { name: "reached", cell: (tie) => contactButtons(here, tie.unit, tie.person, again) },
    { name: "", cell: (tie) => tieButtons(here, unit, tie, again) },
  ], ties, word("nobody_there"));
}

const named = (here, ties) => Promise.all([...new Set(ties.map((tie) => tie.person))].map(async (id) => [id, (await person(here.project(), id).catch(() => ({ name: "—" }))).name]));

const former = (here, ties) => (ties.length ? h("details", {}, h("summary", {}, `${word("former")} ${ties.length}`), table([
  { name: "person", cell: (tie) => personLink(here, tie.person) },
  { name: "tie_role", cell: (tie) => word(`tie.${tie.role}`) },
  { name: "since", cell: (tie) => `${day(tie.from)} – ${day(tie.to)}` },
], ties, "")) : null);

const vehicles = (here, items, again) => table([
  { name: "plate", cell: (one) => one.plate },
  { name: "person", cell: (one) => personLink(here, one.person) },
  { name: "lease", cell: (one) => one.leases.map((lease) => `${lease.permit} → ${day(lease.to)}`).join(" · ") || "—" },
  { name: "", cell: (one) => vehicleButtons(here, one, again) },
], items.filter((one) => !one.gone), word("no_vehicles"));

export async function unitFile(here, id, place) {
  const [unit, cars, cases, cards, due] = await read(here, id);
  const again = async () => { forget(); await unitFile(here, id, place); };
  const ties = unit.ties.map((tie) => ({ ...tie, unit: id })), now = today(), standing = ties.filter((tie) => !tie.to || tie.to > now);
  const work = here.may("residents.work"), cardsToo = here.may("residents.issue_cards");
  place.replaceChildren(
    heading(unit.label, h("span", { className: "badge calm" }, word(`use.${unit.use}`)), unit.state ? h("span", { className: `badge ${unit.state === "vacant" ? "warn" : ""}` }, word(`occupancy.${unit.state}`)) : "", unit.withdrawn_at ? h("span", { className: "badge bad" }, word("withdrawn")) : ""),
    h("div", { className: "row" }, work ? h("a", { className: "button", href: `#cases/new/${id}` }, word("open_case")) : "", cardsToo ? h("a", { className: "button quiet", href: `#cases/cards/${id}` }, word("cards")) : "",
      ...unitButtons(here, unit, () => picker(here, "person"), !standing.length, again)),
    factsOf(unit),
    part("people", people(here, unit, standing, due.items, again), former(here, ties.filter((tie) => tie.to && tie.to <= now))),
    here.may("residents.people") ? part("vehicles", vehicles(here, cars.items, again), vehicleButton(here, { name: "person", label: word("person"), options: await named(here, standing) }, { unit: id }, again)) : "",
    here.may("residents.cases") ? part("cases", cases.items.length ? h("ul", { className: "hits" }, ...cases.items.map((one) => caseLine(here, one))) : h("p", { className: "faint" }, word("no_cases"))) : "",
    here.may("residents.cards") ? part("cards", cards.items.length ? h("ul", { className: "hits" }, ...cards.items.map((card) => cardRow(here, card, again))) : h("p", { className: "faint" }, word("no_cards"))) : "",
  );
}

