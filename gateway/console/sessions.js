// Where somebody is logged in, and the end of it: of oneself, and for an administrator of others.

import { get, post } from "./api.js";
import { button } from "./facts.js";
import { table } from "./tables.js";
import { dayTime } from "./times.js";
import { h } from "./view.js";
import { word } from "./words.js";

// `base` is `/me` or `/users/ID`.
export async function sessions(here, base, place) {
  const { items } = await get(`${base}/sessions`);
  const after = (path) => here.guarded(async () => { await post(path); await sessions(here, base, place); });
  place.replaceChildren(table([
    { name: "device", cell: (one) => [one.device || word("unknown"), one.current ? h("span", { className: "badge" }, word("this_one")) : "", one.limited ? h("span", { className: "badge warn" }, word("limited")) : ""] },
    { name: "logged_in_at", cell: (one) => dayTime(one.made_at) },
    { name: "used_at", cell: (one) => dayTime(one.used_at) },
    { name: "runs_out", cell: (one) => dayTime(one.expires_at) },
    { name: "", cell: (one) => (one.current ? "" : button("end_session", after(`${base}/sessions/${one.id}/end`), true)) },
  ], items, word("no_sessions")), base === "/me" && items.length > 1 ? button("end_others", after("/me/sessions/end-others"), true) : "");
}
