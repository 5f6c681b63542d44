// API keys of programs: made, given other secrets, ended. A secret is on the page once, and nowhere else.

import { change, post } from "./api.js";
import { button, stamp } from "./facts.js";
import { ask } from "./forms.js";
import { grants, placeField, rolesField } from "./grants.js";
import { Pages, table } from "./tables.js";
import { dayTime, moment } from "./times.js";
import { h } from "./view.js";
import { word } from "./words.js";

const PAGE = 30;
const DAY_MS = 86_400_000;

const secret = ({ name, api_key: key }) => h("p", { className: "told", role: "status" }, `${name}：${word("secret_say")}`, h("input", { readOnly: true, value: key, ariaLabel: word("secret"), onfocus: (event) => event.target.select() }));

const standing = (key) => (key.ended_at ? "ended" : key.lives ? "lives" : "expired");
const TONES = { lives: "", ended: "calm", expired: "warn" };

export async function keysPage(here, place) {
  const pages = await new Pages(`/api-keys?limit=${PAGE}`).read();
  const told = h("div");
  const again = async (key) => { await pages.read(); draw(); if (key?.api_key) told.replaceChildren(secret(key)); };
  const make = () => ask(word("new_key"), [
    { name: "name", label: word("key_name"), required: true, more: { maxLength: 60 } }, placeField(here), rolesField(here),
    { name: "expires_at", type: "date", label: word("until_day"), required: true, value: new Date(Date.now() + 90 * DAY_MS).toISOString().slice(0, 10), as: (last) => moment(`${last}T23:59:59`) },
  ], { submit: word("new_key"), guarded: here.guarded, send: async ({ place: where, roles = [], ...body }) => again(await post("/api-keys", { ...body, grants: { [where]: roles } })) });
  const rotate = (key) => ask(`${word("rotate")} · ${key.name}`, [], { submit: word("rotate"), say: word("rotate_say"), guarded: here.guarded, send: async () => again(await change(`/api-keys/${key.id}/rotate`, key)) });
  const end = (key) => ask(`${word("end_key")} · ${key.name}`, [], { submit: word("end_key"), say: word("end_key_say"), guarded: here.guarded, send: async () => again(await change(`/api-keys/${key.id}/end`, key)) });
  const draw = () => place.replaceChildren(h("div", { className: "row" }, button("new_key", make)), told, table([
    { name: "key_name", cell: (key) => key.name },
    { name: "case_state", cell: (key) => h("span", { className: `badge ${TONES[standing(key)]}` }, word(`key.${standing(key)}`)) },
    { name: "granted", cell: (key) => grants(here, key.grants) },
    { name: "opened", cell: (key) => stamp(here, { at: key.made_at, by: key.made_by }) },
    { name: "used_at", cell: (key) => (key.used_at ? dayTime(key.used_at) : "—") },
    { name: "until_day", cell: (key) => dayTime(key.ended_at ?? key.expires_at) },
    { name: "", cell: (key) => (key.lives ? h("span", { className: "pair" }, button("rotate", () => rotate(key), true), button("end_key", () => end(key), true)) : "") },
  ], pages.items, word("no_keys")), pages.button(here.guarded, draw) ?? "");
  draw();
}
