// Cards: issued to people of a unit, blocked at once when they are lost, taken back; staff cards are agreed to first.

import { change, get, post } from "./api.js";
import { button, yuan } from "./facts.js";
import { ask, form } from "./forms.js";
import { personLink, person, unitLink } from "./known.js";
import { Pages, table } from "./tables.js";
import { dayTime, today } from "./times.js";
import { h } from "./view.js";
import { word } from "./words.js";

const TONES = { requested: "warn", approved: "warn", in_use: "", blocked: "bad", returned: "calm", refused: "bad" };
const STATES = Object.keys(TONES);
const PAGE = 30;

const badge = (card) => h("span", { className: `badge ${TONES[card.state]}` }, word(`card.${card.state}`));
const holder = (here, card) => (card.kind === "owner" ? personLink(here, card.holder) : here.who(card.holder));

// What can be done with a card now, by whom.
const DOES = {
  lose: { states: ["in_use"], permission: "residents.cards", fields: (card) => (card.kind === "owner" ? [{ name: "id_number", type: "secret", label: word("id_shown"), required: true, more: { maxLength: 18 } }] : []) },
  return: { states: ["in_use", "blocked"], permission: "residents.issue_cards" },
  "hand-out": { states: ["approved"], permission: "residents.issue_cards", fields: () => [printed()] },
};
const printed = () => ({ name: "printed", label: word("printed"), required: true, more: { maxLength: 32 } });

function actions(here, card, again) {
  const send = async (verb, body) => { await change(`/projects/${here.project()}/cards/${card.id}/${verb}`, card, body); await again(); };
  return Object.entries(DOES).filter(([, does]) => does.states.includes(card.state) && here.may(does.permission)).map(([verb, does]) => {
    const asks = () => ask(`${word(`do_card.${verb}`)} · ${card.printed ?? ""}`, does.fields(card), { submit: word(`do_card.${verb}`), say: verb === "lose" ? word("lose_say") : "", guarded: here.guarded, send: (body) => send(verb, body) });
    return button(`do_card.${verb}`, does.fields ? asks : here.guarded(() => send(verb)), verb !== "lose");
  });
}

export const cardRow = (here, card, again) => h("li", { className: "hit still" }, h("strong", {}, card.printed ?? "—"), badge(card), h("span", { className: "faint" }, holder(here, card), card.charge_fen ? ` · ${yuan(card.charge_fen)}` : ""), h("span", { className: "pair" }, ...actions(here, card, again)));

async function issueForm(here, unitId, again) {
  const unit = await get(`/projects/${here.project()}/units/${unitId}`);
  const now = today(), ids = [...new Set(unit.ties.filter((tie) => tie.from <= now && (!tie.to || tie.to > now)).map((tie) => tie.person))];
  const people = await Promise.all(ids.map(async (id) => [id, (await person(here.project(), id).catch(() => ({ name: "—" }))).name]));
  if (!people.length) return h("p", { className: "faint" }, `${unit.label}：${word("nobody_there")}`);
  return h("section", { className: "part" }, h("h3", {}, `${word("issue_card")} · ${unit.label}`), form([{ name: "person", type: "choice", label: word("person"), needed: true, options: people }, printed()], {
    submit: word("issue_card"), line: true, guarded: here.guarded,
    send: async (body) => { await post(`/projects/${here.project()}/cards`, { ...body, unit: unitId }); await again(); },
  }));
}

// Of one's colleagues; others must agree before it can be handed out.
const askStaffCard = (here, again) => here.guarded(async () => {
  const { items } = await get(`/projects/${here.project()}/names`);
  return ask(word("ask_staff_card"), [{ name: "user", type: "choice", needed: true, label: word("name_of"), options: items.map(({ id, name }) => [id, name]) }, { name: "reason", type: "long", label: word("why"), wide: true, more: { maxLength: 500 } }], {
    submit: word("ask_staff_card"), guarded: here.guarded, send: async (body) => { await post(`/projects/${here.project()}/staff-cards`, body); await again(); },
  });
});

export async function cardsPage(here, place, unit) {
  const show = async (filter = { state: "", printed: "" }) => {
    const query = new URLSearchParams({ limit: PAGE, ...(unit && { unit }), ...(filter.state && { state: filter.state }), ...(filter.printed && { printed: filter.printed }) });
    const pages = await new Pages(`/projects/${here.project()}/cards?${query}`).read();
    const again = () => show(filter);
    const issue = unit && here.may("residents.issue_cards") ? await issueForm(here, unit, again) : "";
    const filters = form([
      { name: "printed", label: word("printed"), needed: true, value: filter.printed || undefined, more: { maxLength: 32 } },
      { name: "state", type: "choice", needed: true, label: word("case_state"), value: filter.state, options: [["", word("any.case-state")], ...STATES.map((name) => [name, word(`card.${name}`)])] },
    ], { submit: word("find_them"), line: true, guarded: here.guarded, send: show });
    const draw = () => place.replaceChildren(issue, !unit && here.may("residents.issue_cards") ? h("div", { className: "row" }, button("ask_staff_card", askStaffCard(here, again), true)) : "", filters, table([
      { name: "printed", cell: (card) => card.printed ?? "—" },
      { name: "case_state", cell: badge },
      { name: "unit", cell: (card) => (card.unit ? unitLink(here, card.unit) : word("staff_card")) },
      { name: "person", cell: (card) => holder(here, card) },
      { name: "charge", cell: (card) => (card.charge_fen ? yuan(card.charge_fen) : "—") },
      { name: "opened", cell: (card) => dayTime(card.filed.at) },
      { name: "", cell: (card) => h("span", { className: "pair" }, ...actions(here, card, again)) },
    ], pages.items, word("no_cards")), pages.button(here.guarded, draw) ?? "");
    draw();
  };
  await show();
}
