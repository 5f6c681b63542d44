// A copy, for somebody, of all that is held of them: asked for with a reason, gathered from every service, shown to who asked.

import { get, post } from "./api.js";
import { button, part, serviceName, stamp, unanswered } from "./facts.js";
import { ask } from "./forms.js";
import { table } from "./tables.js";
import { dayTime } from "./times.js";
import { h } from "./view.js";
import { filled, word } from "./words.js";

const TONES = { collecting: "warn", ready: "", ended: "calm" };
const path = (here, id) => `/projects/${here.project()}/people/${id}/access-requests`;

export const copiesOf = async (here, id) => (here.may("residents.disclose") ? (await get(`${path(here, id)}?limit=20`)).items : []);

export const copyButton = (here, one, again) => (here.may("residents.disclose") ? button("ask_copy", () => ask(`${word("ask_copy")} · ${one.name}`, [{ name: "reason", type: "long", label: word("why"), required: true, wide: true, more: { maxLength: 200 } }], {
  submit: word("ask_copy"), say: word("ask_copy_say"), guarded: here.guarded, send: async (body) => { await post(path(here, one.id), body); await again(); },
}), true) : "");

const columns = (rows) => [...new Set(rows.flatMap((row) => Object.keys(row)))];
const section = ({ title, rows }) => h("section", { className: "part" }, h("h4", {}, title), table(columns(rows).map((name) => ({ name, cell: (row) => row[name] ?? "" })), rows, word("nothing_yet")));
const copy = ({ parts, missing }) => h("div", {}, ...parts.map(({ service, sections }) => h("section", {}, h("h3", {}, serviceName(service)), ...sections.map(section))), unanswered(missing));

function row(here, id, one) {
  const place = h("div");
  const show = here.guarded(async () => place.replaceChildren(copy(await get(`${path(here, id)}/${one.id}/copy`))));
  const mine = one.state !== "ended" && here.myself(one.asked.by);
  return h("section", { className: "part" }, h("p", { className: "row" }, h("span", { className: `badge ${TONES[one.state]}` }, word(`copy.${one.state}`)), h("span", { className: "faint" }, stamp(here, one.asked), ` · ${one.reason}`),
    mine ? button("show_copy", show, true) : "", one.state === "ended" ? "" : h("span", { className: "faint" }, filled("kept_till", { until: dayTime(one.until) }))), one.state === "ended" ? "" : unanswered(one.missing), place);
}

export const copies = (here, id, all) => (all.length ? part("copies", ...all.map((one) => row(here, id, one))) : "");
