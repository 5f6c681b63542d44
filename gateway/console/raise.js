// Raising a ticket at the desk. A unit is typed as people call it; those of the building that it begins with are offered.

import { get, post, Problem } from "./api.js";
import { sending } from "./forms.js";
import { $, h, options } from "./view.js";
import { current, names, word } from "./words.js";

const MOST = 200;
const TYPED = ["unit", "place", "what", "caller_name", "caller_phone"];
const state = { offered: "" };
let here, raised;

const field = (name) => $("raise").elements.namedItem(name);
const unitsOf = (query) => get(`/projects/${here.project()}/units?${new URLSearchParams(query)}`);

const offer = async (query) => {
  const asked = (state.offered = [here.project(), query.building].join("/"));
  const found = await unitsOf({ ...query, limit: MOST });
  if (asked === state.offered) $("units").replaceChildren(...found.items.map((unit) => h("option", { value: unit.label })));
};

async function idOf(label) {
  const [unit] = (await unitsOf({ label })).items;
  if (!unit) throw new Problem({ title: "", errors: [{ field: "unit", message: "is not on file" }] });
  return unit.id;
}

export function beginRaising(given, then) {
  [here, raised] = [given, then];
  field("unit").oninput = here.guarded(async () => {
    const [building, door] = field("unit").value.trim().split("-");
    if (door !== undefined && `${here.project()}/${building}` !== state.offered) await offer({ building });
  });
  $("raise").onsubmit = here.guarded(async (event) => {
    event.preventDefault();
    const body = Object.fromEntries([...new FormData(event.target)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
    await sending(event.target, async () => {
      const unit = body.unit && (await idOf(body.unit));
      const ticket = await post(`/projects/${here.project()}/tickets`, { channel: "desk", language: current(), ...body, unit });
      for (const name of TYPED) field(name).value = "";
      await raised(ticket);
    });
  });
}

export function speakRaising() {
  options(field("kind"), names("kind").map((name) => [name, word(`kind.${name}`)]));
  options(field("item"), [["", "—"], ...names("item").map((name) => [name, word(`item.${name}`)])]);
  options(field("urgency"), [["", word("by_policy")], ...names("urgency").map((name) => [name, word(`urgency.${name}`)])]);
  field("unit").placeholder = word("no_unit");
}

// In another project, others are offered.
export const offerUnits = () => offer({});
