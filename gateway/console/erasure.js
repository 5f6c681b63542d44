// What somebody wishes to have erased: asked for with a reason, told what must be kept and why, and followed to its end.

import { get, post } from "./api.js";
import { button, day, part } from "./facts.js";
import { ask } from "./forms.js";
import { h } from "./view.js";
import { current, dayTime, filled, word, worded } from "./words.js";

const TONES = { asked: "warn", agreed: "warn", done: "", refused: "bad", declined: "bad", withdrawn: "calm", expired: "calm" };
const path = (here, id) => `/projects/${here.project()}/people/${id}/erasure-requests`;
const names = (parts) => parts.map((name) => worded(`part.${name}`, name)).join("、");

export const wishesOf = async (here, id) => (here.may("residents.erasures") ? (await get(`${path(here, id)}?limit=20`)).items : []);

export const eraseButton = (here, one, again) => (here.may("residents.erase") ? button("erase", () => ask(`${word("erase")} · ${one.name}`, [{ name: "reason", type: "long", label: word("why"), required: true, wide: true, more: { maxLength: 500 } }], {
  submit: word("erase_do"), say: word("erase_say"), guarded: here.guarded,
  send: async (body) => { await post(path(here, one.id), body); await again(); },
}), true) : "");

const ground = ({ title, basis, keeps, until }) => h("li", {},
  h("strong", {}, title[current()]), until ? ` ${filled("kept_till", { until: day(until) })}` : "",
  h("div", { className: "faint" }, `${basis[current()]} · ${word("kept")}${names(keeps)}`));

const wish = (here, one) => h("section", { className: "part" },
  h("p", { className: "row" }, h("span", { className: `badge ${TONES[one.state]}` }, word(`erasure.${one.state}`)), word(`outcome.${one.outcome}`), h("span", { className: "faint" }, `${dayTime(one.asked.at)} · ${here.who(one.asked.by)}`), one.approval ? h("a", { href: `#approvals/residents/${one.approval}` }, word("approval")) : ""),
  one.outcome === "partial" ? h("p", {}, word("goes"), names(one.goes)) : "",
  one.grounds.length ? h("ul", {}, ...one.grounds.map(ground)) : "");

export const erasures = (here, all) => (all.length ? part("erasures", ...all.map((one) => wish(here, one))) : "");
