// What others must agree to: what one can decide on now, what one asked for, and one of them with who said what.

import { change, get } from "./api.js";
import { button, facts, heading, part, unanswered } from "./facts.js";
import { ask } from "./forms.js";
import { cardLink, forget, personLink } from "./known.js";
import { empty, fill } from "./places.js";
import { Pages, table } from "./tables.js";
import { dayTime } from "./times.js";
import { $, h, options } from "./view.js";
import { word, worded } from "./words.js";

const TONES = { open: "warn", granted: "", refused: "bad", withdrawn: "calm", expired: "calm" };
const STATES = Object.keys(TONES);
// The lists by what is asked of the gateway. On what one can decide now is open, so that there is no state to choose.
const VIEWS = { mine: { mine: true }, own: { own: true }, all: {} };
const ABOUT = { full_file: personLink, erasure: personLink, staff_card: cardLink };
const PAGE = 30;
const READ_MS = 60_000;
const state = { project: "", where: [], timer: 0 };
let here, waiting;

const base = () => `/projects/${state.project}/approvals`;
const kindOf = (one) => worded(`approval_kind.${one.kind}`, one.kind);
const about = (one) => ABOUT[one.kind]?.(here, one.subject) ?? one.subject;
const badge = (one) => h("span", { className: `badge ${TONES[one.state]}` }, word(`approval.${one.state}`));
const roles = (names) => names.map((name) => worded(`role.${name}`, name)).join("、");
const seats = ({ seats: all, in_order }) => all.map((names) => names.map((name) => worded(`role.${name}`, name)).join(" / ")).join(in_order ? " → " : " + ");

// ---- what can be done with one

const reason = (required) => ({ name: "reason", type: "long", label: word("why"), required, wide: true, more: { maxLength: 500 } });
const role = (one) => (one.waits_for.length > 1 ? [{ name: "role", type: "choice", needed: true, label: word("in_role"), options: [["", word("own_role")], ...one.waits_for.map((name) => [name, worded(`role.${name}`, name)])] }] : []);
const DOES = {
  approve: (one) => [...role(one), reason(false)],
  refuse: (one) => [...role(one), reason(true)],
  withdraw: () => [],
};

const does = (one, verb, again) => button(`do_approval.${verb}`, () => ask(`${word(`do_approval.${verb}`)} · ${kindOf(one)}`, DOES[verb](one), {
  submit: word(`do_approval.${verb}`), guarded: here.guarded,
  send: async (body) => { await change(`${base()}/${one.service}/${one.id}/${verb}`, one, body); await again(); },
}), verb !== "approve");

function buttons(one, decides, again) {
  const verbs = one.state !== "open" || !here.may("approvals.vote") ? [] : here.myself(one.asked_by) ? ["withdraw"] : decides ? ["approve", "refuse"] : [];
  return h("span", { className: "pair" }, ...verbs.map((verb) => does(one, verb, again)));
}

// ---- a list, and one of it

async function list(place, view) {
  const query = new URLSearchParams({ limit: PAGE, ...VIEWS[view], ...(view !== "mine" && $("approvals-state").value && { state: $("approvals-state").value }) });
  const pages = await new Pages(`${base()}?${query}`).read();
  const drawRows = () => place.replaceChildren(table([
    { name: "about_what", cell: (one) => h("a", { href: `#approvals/${one.service}/${one.id}` }, kindOf(one)) },
    { name: "about", cell: about },
    { name: "why", cell: (one) => one.reason },
    { name: "asked_by", cell: (one) => here.who(one.asked_by) },
    { name: "case_state", cell: badge },
    { name: "waits_for", cell: (one) => roles(one.waits_for) || "—" },
    { name: "expires_at", cell: (one) => dayTime(one.expires_at) },
    { name: "", cell: (one) => buttons(one, view === "mine", draw) },
  ], pages.items, word("no_approvals")), unanswered(pages.missing), pages.button(here.guarded, drawRows) ?? "");
  drawRows();
}

const votes = (one) => table([
  { name: "said_in", cell: (vote) => worded(`role.${vote.role}`, vote.role) },
  { name: "user", cell: (vote) => [here.who(vote.by), ...(vote.behalf ? [` ${word("on_behalf")}`, here.who(vote.behalf)] : [])] },
  { name: "votes", cell: (vote) => word(vote.agrees ? "vote.yes" : "vote.no") },
  { name: "why", cell: (vote) => vote.reason || "—" },
  { name: "decided_at", cell: (vote) => dayTime(vote.at) },
], one.votes, "");

async function file(place, service, id) {
  const one = await get(`${base()}/${service}/${id}`);
  const decidable = one.state === "open" ? await get(`${base()}?${new URLSearchParams({ mine: true, service, kind: one.kind, limit: 200 })}`) : { items: [] };
  place.replaceChildren(
    h("a", { href: "#approvals", className: "back" }, `← ${word("back")}`),
    heading(kindOf(one), badge(one), buttons(one, decidable.items.some((other) => other.id === id), draw)),
    facts([
      ["about", about(one)], ["asked_by", here.who(one.asked_by)], ["asked_at", dayTime(one.asked_at)], ["why", one.reason, true], ["must_agree", seats(one.rule), true],
      ["waits_for", roles(one.waits_for)], ["expires_at", dayTime(one.expires_at)], ["decided_at", one.decided_at && dayTime(one.decided_at)],
    ]),
    one.votes.length ? part("votes", votes(one)) : "",
  );
}

// ---- which of these is shown

function tabs(view) {
  $("approvals-views").replaceChildren(...Object.keys(VIEWS).map((name) => {
    const link = h("a", { href: name === "mine" ? "#approvals" : `#approvals/${name}` }, word(`approvals.${name}`));
    if (name === view) link.setAttribute("aria-current", "page");
    return link;
  }));
  options($("approvals-state"), [["", word("any.case-state")], ...STATES.map((name) => [name, word(`approval.${name}`)])]);
  $("approvals-filter").hidden = !view || view === "mine";
}

// What had the focus keeps it, where it is still there.
const draw = () => here.guarded(async () => {
  const [first = "mine", id] = state.where, place = $("approvals-place");
  const held = place.contains(document.activeElement) ? document.activeElement.hash : "";
  tabs(id ? "" : first);
  await fill(place, async (box) => {
    await (id ? file(box, first, id) : list(box, first in VIEWS ? first : "mine"));
    return [...box.querySelectorAll("a")].find((link) => held && link.hash === held);
  });
})();

const redraw = () => { if (!document.hidden && !document.querySelector("dialog[open]")) draw(); };

export const approvals = {
  begin(given) {
    here = given;
    $("approvals-state").onchange = draw;
  },
  open(project, rest) {
    Object.assign(state, { project, where: rest, timer: setInterval(redraw, READ_MS) }); // events of approvals are not for everybody who asks
    draw();
  },
  turn(rest) { state.where = rest; draw().then(() => $("approvals-place").querySelector("h2")?.focus()); },
  close() {
    clearInterval(state.timer);
    clearTimeout(waiting);
    forget();
    empty($("approvals-place"));
  },
  draw,
  event(event) {
    if (!event.type.includes(".approval_")) return;
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 300);
  },
};
