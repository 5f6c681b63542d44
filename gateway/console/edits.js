// What can be changed in somebody's file: details, visits to those who need care, and the keeping of it.

import { change, get, post } from "./api.js";
import { button, part, stamp } from "./facts.js";
import { recording } from "./forms.js";
import { table } from "./tables.js";
import { filled, word, worded } from "./words.js";

const LANGUAGES = ["zh-CN", "en"];
const GROUNDS = ["arrears", "other"];
const path = (here, one) => `/projects/${here.project()}/people/${one.id}`;

// Phones are masked here: they are said anew, all of them, or left as they are. So are emergency contacts.
const emergencyOf = (line) => { const [name, relation = "", phone = ""] = line.split(/[,，]\s*/).map((one) => one.trim()); return phone ? { name, relation, phone } : { name, phone: relation }; };
const details = (one) => [
  { name: "name", label: word("name_of"), value: one.name, required: true, more: { maxLength: 60 } },
  { name: "language", type: "choice", needed: true, label: word("language"), value: one.language, options: LANGUAGES.map((name) => [name, word(`language.${name}`)]) },
  { name: "phones", type: "lines", label: word("phones"), hint: filled("phones_say", { now: one.phones.join("  ") || "—" }) },
  { name: "emergency_contacts", type: "lines", wide: true, label: word("emergency"), hint: word("emergency_say"), as: (all) => all.map(emergencyOf) },
];
const askDetails = (here, one, again) => recording(here, `${word("change")} · ${one.name}`, details(one), async (body) => {
  const said = Object.entries(body).filter(([name, value]) => value !== one[name]);
  await change(`${path(here, one)}/change`, one, Object.fromEntries(said));
  await again();
});

const askCare = (here, one, again) => recording(here, `${word("care")} · ${one.name}`, [{ name: "every_days", type: "number", label: word("care_days_each"), hint: word("care_say"), value: one.care?.every_days, more: { min: "1", max: "1000" } }], async ({ every_days: days }) => {
  await change(`${path(here, one)}/care`, one, { every_days: days ?? null });
  await again();
});

export const editButtons = (here, one, again) => (here.may("residents.work") ? [button("change", () => askDetails(here, one, again), true), button("care", () => askCare(here, one, again), true)] : []);

// ---- why a file is kept though its time has run out

const hold = (here, one, again) => recording(here, `${word("hold")} · ${one.name}`, [{ name: "ground", type: "choice", needed: true, label: word("why"), options: GROUNDS.map((name) => [name, word(`ground.${name}`)]) }], async (body) => { await post(`${path(here, one)}/holds`, body); await again(); }, { say: word("hold_say") });
export const holdButton = (here, one, again) => (here.may("residents.hold") ? button("hold", () => hold(here, one, again), true) : "");
export const holdsOf = async (here, id) => (here.may("residents.hold") ? (await get(`/projects/${here.project()}/people/${id}/holds`)).items : []);
const release = (here, one, held, again) => here.guarded(async () => { await change(`${path(here, one)}/holds/${held.id}/release`, held); await again(); });
export const holds = (here, one, all, again) => (all.length ? part("holds", table([
  { name: "why", cell: (held) => worded(`ground.${held.ground}`, held.ground) }, { name: "opened", cell: (held) => stamp(here, held.placed) },
  { name: "case_state", cell: (held) => (held.released ? stamp(here, held.released) : button("release_hold", release(here, one, held, again), true)) },
], all, "")) : "");
