// What can be done with a ticket and its work order now, by whoever is logged in: a table, so that nothing is offered that would be refused.

import { post } from "./api.js";
import { ask } from "./forms.js";
import { h } from "./view.js";
import { word } from "./words.js";

const choice = (name, values, group = name) => ({ name, type: "choice", label: word(`ask.${name}`), needed: true, options: values.map((value) => [value, word(`${group}.${value}`)]) });
const note = () => ({ name: "note", type: "long", label: word("note"), wide: true });
const engineer = (value) => ({ name: "engineer", label: word("engineer_code"), required: true, value, more: { maxLength: 32 } });

// `body`: sent at once; `fields`: asked for first. The first of a ticket that is not quiet is what comes next as a rule.
const TICKET = {
  accept: { permission: "tickets.accept", body: {} },
  arrive: { permission: "tickets.work", body: {} },
  resume: { permission: "tickets.work", body: {} },
  finish: { permission: "tickets.work", body: {} },
  check: {
    permission: "tickets.work",
    fields: () => [{ name: "signature", label: word("signature"), more: { maxLength: 200 }, hint: word("signature_say") }, { name: "remark", type: "long", label: word("remark"), wide: true, more: { maxLength: 1000 } }],
  },
  "call-back": {
    permission: "tickets.settle",
    fields: () => [choice("satisfaction", ["satisfied", "neutral", "dissatisfied"]), choice("solved", ["yes", "no"], "solved"), { name: "at_door", type: "tick", label: word("at_door") }, { name: "remark", type: "long", label: word("remark"), wide: true, more: { maxLength: 1000 } }],
  },
  close: { permission: "tickets.settle", body: {} },
  wait: {
    permission: "tickets.work", quiet: true,
    fields: () => [choice("reason", ["parts", "resident_away", "third_party", "other"], "wait"), { name: "next_at", type: "moment", label: word("next_at"), required: true }, note()],
  },
  reopen: { permission: "tickets.settle", quiet: true, fields: () => [choice("reason_code", ["unsolved", "faulty_again", "incomplete", "other"], "reopen"), note()] },
  cancel: { permission: "tickets.settle", quiet: true, fields: () => [choice("reason_code", ["withdrawn", "duplicate", "mistake", "outside_duty", "other"], "cancel"), note()] },
};

const ORDER = {
  take: { permission: "dispatch.work", body: ({ engineer: who }) => (who ? { engineer: who } : {}) },
  refuse: { permission: "dispatch.work", quiet: true, fields: ({ engineer: who }) => [choice("reason_code", REFUSALS, "refuse"), note(), ...(who ? [{ ...engineer(who), more: { readOnly: true } }] : [])] },
  assign: { permission: "dispatch.assign", quiet: true, fields: () => [engineer()] },
  materials: { permission: "dispatch.work", quiet: true, fields: () => [
    { name: "item", label: word("material"), required: true, more: { maxLength: 100 } }, { name: "quantity", type: "number", label: word("quantity"), required: true, more: { min: "1" } },
    { name: "price_fen", type: "yuan", label: word("price_each"), required: true }, choice("kind", ["material", "labour"], "line"),
  ] },
};
const REFUSALS = ["busy", "off_duty", "not_able", "too_far", "other"];

function buttonOf(here, name, does, thing, path, again) {
  const send = async (body) => { try { await post(path, body); } finally { await again(); } };
  const now = here.guarded(async (event) => { event.target.disabled = true; await send(typeof does.body === "function" ? does.body(thing) : does.body); });
  const first = () => ask(`${word(`do.${name}`)} · ${thing.number}`, does.fields(thing), { submit: word(`do.${name}`), guarded: here.guarded, send });
  return h("button", { type: "button", className: does.quiet ? "quiet" : "", onclick: does.fields ? first : now }, word(`do.${name}`));
}

const offered = (here, table, thing) => Object.entries(table).filter(([name, does]) => thing?.actions?.includes(name) && here.may(does.permission));

// `again` reads the ticket anew, whatever became of it.
export function ticketButtons(here, ticket, order, again) {
  const base = `/projects/${here.project()}`;
  const of_order = offered(here, ORDER, order).map(([name, does]) => buttonOf(here, name, does, order, `${base}/orders/${order.id}/${name}`, again));
  const of_ticket = offered(here, TICKET, ticket).map(([name, does]) => buttonOf(here, name, does, ticket, `${base}/tickets/${ticket.id}/${name}`, again));
  const all = [...of_order, ...of_ticket];
  return [...all.filter((one) => !one.className), ...all.filter((one) => one.className)];
}
