// One case: its steps in order, what of each is wanting, what was recorded and struck, and what can be done now.

import { change, get } from "./api.js";
import { caseBadge } from "./cases.js";
import { button, facts, heading, stamp, yuan } from "./facts.js";
import { ask } from "./forms.js";
import { personLink, unitLink } from "./known.js";
import { fieldsOf, recordWords } from "./steps.js";
import { day } from "./times.js";
import { h } from "./view.js";
import { titled, word } from "./words.js";

const MARKS = { done: "✓", ready: "●", waits: "○" };
const REASONS = ["withdrawn", "mistake", "other"];

const factsOf = (here, one) => facts([
  ["unit", unitLink(here, one.unit)], ["person", personLink(here, one.person)], ["agent", one.agent && personLink(here, one.agent)],
  ["from_day", one.on && day(one.on)], ["until_day", one.until && day(one.until)], ["share_of", one.share],
  ["owing", one.owing_fen === null ? null : h("strong", { className: one.owing_fen ? "badge bad" : "badge" }, yuan(one.owing_fen))],
  ["opened", stamp(here, one.opened)], ["ended", one.ended && stamp(here, one.ended)],
  ["why", one.reason && word(`case_reason.${one.reason}`)],
]);

const want = (one) => h("li", { className: one.dealt ? "dealt" : "lacks" }, h("span", { ariaHidden: "true" }, one.dealt ? "✓ " : "□ "), titled(one.title, one.id), one.dealt ? "" : h("span", { className: "unseen" }, word("lacks")));

function record(here, step, entry) {
  const said = h(entry.struck ? "s" : "span", {}, [recordWords(entry, step), entry.note].filter(Boolean).map((one) => `${one} · `).join(""), stamp(here, entry.made));
  const struck = entry.struck ? h("span", { className: "badge warn" }, `${word("struck")}：${entry.because}`) : "";
  return h("li", { className: entry.struck ? "struck" : "" }, said, " ", struck);
}

// Returns what is to have the focus: what had it, or the head.
export async function caseFile(here, id, place) {
  const base = `/projects/${here.project()}/cases/${id}`;
  const one = await get(base);
  const held = document.activeElement?.closest?.("[data-step]")?.dataset.step;
  const again = async () => (await caseFile(here, id, place))?.focus();
  const titles = Object.fromEntries(one.steps.map((step) => [step.id, titled(step.title, step.id)]));
  const does = (title, fields, submit, path, then = (body) => body) => ask(title, fields, {
    submit, guarded: here.guarded,
    send: async (body) => { await change(`${base}/${path}`, one, then(body)); await again(); },
  });

  const take = (step) => does(titles[step.id], fieldsOf(step), word("record"), `steps/${step.id}`);
  const strike = (step) => does(`${word("strike")} · ${titles[step.id]}`, [{ name: "because", type: "long", label: word("why"), required: true, wide: true, more: { maxLength: 500 } }], word("strike"), `steps/${step.id}/strike`);
  const cancel = () => does(word("do.cancel_case"), [{ name: "reason_code", type: "choice", label: word("why"), needed: true, options: REASONS.map((name) => [name, word(`case_reason.${name}`)]) }], word("do.cancel_case"), "cancel");
  const complete = here.guarded(async () => { await change(`${base}/complete`, one); await again(); });

  function row(step) {
    const mine = here.holds(step.roles), open = one.state === "open";
    const standing = step.records.some((entry) => !entry.struck);
    const takes = open && mine && (step.stands === "ready" || (step.form === "settlement" && step.stands === "done"));
    const waits = step.stands === "waits" && open ? `${word("after")} ${step.after.filter((name) => one.steps.find((other) => other.id === name)?.stands !== "done").map((name) => titles[name]).join("、")}` : "";
    const said = [mine ? "" : step.roles.map((role) => word(`role.${role}`)).join("、"), step.optional && word("may_lack"), step.months && `${step.months} ${word("months_of_fees")}`, step.amount_fen && yuan(step.amount_fen), waits].filter(Boolean).join(" · ");
    const element = h("li", { className: `step ${step.stands}` },
      h("span", { className: "mark", title: word(`stands.${step.stands}`) }, MARKS[step.stands], h("span", { className: "unseen" }, word(`stands.${step.stands}`))),
      h("div", {}, h("strong", {}, titles[step.id]), said ? h("span", { className: "faint" }, ` ${said}`) : "",
        step.wants.length ? h("ul", { className: "wants" }, ...step.wants.map(want)) : "",
        step.records.length ? h("ul", { className: "records faint" }, ...step.records.map((entry) => record(here, step, entry))) : ""),
      h("div", { className: "pair" }, takes ? button("record", () => take(step)) : "", open && standing && here.may("residents.strike") ? button("strike", () => strike(step), true) : ""));
    element.dataset.step = step.id;
    return element;
  }

  const missing = one.missing.map(({ step }) => titles[step]);
  const foot = one.state === "open" && here.may("residents.work") ? h("div", { className: "row foot" },
    h("button", { type: "button", disabled: missing.length > 0, onclick: complete, id: "case-complete" }, word("do.complete_case")),
    h("button", { type: "button", className: "quiet", onclick: cancel }, word("do.cancel_case"))) : "";
  place.replaceChildren(
    h("a", { href: "#cases", className: "back" }, `← ${word("back")}`),
    heading(word(`case.${one.kind}`), caseBadge(one)),
    factsOf(here, one),
    h("ol", { className: "steps" }, ...one.steps.map(row)),
    one.state === "open" ? h("p", { className: missing.length ? "faint" : "", role: "status" }, missing.length ? `${word("still_lacks")} ${missing.join("、")}` : word("lacks_nothing")) : "",
    foot,
  );
  return held ? place.querySelector(`[data-step="${CSS.escape(held)}"] button`) : place.querySelector("h2");
}
