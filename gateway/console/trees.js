// The property tree as it is kept: zones and buildings opened and called otherwise, and new units.

import { change, get, post } from "./api.js";
import { button } from "./facts.js";
import { recording } from "./forms.js";
import { table } from "./tables.js";
import { unitFields } from "./ties.js";
import { h } from "./view.js";
import { word } from "./words.js";

const NONE = ["", "—"];
const code = () => ({ name: "code", label: word("code_of"), required: true, more: { maxLength: 20 } });
const called = (one = {}) => [
  { name: "name", label: word("name_zh"), value: one.name || undefined, more: { maxLength: 80 } }, { name: "name_en", label: word("name_en"), value: one.name_en || undefined, more: { maxLength: 80 } },
];
const zoneField = (zones, value = "") => ({ name: "zone", type: "choice", label: word("zone"), value: value ?? "", options: [NONE, ...zones.map((zone) => [zone.id, zone.name || zone.code])] });

export async function places(here, place) {
  const base = `/projects/${here.project()}`, { zones, buildings } = await get(`${base}/tree`);
  const again = () => places(here, place);
  const doing = (title, fields, send) => recording(here, title, fields, async (body) => { await send(body); await again(); });
  const all = [...zones.flatMap((zone) => zone.buildings.map((one) => ({ ...one, zone: zone.id }))), ...buildings];
  const inTree = (name, verb) => (here.may("residents.tree") ? [button(name, verb)] : []);
  const renameZone = (zone) => doing(`${word("zone")} ${zone.code}`, called(zone), (body) => change(`${base}/zones/${zone.id}/change`, zone, body));
  const renameBuilding = (one) => doing(`${word("building")} ${one.code}`, [...called(one), zoneField(zones, one.zone)], (body) => change(`${base}/buildings/${one.id}/change`, one, { ...body, zone: body.zone ?? null }));
  const newUnit = () => recording(here, word("new_unit"), [{ name: "label", label: word("unit"), required: true, more: { maxLength: 40 } }, ...unitFields()], async (body) => { location.hash = `#residents/unit/${(await post(`${base}/units`, body)).id}`; });
  place.replaceChildren(
    h("div", { className: "row" }, here.may("residents.work") ? button("new_unit", newUnit) : "",
      ...inTree("new_building", () => doing(word("new_building"), [code(), ...called(), zoneField(zones)], (body) => post(`${base}/buildings`, body))),
      ...inTree("new_zone", () => doing(word("new_zone"), [code(), ...called()], (body) => post(`${base}/zones`, body)))),
    zones.length ? table([
      { name: "zone", cell: (one) => one.name || one.code }, { name: "code_of", cell: (one) => one.code }, { name: "", cell: (one) => inTree("change", () => renameZone(one)) },
    ], zones, "") : "",
    table([
      { name: "building", cell: (one) => one.name || one.code }, { name: "code_of", cell: (one) => one.code }, { name: "zone", cell: (one) => zones.find(({ id }) => id === one.zone)?.name ?? "—" },
      { name: "", cell: (one) => inTree("change", () => renameBuilding(one)) },
    ], all, word("no_places")),
  );
}
