// Where somebody may do what: places (a project, a company, all there is) and roles, as they are granted and shown.

import { h } from "./view.js";
import { current, names, word, worded } from "./words.js";

const EVERYWHERE = "*";
const projectName = (one) => (current() === "en" ? one.name_en ?? one.name : one.name);

export function placeName(here, place) {
  if (place === EVERYWHERE) return word("everywhere");
  if (place.startsWith("company:")) return `${word("company")} ${place.slice(8)}`;
  const found = here.projects().find((one) => one.id === place);
  return found ? projectName(found) : place;
}

export const roleNames = (roles) => roles.map((role) => worded(`role.${role}`, role)).join("、");
export const grants = (here, held) => h("span", {}, Object.entries(held).map(([place, roles]) => `${placeName(here, place)}：${roleNames(roles)}`).join("；") || "—");

function places(here) {
  const companies = [...new Set(here.projects().map(({ company }) => company).filter(Boolean))];
  return [...here.projects().map(({ id }) => id), ...companies.map((id) => `company:${id}`), EVERYWHERE];
}

export const placeField = (here) => ({ name: "place", type: "choice", needed: true, label: word("where"), value: here.project(), options: places(here).map((place) => [place, placeName(here, place)]) });

// A company's own roles are known where somebody holds them.
export const rolesField = (here, held = []) => ({ name: "roles", type: "several", needed: true, wide: true, label: word("roles"), options: [...new Set([...names("role"), ...held])].map((role) => [role, worded(`role.${role}`, role), held.includes(role)]) });
