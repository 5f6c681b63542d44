// Lists of the whole project that are read rather than worked off: security's, and which files were destroyed.

import { get, post } from "./api.js";
import { button, serviceName, unanswered } from "./facts.js";
import { personLink, unitLink } from "./known.js";
import { Pages, table } from "./tables.js";
import { day, dayTime } from "./times.js";
import { h } from "./view.js";
import { word, worded } from "./words.js";

const PAGE = 50;

// Without phones, addresses and numbers of IDs (handbook: privacy): it has none to show.
export async function security(here, place) {
  const pages = await new Pages(`/projects/${here.project()}/security-list?limit=${PAGE}`).read();
  const permit = (one) => h("div", {}, `${one.plate} · ${one.permit} · `, unitLink(here, one.space), ` → ${day(one.to)}`);
  const rows = () => place.replaceChildren(h("p", { className: "faint" }, word("security_say")), table([
    { name: "unit", cell: (row) => h("a", { href: `#residents/unit/${row.unit}` }, row.label) },
    { name: "case_state", cell: (row) => (row.state ? word(`occupancy.${row.state}`) : "—") },
    { name: "people", cell: (row) => row.people.map((one) => `${one.name}（${word(`tie.${one.role}`)}）`).join("、") || "—" },
    { name: "vehicles", cell: (row) => row.plates.join("、") || "—" },
    { name: "lease", cell: (row) => (row.permits.length ? row.permits.map(permit) : "—") },
  ], pages.items, word("nothing_yet")), pages.button(here.guarded, rows) ?? "");
  rows();
}

// Households that need care, and when they were visited last; who is due stands in the list of visits.
export async function cared(here, place) {
  const pages = await new Pages(`/projects/${here.project()}/people?care=true&limit=${PAGE}`).read();
  const rows = () => place.replaceChildren(table([
    { name: "person", cell: (one) => h("a", { href: `#residents/person/${one.id}` }, one.name) },
    { name: "care", cell: ({ care }) => `${word("care_every")} ${care.every_days} ${word("care_days")}` },
    { name: "since", cell: ({ care }) => day(care.since) }, { name: "visited_on", cell: ({ care }) => day(care.visited_on) },
  ], pages.items, word("none_cared")), pages.button(here.guarded, rows) ?? "");
  rows();
}

const TONES = { held: "warn", asked: "warn", done: "calm" };
const why = (one) => one.holds.map((name) => worded(`ground.${name}`, name)).join("、");
const reports = (one) => one.reports.map(({ service, forgotten, kept }) => `${serviceName(service)} ${forgotten}${kept ? `（${word("kept_still")} ${kept}）` : ""}`).join("、");

export async function purges(here, place) {
  const pages = await new Pages(`/projects/${here.project()}/purges?limit=${PAGE}`).read();
  const review = here.guarded(async () => { await post(`/projects/${here.project()}/purge-reviews`); await purges(here, place); });
  const rows = () => place.replaceChildren(h("div", { className: "row" }, h("p", { className: "faint" }, word("purges_say")), here.may("residents.purge") ? button("review_files", review, true) : ""), table([
    { name: "person", cell: (one) => (one.state === "done" ? h("span", { className: "faint", title: one.person }, `…${one.person.slice(-6)}`) : personLink(here, one.person)) },
    { name: "case_state", cell: (one) => h("span", { className: `badge ${TONES[one.state]}` }, word(`purge.${one.state}`)) },
    { name: "by_rule", cell: (one) => word(`purge_rule.${one.rule}`) }, { name: "keep_until", cell: (one) => day(one.kept_until) },
    { name: "still_needed", cell: (one) => [why(one), unanswered(one.missing)] },
    { name: "taken_out", cell: reports }, { name: "ended", cell: (one) => (one.ended_at ? dayTime(one.ended_at) : "—") },
  ], pages.items, word("no_purges")), pages.button(here.guarded, rows) ?? "");
  rows();
}

// How many stood empty, month by month.
export async function counts(here) {
  const { items } = await get(`/projects/${here.project()}/vacancy-counts?limit=12`);
  return items.length ? h("details", {}, h("summary", {}, word("vacancy_counts")), table([
    { name: "month", cell: (one) => one.month }, { name: "vacant_n", cell: (one) => String(one.vacant) }, { name: "sold_n", cell: (one) => String(one.sold) }, { name: "confirmed_now", cell: (one) => String(one.confirmed) },
  ], items, "")) : "";
}
