// What somebody wishes to have erased: asked for with a reason, told what must be kept and why, and followed to its end.

import { change, get, post } from "./api.js";
import { button, part, stamp } from "./facts.js";
import { ask } from "./forms.js";
import { day, dayTime } from "./times.js";
import { h } from "./view.js";
import { current, filled, word, worded } from "./words.js";

const TONES = { asked: "warn", agreed: "warn", kept: "warn", done: "", refused: "bad", declined: "bad", withdrawn: "calm", expired: "calm" };
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

// While something is kept, they may want no longer that it goes.
const takeBack = (here, one, again) => (one.state === "kept" && here.may("residents.erase") ? button("erase_withdraw", () => ask(word("erase_withdraw"), [], {
  submit: word("erase_withdraw"), say: word("erase_withdraw_say"), guarded: here.guarded,
  send: async () => { await change(`${path(here, one.person)}/${one.id}/withdraw`, one); await again(); },
}), true) : "");

const wish = (here, one, again) => h("section", { className: "part" },
  h("p", { className: "row" }, h("span", { className: `badge ${TONES[one.state]}` }, word(`erasure.${one.state}`)), word(`outcome.${one.outcome}`), h("span", { className: "faint" }, stamp(here, one.asked)), one.approval ? h("a", { href: `#approvals/residents/${one.approval}` }, word("approval")) : "", takeBack(here, one, again)),
  one.outcome === "partial" ? h("p", {}, word("goes"), names(one.goes)) : "",
  one.keeps.length ? h("p", {}, word("still_kept"), names(one.keeps), one.kept_until ? ` ${filled("kept_till", { until: day(one.kept_until) })}` : "") : "",
  one.erased_at ? h("p", {}, filled("erased_on", { when: dayTime(one.erased_at) })) : "",
  one.grounds.length ? h("ul", {}, ...one.grounds.map(ground)) : "");

export const erasures = (here, all, again) => (all.length ? part("erasures", ...all.map((one) => wish(here, one, again))) : "");
