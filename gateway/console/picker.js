// Chooses somebody, or a vehicle, by whatever is known of them; those who are likely are there to begin with.

import { get, post } from "./api.js";
import { ask } from "./forms.js";
import { button } from "./facts.js";
import { h } from "./view.js";
import { word } from "./words.js";

const PAUSE_MS = 500;
const SAID = {
  person: ({ person }) => ({ id: person.id, said: `${person.name}  ${person.phones.join(" ")}`, found: person }),
  vehicle: ({ vehicle }) => ({ id: vehicle.id, said: vehicle.plate, found: vehicle }),
};
let made = 0;

// The element has `chosen`, the id, and `found`, what is known of it. `likely`: [{ id, said, found }].
export function picker(here, kind, likely = []) {
  const group = `picked-${(made += 1)}`, rows = h("div", { className: "picks" });
  const search = h("input", { type: "search", maxLength: 60, autocomplete: "off", placeholder: word(`pick.${kind}`), ariaLabel: word(`pick.${kind}`) });
  const element = h("div", { className: "picker", tabIndex: -1 }, search, rows);
  let waiting;

  const choose = (one) => Object.assign(element, { chosen: one?.id, found: one?.found });
  const option = (one, place) => {
    const radio = h("input", { type: "radio", name: group, onchange: () => choose(one), checked: place === 0 && element.chosen === one.id });
    return h("label", { className: "inline" }, radio, h("span", {}, one.said));
  };
  const show = (found) => rows.replaceChildren(...(found.length ? found.map(option) : [h("p", { className: "faint" }, word("pick.none"))]));
  const look = here.guarded(async () => {
    const q = search.value.trim();
    if (q.length < 2) return show(likely);
    const found = await get(`/projects/${here.project()}/search?${new URLSearchParams({ q, limit: 8 })}`);
    choose(null);
    return show(found.items.filter((hit) => hit.kind === kind).map(SAID[kind]));
  });
  const fresh = () => ask(word("new_person"), PERSON(), {
    submit: word("file_person"), guarded: here.guarded,
    send: async (body) => {
      const person = await post(`/projects/${here.project()}/people`, body);
      const one = SAID.person({ person });
      choose(one);
      show([one]);
    },
  });

  search.oninput = () => { clearTimeout(waiting); waiting = setTimeout(look, PAUSE_MS); };
  search.onkeydown = (event) => { if (event.key === "Enter") { event.preventDefault(); clearTimeout(waiting); look(); } };
  if (kind === "person" && here.may("residents.work")) element.append(button("new_person", fresh, true));
  if (likely.length) show(likely);
  return element;
}

const PERSON = () => [
  { name: "name", label: word("name_of"), required: true, more: { maxLength: 60 } },
  { name: "phones", label: word("phone"), as: (phone) => [phone], more: { maxLength: 32, inputMode: "tel" } },
  { name: "id_number", label: word("id_number"), type: "secret", more: { maxLength: 18 } },
];
