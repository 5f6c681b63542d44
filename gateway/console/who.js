// What those are called who did something. Names that are drawn together are asked for together, and kept until somebody logs out.

import { get } from "./api.js";
import { serviceName } from "./facts.js";
import { h } from "./view.js";
import { filled, word } from "./words.js";

const PAUSE_MS = 20;
const MOST = 50;
const names = new Map();
let wanted = new Map();

async function ask(project, ids) {
  for (let at = 0; at < ids.length; at += MOST) {
    const some = ids.slice(at, at + MOST), query = new URLSearchParams(some.map((id) => ["by", id]));
    const { items } = await get(`/projects/${encodeURIComponent(project)}/names?${query}`).catch(() => ({ items: [] }));
    const found = new Map(items.map(({ id, name }) => [id, name]));
    for (const id of some) names.get(`${project} ${id}`).told(found.get(id) ?? "");
  }
}

function askTogether() {
  for (const [project, ids] of wanted) ask(project, ids);
  wanted = new Map();
}

function nameOf(project, id) {
  const key = `${project} ${id}`;
  if (!names.has(key)) {
    const one = {};
    one.name = new Promise((told) => { one.told = told; });
    names.set(key, one);
    if (!wanted.size) setTimeout(askTogether, PAUSE_MS);
    wanted.set(project, [...(wanted.get(project) ?? []), id]);
  }
  return names.get(key).name;
}

export const forgetNames = () => names.clear();

// Of whom no name is known here there is the end of the id, by which they can be told apart.
const KINDS = { user: "user", key: "program" };

export function who(here, id) {
  const [kind, name] = id.split(":");
  if (kind === "service") return h("span", { title: id }, filled("by_itself", { service: serviceName(name) }));
  const element = h("span", { title: id }, here.myself(id) ? here.me().name || word("myself") : kind in KINDS ? `${word(KINDS[kind])} …${name.slice(-5)}` : id);
  if (kind in KINDS && !here.myself(id) && here.may("identity.names")) nameOf(here.project(), id).then((said) => { if (said) element.textContent = said; });
  return element;
}
