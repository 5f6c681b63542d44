// Who did what, and who read what: the audit trail of a project, filtered, and as a file. What is filtered by stands in the address.

import { download } from "./api.js";
import { button, serviceName, unanswered } from "./facts.js";
import { form } from "./forms.js";
import { empty, fill } from "./places.js";
import { Pages, table } from "./tables.js";
import { clockTime, dayTime, local } from "./times.js";
import { $, h } from "./view.js";
import { filled, names, word, worded } from "./words.js";

const PAGE = 50;
const WAYS = ["call", "event", "sweep", "read"];
const CHOSEN = ["by", "subject"];
const state = { project: "", filter: {} };
let here;

const base = () => `/projects/${state.project}/audit`;
export const trailOf = (filter) => `#trail/${encodeURIComponent(new URLSearchParams(filter))}`;
const go = (filter) => {
  const to = trailOf(Object.fromEntries(Object.entries(filter).filter(([, value]) => value)));
  if (location.hash === to) draw();
  else location.hash = to;
};

// ---- what is asked for

const choice = (name, known) => ({ name, type: "choice", needed: true, label: word(`trail.${name}`), value: state.filter[name], options: [["", word("all_of_them")], ...known] });
const bound = (name) => ({ name, type: "moment", label: word(`trail.${name}`), value: state.filter[name] && local(state.filter[name]) });
const kept = () => Object.fromEntries(CHOSEN.map((name) => [name, state.filter[name]]));

const filterForm = () => form([
  choice("how", WAYS.map((name) => [name, word(`how.${name}`)])), choice("service", names("service").filter((name) => !["operator", "gateway"].includes(name)).map((name) => [name, serviceName(name)])),
  { name: "call", label: word("trail.call"), value: state.filter.call, more: { maxLength: 64 } }, bound("since"), bound("until"),
], {
  submit: word("find_them"), line: true, guarded: here.guarded, send: (body) => go({ ...kept(), ...body }),
  buttons: [button("export", here.guarded(() => download(`${base()}/export?${new URLSearchParams(state.filter)}`, `audit-${state.project}.csv`)), true)],
});

// Who or what the list is narrowed to, and back.
const narrowed = () => CHOSEN.filter((name) => state.filter[name]).map((name) => h("p", { className: "row" }, h("span", {}, `${word(`trail.${name}`)}：`, name === "by" ? here.who(state.filter.by) : h("code", {}, state.filter.subject)),
  button("trail.all", () => go({ ...state.filter, [name]: "" }), true)));

// ---- what came of it

const narrow = (name, value, ...said) => h("a", { href: trailOf({ ...state.filter, [name]: value }), title: value }, ...said);
const whose = (one) => [narrow("by", one.by, here.who(one.by)), ...(one.behalf ? [` ${word("on_behalf")}`, narrow("by", one.behalf, here.who(one.behalf))] : [])];
const ended = (id) => (id.length > 12 ? `…${id.slice(-6)}` : id);
const short = (subject) => { const [service, id] = subject.split("/"); return `${serviceName(service)} ${ended(id)}`; };
const subjects = ({ subjects: all }) => all.slice(0, 3).flatMap((one) => [narrow("subject", one, short(one)), " "]).concat(all.length > 3 ? [filled("and_more", { n: all.length - 3 })] : []);

const change = ({ subject, before, after, fields, values }) => h("li", {}, `${short(subject)} ${before ?? "—"} → ${after}：`, (fields ?? []).map((name) => (values?.[name] ? `${name} ${values[name].map((value) => value ?? "—").join(" → ")}` : name)).join("、"));
const changes = (one) => (one.changes.length ? h("details", {}, h("summary", {}, filled("n_changed", { n: one.changes.length })), h("ul", { className: "faint" }, ...one.changes.map(change))) : "");
// What was done, in words: the call, else what followed from it, else whose it is.
const didWords = ({ service, call, events }) => worded(`call.${call}`) || worded(`do.${(call ?? "").replaceAll("_", "-")}`) || events.map((type) => worded(`event.${type}`)).filter(Boolean).join("、") || serviceName(service);
const did = (one) => h("span", { title: `${one.service} ${one.call ?? ""}` }, didWords(one));

async function list(place) {
  const pages = await new Pages(`${base()}?${new URLSearchParams({ ...state.filter, limit: PAGE })}`).read();
  const rows = () => place.replaceChildren(filterForm(), ...narrowed(), table([
    { name: "at", cell: (one) => h("time", { dateTime: one.at }, `${dayTime(one.at).split(/[ ,]/)[0]} ${clockTime(one.at)}`) }, { name: "user", cell: whose }, { name: "trail.how", cell: (one) => word(`how.${one.how ?? "call"}`) },
    { name: "trail.call", cell: did }, { name: "about", cell: subjects }, { name: "why", cell: (one) => one.reason ?? "" }, { name: "what_changed", cell: changes },
  ], pages.items, word("no_trail")), unanswered(pages.missing), pages.button(here.guarded, rows) ?? "", h("p", { className: "faint" }, word("trail_say")));
  rows();
}

const draw = () => here.guarded(() => fill($("trail-place"), list))();
const turn = ([query = ""]) => { state.filter = Object.fromEntries(new URLSearchParams(query)); return draw(); };

export const trail = {
  begin(given) { here = given; },
  open(project, rest) { state.project = project; turn(rest); },
  turn,
  close() { empty($("trail-place")); },
  draw,
  event() {},
};
