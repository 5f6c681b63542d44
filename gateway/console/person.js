// The file of a person, masked, and in full with a reason: how they are reached, what they wish, where they belong, and what became of the file.

import { change, get, post } from "./api.js";
import { copies, copiesOf, copyButton } from "./copies.js";
import { contactButtons } from "./due.js";
import { editButtons, holdButton, holds, holdsOf } from "./edits.js";
import { eraseButton, erasures, wishesOf } from "./erasure.js";
import { button, facts, heading, part, stamp } from "./facts.js";
import { ask } from "./forms.js";
import { forget, person as known, unitLink } from "./known.js";
import { table } from "./tables.js";
import { day, dayTime, today } from "./times.js";
import { trailOf } from "./trail.js";
import { vehicleButton, vehicleButtons } from "./vehicles.js";
import { h } from "./view.js";
import { filled, word } from "./words.js";

function wishes({ channels, quiet_from, quiet_to, non_essential }) {
  const said = [channels.map((name) => word(`channel.${name}`)).join(" → "), quiet_from && `${word("quiet")} ${quiet_from}–${quiet_to}`, non_essential ? "" : word("essential_only")];
  return said.filter(Boolean).join(" · ");
}

const factsOf = (one) => facts([
  ["phones", one.phones.join("  ")], ["id_number", one.id_number], ["language", word(`language.${one.language}`)], ["wishes", wishes(one.preferences), true],
  ["emergency", one.emergency_contacts.map(({ name, relation, phone }) => [name + (relation ? `（${relation}）` : ""), phone].filter(Boolean).join(" ")).join("; "), true],
  ["care", one.care && `${word("care_every")} ${one.care.every_days} ${word("care_days")} · ${word("visited_on")} ${day(one.care.visited_on)}`],
  ["keep_until", one.keep_until && day(one.keep_until)], ["registered_at", one.registered_at && dayTime(one.registered_at)],
]);

// How somebody wishes to be told things; all of it is said anew.
function askWishes(here, one, again) {
  const { channels, quiet_from, quiet_to, non_essential } = one.preferences;
  return ask(`${word("wishes")} · ${one.name}`, [
    { name: "preferences.channels", type: "choice", needed: true, label: word("liked_best"), value: channels[0] ?? "", options: [["", word("as_company")], ...["sms", "letter", "phone"].map((name) => [name, word(`channel.${name}`)])], as: (best) => [best, ...channels.filter((name) => name !== best)] },
    { name: "preferences.non_essential", type: "tick", label: word("more_than_essential"), value: non_essential },
    { name: "preferences.quiet_from", type: "hour", label: word("quiet_from"), value: quiet_from ?? undefined },
    { name: "preferences.quiet_to", type: "hour", label: word("quiet_to"), value: quiet_to ?? undefined },
  ], { submit: word("record"), guarded: here.guarded, send: async (body) => { await change(`/projects/${here.project()}/people/${one.id}/change`, one, body); await again(); } });
}

const fullFile = ({ file, readable_until }) => part("full_file", readable_until ? h("p", { className: "faint" }, filled("full_until", { until: dayTime(readable_until) })) : "", factsOf(file));
const waits = ({ approval }) => h("p", { role: "status" }, word("full_waits"), " ", h("a", { href: `#approvals/residents/${approval}` }, word("approval")));

// With nothing masked, or the approval for which it waits. It is nowhere but in `place`, which is gone with the page.
const askFull = (here, one, place) => ask(`${word("full_file")} · ${one.name}`, [{ name: "reason", type: "long", label: word("why"), required: true, wide: true, more: { maxLength: 500 } }], {
  submit: word("full_do"), say: word("full_say"), guarded: here.guarded,
  send: async (body) => {
    const found = await post(`/projects/${here.project()}/people/${one.id}/full`, body);
    place.replaceChildren(found.file ? fullFile(found) : waits(found));
  },
});

const ties = (here, id, rows, again) => table([
  { name: "unit", cell: (tie) => h("a", { href: `#residents/unit/${tie.unit}` }, tie.label) },
  { name: "tie_role", cell: (tie) => [word(`tie.${tie.role}`), tie.share ? ` ${tie.share}` : ""] },
  { name: "since", cell: (tie) => [day(tie.from), tie.to ? ` – ${day(tie.to)}` : ""] },
  { name: "reached", cell: (tie) => (tie.to && tie.to <= today() ? h("span", { className: "badge calm" }, word("former")) : contactButtons(here, tie.unit, id, again)) },
], rows, word("no_ties"));

const vehiclesOf = (here, all, again) => table([
  { name: "plate", cell: (car) => car.plate }, { name: "unit", cell: (car) => unitLink(here, car.unit) },
  { name: "lease", cell: (car) => car.leases.map((lease) => `${lease.permit} → ${day(lease.to)}`).join(" · ") || "—" }, { name: "", cell: (car) => vehicleButtons(here, car, again) },
], all.filter((car) => !car.gone), word("no_vehicles"));

const changes = (here, rows) => (rows.length ? part("file_changes", h("ul", {}, ...rows.slice().reverse().map((one) => h("li", { className: "faint" }, `${one.changed.map((name) => word(`changed.${name}`)).join("、")} · `, stamp(here, one))))) : "");

export async function personFile(here, id, place) {
  const base = `/projects/${here.project()}`;
  const [one, history, cars, erased, copied, held] = await Promise.all([
    known(here.project(), id), get(`${base}/people/${id}/history`), get(`${base}/vehicles?person=${id}&limit=20`), wishesOf(here, id), copiesOf(here, id), holdsOf(here, id),
  ]);
  const again = async () => { forget(); await personFile(here, id, place); };
  const full = h("div"), homes = [...new Map(history.ties.filter((tie) => !tie.to || tie.to > today()).map((tie) => [tie.unit, tie.label]))];
  place.replaceChildren(
    heading(one.name, one.care ? h("span", { className: "badge warn" }, word("care")) : "", one.keep_until ? h("span", { className: "badge calm" }, word("former")) : ""),
    h("div", { className: "row" }, ...editButtons(here, one, again), here.may("residents.work") ? button("wishes", () => askWishes(here, one, again), true) : "", button("full_file", () => askFull(here, one, full), true),
      copyButton(here, one, again), holdButton(here, one, again), eraseButton(here, one, again), here.may("audit.read") ? h("a", { className: "button quiet small", href: trailOf({ how: "read", subject: `residents/${id}` }) }, word("who_read")) : ""),
    h("p", { className: "faint" }, word("masked_say")),
    factsOf(one),
    full,
    part("units", ties(here, id, history.ties, again)),
    part("vehicles", vehiclesOf(here, cars.items, again), vehicleButton(here, { name: "unit", label: word("unit"), options: homes }, { person: id }, again)),
    copies(here, id, copied),
    holds(here, one, held, again),
    erasures(here, erased, again),
    changes(here, history.changes),
  );
}
