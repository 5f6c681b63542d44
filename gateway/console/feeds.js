// Addresses at which calendar programs read the duties: one's own, made and revoked.

import { get, post } from "./api.js";
import { dayTime } from "./times.js";
import { $, h } from "./view.js";
import { current, word } from "./words.js";

const state = { project: "", items: null };
let here, guarded, role = () => "";

const path = () => `/projects/${state.project}/duty-feeds`;
const read = () => guarded(async () => {
  state.items = (await get(path())).items;
  draw();
})();

const subscribe = () => guarded(async () => {
  await post(path(), { language: current(), ...(role() && { role: role() }) });
  await read();
})();

const revoke = (feed) => guarded(async () => {
  await post(`${path()}/${feed.id}/revoke`);
  await read();
})();

function rowOf(feed) {
  const label = feed.role ? word(`role.${feed.role}`) : word("all_roles");
  const address = feed.address ? h("input", { readOnly: true, value: location.origin + feed.address, ariaLabel: `${word("address")} ${label}`, onfocus: (event) => event.target.select() }) : h("span", { className: "faint" }, here.who(feed.owner));
  const button = h("button", { type: "button", className: "quiet", onclick: () => revoke(feed) }, word("revoke"));
  return h("li", { className: "feed" }, h("strong", {}, label), address, h("span", { className: "faint" }, `${word("until")} ${dayTime(feed.ends_at)}`), button);
}

function draw() {
  if (state.items) $("feeds").replaceChildren(...state.items.map(rowOf));
}

export const feeds = {
  begin(given, chosen) {
    here = given;
    guarded = here.guarded;
    role = chosen;
    $("subscribe").onclick = subscribe;
  },
  open(project) {
    Object.assign(state, { project, items: null });
    $("feeds").replaceChildren();
    read();
  },
  draw,
};
