// What pages show of people, units and staff cards that they know by id. Every name that is read is on record, so each is read once, and only where it is shown.

import { get } from "./api.js";
import { h } from "./view.js";

const people = new Map(), units = new Map(), cards = new Map();

const once = (kept, key, read) => {
  if (!kept.has(key)) kept.set(key, read().catch((error) => { kept.delete(key); throw error; }));
  return kept.get(key);
};

export const person = (project, id) => once(people, `${project} ${id}`, () => get(`/projects/${project}/people/${id}`));
export const unit = (project, id) => once(units, `${project} ${id}`, () => get(`/projects/${project}/units/${id}`));

// Nothing personal stays behind, and nothing that has changed.
export function forget() {
  people.clear();
  units.clear();
  cards.clear();
}

const link = (href, read, say) => {
  const element = h("a", { href, className: "known" }, "…");
  read().then((found) => { element.replaceChildren(say(found)); }, () => { element.textContent = "—"; });
  return element;
};

// For those who may not see people there is no name, and no request either.
export const personLink = (here, id) => (here.may("residents.people") ? link(`#residents/person/${id}`, () => person(here.project(), id), ({ name }) => name) : h("span", { className: "faint" }, "—"));
export const unitLink = (here, id) => link(`#residents/unit/${id}`, () => unit(here.project(), id), ({ label }) => label);

// A staff card by whom it is for.
export const cardLink = (here, id) => (here.may("residents.cards") ? link("#cases/cards", () => once(cards, `${here.project()} ${id}`, () => get(`/projects/${here.project()}/cards/${id}`)), ({ holder }) => here.who(holder)) : h("span", { className: "faint" }, "—"));
