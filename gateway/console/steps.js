// What is asked for at a step of a case, by its form, and how what was recorded reads (the table stands in docs/cases.md).

import { yuan } from "./facts.js";
import { titled, word } from "./words.js";

const signature = () => ({ name: "signature", label: word("signature"), required: true, more: { maxLength: 200 }, hint: word("signature_say") });
const receipt = (required) => ({ name: "receipt", label: word("receipt"), required, more: { maxLength: 40 } });
const amount = (step, required) => ({ name: "amount_fen", type: "yuan", label: word("amount"), required, value: step.amount_fen ? step.amount_fen / 100 : undefined });
const papers = (step) => ({ name: "papers", type: "several", label: word("papers"), needed: true, wide: true, options: step.wants.filter((want) => !want.dealt).map((want) => [want.id, titled(want.title, want.id)]) });
const each = (member, type) => (step) => [...step.wants.map((want) => ({ name: `${member}.${want.id}`, type, label: titled(want.title, want.id), required: true })), signature()];

const FORMS = {
  tick: () => [],
  papers: (step) => [papers(step)],
  agreements: (step) => [papers(step), signature()],
  identity: () => [{ name: "id_number", type: "secret", label: word("id_shown"), required: true, more: { maxLength: 18 } }],
  signature: () => [signature()],
  money: (step) => [amount(step, true), receipt(true)],
  settlement: () => [{ name: "owing_fen", type: "yuan", label: word("still_owing"), required: true }],
  readings: each("readings", "reading"),
  items: each("items", "number"),
  inspection: () => [
    { name: "opinion", type: "long", label: word("opinion"), required: true, wide: true },
    { name: "accepted", type: "choice", label: word("accepted"), needed: true, options: [["yes", word("yes")], ["no", word("no")]] },
    { name: "defects", type: "lines", label: word("defects"), hint: word("defects_say"), wide: true, as: (lines) => lines.map((what) => ({ what })) },
  ],
  restoring: (step) => [
    { name: "outcome", type: "choice", label: word("outcome"), needed: true, options: ["restored", "damages_paid"].map((name) => [name, word(`outcome.${name}`)]) },
    amount(step, false), receipt(false),
  ],
  number: () => [{ name: "number", label: word("number"), required: true, more: { maxLength: 40 } }],
};

export const fieldsOf = (step) => [...FORMS[step.form](step), { name: "note", type: "long", label: word("note"), wide: true, more: { maxLength: 1000 } }];

// A record of a step as one line; whose signature it is, and the number of an ID, are not told.
export function recordWords(entry, { wants }) {
  const want = (name) => titled(wants.find((one) => one.id === name)?.title, name);
  const pairs = (members) => Object.entries(members ?? {}).map(([name, value]) => `${want(name)} ${value}`).join("、");
  const said = [
    entry.papers?.map(want).join("、"), entry.signed && word("signed"), entry.amount_fen !== null && yuan(entry.amount_fen),
    entry.owing_fen !== null && `${word("still_owing")} ${yuan(entry.owing_fen)}`, entry.receipt && `${word("receipt")} ${entry.receipt}`, pairs(entry.readings), pairs(entry.items),
    entry.outcome && word(`outcome.${entry.outcome}`), entry.opinion, entry.accepted !== null && word(entry.accepted ? "accepted_yes" : "accepted_no"),
    entry.defects?.length && `${word("defects")}：${entry.defects.map((defect) => defect.what).join("；")}`, entry.number,
  ];
  return said.filter(Boolean).join(" · ");
}
