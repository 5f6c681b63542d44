// What is to be worked off: contacts to be confirmed, visits to be made, vacant units to be looked at.

import { get, post } from "./api.js";
import { button } from "./facts.js";
import { personLink, unitLink } from "./known.js";
import { cared, counts, purges, security } from "./lists.js";
import { Pages, table } from "./tables.js";
import { day } from "./times.js";
import { places } from "./trees.js";
import { h } from "./view.js";
import { filled, word } from "./words.js";

const WAYS = ["phone", "visit"];
const WITHIN_DAYS = 7;
const PAGE = 20;

// One click says that somebody was reached, and how; `then` draws anew.
export function contactButtons(here, unit, person, then, ways = WAYS) {
  if (!here.may("residents.work")) return [];
  const note = (way) => here.guarded(async (event) => {
    event.target.closest("span").querySelectorAll("button").forEach((one) => { one.disabled = true; });
    await post(`/projects/${here.project()}/contacts`, { unit, way, ...(person && { person }) });
    await then();
  });
  return [h("span", { className: "pair" }, ...ways.map((way) => button(`way.${way}`, note(way), true)))];
}

const late = (row) => [day(row.due_on), row.overdue ? h("span", { className: "badge bad" }, word("late")) : ""];

async function contacts(here, place) {
  const pages = await new Pages(`/projects/${here.project()}/contacts-due?within_days=${WITHIN_DAYS}&limit=${PAGE}`).read();
  const draw = () => {
    const rows = pages.items.slice().sort((one, other) => one.due_on.localeCompare(other.due_on));
    const done = (row) => () => { pages.items = pages.items.filter((one) => one !== row); draw(); };
    place.replaceChildren(h("p", { className: "faint", role: "status" }, filled("contacts_say", { n: rows.length, days: WITHIN_DAYS })), table([
      { name: "unit", cell: (row) => h("a", { href: `#residents/unit/${row.unit}` }, row.label) },
      { name: "person", cell: (row) => personLink(here, row.person) },
      { name: "tie_role", cell: (row) => `${word(`tie.${row.role}`)} · ${word(`living.${row.living}`)}` },
      { name: "last_contact", cell: (row) => day(row.last_on) },
      { name: "contact_by", cell: late },
      { name: "reached", cell: (row) => contactButtons(here, row.unit, row.person, done(row)) },
    ], rows, word("none_due")), pages.button(here.guarded, draw) ?? "");
  };
  draw();
}

async function visits(here, place) {
  const read = () => get(`/projects/${here.project()}/visits-due?within_days=${WITHIN_DAYS}`);
  const draw = ({ items }) => place.replaceChildren(table([
    { name: "why", cell: (row) => word(`visit.${row.why}`) },
    { name: "unit", cell: (row) => (row.unit ? unitLink(here, row.unit) : "—") },
    { name: "person", cell: (row) => (row.person ? personLink(here, row.person) : "—") },
    { name: "since", cell: (row) => day(row.since) },
    { name: "contact_by", cell: late },
    { name: "", cell: (row) => (row.unit ? contactButtons(here, row.unit, row.person, async () => draw(await read()), ["visit"]) : "") },
  ], items, word("none_due")));
  draw(await read());
}

async function vacant(here, place) {
  const base = `/projects/${here.project()}/vacant-units`;
  const [pages, by_month] = await Promise.all([new Pages(`${base}?limit=${PAGE}`).read(), counts(here)]);
  const chosen = () => [...place.querySelectorAll("tbody :checked:not(:disabled)")].map((box) => box.value);
  const confirm = here.guarded(async () => {
    const units = chosen();
    if (!units.length) return;
    await post(`${base}/confirm`, { units });
    await pages.read();
    draw();
  });
  const box = (row) => h("input", { type: "checkbox", value: row.id, ariaLabel: `${word("seen_vacant")} ${row.label}`, disabled: row.confirmed, checked: row.confirmed });
  const draw = () => place.replaceChildren(table([
    { name: "unit", cell: (row) => h("a", { href: `#residents/unit/${row.id}` }, row.label) },
    { name: "building", cell: (row) => row.building },
    { name: "area", cell: (row) => (row.area_m2 ? `${row.area_m2} m²` : "—") },
    { name: "sold", cell: (row) => word(row.sold ? "sold_yes" : "sold_no") },
    { name: "vacant_seen_on", cell: (row) => day(row.vacant_seen_on) },
    { name: "confirmed_now", cell: (row) => (here.may("residents.work") ? box(row) : word(row.confirmed ? "yes" : "no")) },
  ], pages.items, word("none_vacant")), h("div", { className: "row" }, here.may("residents.work") && pages.items.length ? button("confirm_vacant", confirm) : "", pages.button(here.guarded, draw) ?? ""), by_month);
  draw();
}

export const LISTS = {
  due: { permission: "residents.people", show: contacts },
  visits: { permission: "residents.people", show: visits },
  care: { permission: "residents.people", show: cared },
  vacant: { permission: "residents.read", show: vacant },
  places: { permission: "residents.work", show: places },
  security: { permission: "residents.security", show: security },
  purges: { permission: "residents.purges", show: purges },
};
