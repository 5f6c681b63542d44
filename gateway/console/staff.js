// Users and what they may do: added, granted roles, on leave, shut out; where they are logged in; and the API keys of programs.

import { change, get, post } from "./api.js";
import { keysPage } from "./apikeys.js";
import { button, facts, heading, part } from "./facts.js";
import { ask } from "./forms.js";
import { grants, placeField, placeName, roleNames, rolesField } from "./grants.js";
import { empty, fill } from "./places.js";
import { sessions } from "./sessions.js";
import { Pages, table } from "./tables.js";
import { dayTime } from "./times.js";
import { $, h } from "./view.js";
import { word } from "./words.js";

const PAGE = 50;
const MOST = 200;
const VIEWS = { users: "identity.manage", keys: "identity.keys" };
const state = { project: "", where: [] };
let here;

const away = (user) => user.away.find((one) => new Date(one.from) <= new Date() && new Date() < new Date(one.until));
const flags = (user) => h("span", { className: "pair" }, user.active ? "" : h("span", { className: "badge bad" }, word("shut_out")), away(user) ? h("span", { className: "badge warn" }, word("on_leave")) : "",
  user.second_factor ? h("span", { className: "badge calm" }, word("second_factor")) : "", user.linked ? h("span", { className: "badge calm" }, word("linked")) : "");

// ---- all of them

const password = () => ({ name: "password", type: "secret", label: word("first_password"), required: true, hint: word("password_hint"), more: { type: "password", autocomplete: "new-password", maxLength: 128 } });
const addUser = () => ask(word("new_user"), [
  { name: "name", label: word("name_of"), required: true, more: { maxLength: 60 } }, { name: "username", type: "secret", label: word("username"), required: true, hint: word("username_hint"), more: { maxLength: 32 } }, password(), placeField(here), rolesField(here),
], {
  submit: word("new_user"), guarded: here.guarded,
  send: async ({ place, roles, ...body }) => { location.hash = `#staff/${(await post("/users", { ...body, grants: roles ? { [place]: roles } : {} })).id}`; },
});

async function list(place) {
  const pages = await new Pages(`/users?limit=${PAGE}`).read();
  const rows = () => place.replaceChildren(h("div", { className: "row" }, button("new_user", addUser)), table([
    { name: "name_of", cell: (user) => h("a", { href: `#staff/${user.id}` }, user.name) }, { name: "username", cell: (user) => user.username },
    { name: "granted", cell: (user) => grants(here, user.grants) }, { name: "case_state", cell: flags }, { name: "last_login", cell: (user) => (user.last_login_at ? dayTime(user.last_login_at) : "—") },
  ], pages.items, word("no_users")), pages.button(here.guarded, rows) ?? "");
  rows();
}

// ---- one of them

function does(user, name, fields, path, { say = "", as = (body) => body } = {}) {
  return ask(`${word(name)} · ${user.name}`, fields, { submit: word(name), say, guarded: here.guarded, send: async (body) => { await change(`/users/${user.id}/${path}`, user, as(body)); await draw(); } });
}

const grant = (user, place, held = []) => does(user, "grant_roles", [...(place ? [] : [placeField(here)]), rolesField(here, held)], "grants", { as: ({ place: where, roles = [] }) => ({ project: place ?? where, roles }), say: word("grant_say") });

const granted = (user) => part("granted", table([
  { name: "where", cell: ([place]) => placeName(here, place) }, { name: "roles", cell: ([, roles]) => roleNames(roles) },
  { name: "", cell: ([place, roles]) => button("change", () => grant(user, place, roles), true) },
], Object.entries(user.grants), word("no_grants")), button("grant_roles", () => grant(user), true));

async function leave(user) {
  const others = (await get(`/users?limit=${MOST}`)).items.filter((one) => one.id !== user.id && one.active);
  return does(user, "add_leave", [
    { name: "from", type: "moment", label: word("leave_from"), required: true }, { name: "until", type: "moment", label: word("leave_until"), required: true },
    { name: "deputy", type: "choice", label: word("deputy"), hint: word("deputy_say"), options: [["", word("nobody")], ...others.map((one) => [one.id, one.name])] },
  ], "absences");
}

const leaves = (user) => part("leave", table([
  { name: "since", cell: (one) => `${dayTime(one.from)} – ${dayTime(one.until)}` }, { name: "deputy", cell: (one) => (one.deputy ? here.who(`user:${one.deputy}`) : word("nobody")) },
  { name: "", cell: (one) => button("end_leave", here.guarded(async () => { await change(`/users/${user.id}/absences/${one.id}/end`, user); await draw(); }), true) },
], user.away.filter((one) => new Date(one.until) > new Date()), word("no_leave")), button("add_leave", here.guarded(() => leave(user)), true));

// What may be done with the account as a whole now.
const ACCOUNT = {
  deactivate: { when: (user) => user.active, say: "shut_out_say" },
  activate: { when: (user) => !user.active },
  password: { when: () => true, say: "reset_say", fields: () => [password()] },
  "totp/reset": { when: (user) => user.second_factor, say: "reset_factor_say" },
  "oidc/unlink": { when: (user) => user.linked, say: "unlink_say" },
};
const accountButtons = (user) => Object.entries(ACCOUNT).filter(([, one]) => one.when(user)).map(([path, one]) => button(`do_user.${path}`, () => does(user, `do_user.${path}`, one.fields?.() ?? [], path, { say: one.say ? word(one.say) : "" }), true));

async function file(place, id) {
  const user = await get(`/users/${id}`), logins = h("div");
  place.replaceChildren(h("a", { href: "#staff", className: "back" }, `← ${word("back")}`), heading(user.name, flags(user)), h("div", { className: "row" }, ...accountButtons(user)),
    facts([["username", user.username], ["registered_at", user.created_at && dayTime(user.created_at)], ["last_login", user.last_login_at && dayTime(user.last_login_at)]]),
    granted(user), leaves(user), part("sessions", logins));
  await sessions(here, `/users/${id}`, logins);
}

// ---- which of these is shown

function tabs(view) {
  $("staff-views").replaceChildren(...Object.keys(VIEWS).filter((name) => here.may(VIEWS[name])).map((name) => {
    const link = h("a", { href: name === "users" ? "#staff" : `#staff/${name}` }, word(`staff.${name}`));
    if (name === view) link.setAttribute("aria-current", "page");
    return link;
  }));
}

const draw = () => here.guarded(async () => {
  const [first = ""] = state.where;
  tabs(first === "keys" ? "keys" : "users");
  await fill($("staff-place"), (box) => (first === "keys" ? keysPage(here, box) : first ? file(box, first) : list(box)));
})();

export const staff = {
  begin(given) { here = given; },
  open(project, rest) { Object.assign(state, { project, where: rest }); draw(); },
  turn(rest) { state.where = rest; draw().then(() => $("staff-place").querySelector("h2")?.focus()); },
  close() { empty($("staff-place")); },
  draw,
  event() {},
};
