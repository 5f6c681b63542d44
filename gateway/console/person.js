// The file of a person, masked, and in full with a reason: how they are reached, what they wish, where they belong, and what became of the file.

import { change, get, post } from "./api.js";
import { contactButtons } from "./due.js";
import { eraseButton, erasures, wishesOf } from "./erasure.js";
import { button, day, facts, heading, part, today } from "./facts.js";
import { ask } from "./forms.js";
import { forget, person as known } from "./known.js";
import { table } from "./tables.js";
import { h } from "./view.js";
import { dayTime, filled, word } from "./words.js";

function wishes({ channels, quiet_from, quiet_to, non_essential }) {
  const said = [channels.map((name) => word(`channel.${name}`)).join(" → "), quiet_from && `${word("quiet")} ${quiet_from}–${quiet_to}`, non_essential ? "" : word("essential_only")];
  return said.filter(Boolean).join(" · ");
}

const factsOf = (one) => facts([
  ["phones", one.phones.join("  ")], ["id_number", one.id_number], ["language", word(`language.${one.language}`)], ["wishes", wishes(one.preferences), true],
  ["emergency", one.emergency_contacts.map(({ name, relation, phone }) => [name, relation && `（${relation}）`, phone].filter(Boolean).join(" ")).join("; "), true],
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
  { name: "reached", cell: (tie) => (tie.to && tie.to <= today(here) ? h("span", { className: "badge calm" }, word("former")) : contactButtons(here, tie.unit, id, again)) },
], rows, word("no_ties"));

const changes = (here, rows) => (rows.length ? part("file_changes", h("ul", {}, ...rows.slice().reverse().map((one) => h("li", { className: "faint" }, [dayTime(one.at), one.changed.map((name) => word(`changed.${name}`)).join("、"), here.who(one.by)].join(" · "))))) : "");

export async function personFile(here, id, place) {
  const [one, history, erased] = await Promise.all([known(here.project(), id), get(`/projects/${here.project()}/people/${id}/history`), wishesOf(here, id)]);
  const again = async () => { forget(); await personFile(here, id, place); };
  const full = h("div");
  place.replaceChildren(
    heading(one.name, button("full_file", () => askFull(here, one, full), true), here.may("residents.work") ? button("wishes", () => askWishes(here, one, again), true) : "", eraseButton(here, one, again), one.care ? h("span", { className: "badge warn" }, word("care")) : "", one.keep_until ? h("span", { className: "badge calm" }, word("former")) : ""),
    h("p", { className: "faint" }, word("masked_say")),
    factsOf(one),
    full,
    part("units", ties(here, id, history.ties, again)),
    erasures(here, erased),
    changes(here, history.changes),
  );
}
