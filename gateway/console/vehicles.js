// Vehicles, of a person and of a unit: filed, gone, and the end of a parking lease.

import { change, post } from "./api.js";
import { button } from "./facts.js";
import { recording } from "./forms.js";
import { h } from "./view.js";
import { word } from "./words.js";

const does = (here, car, name, fields, verb, again, say = "") => recording(here, `${word(name)} · ${car.plate}`, fields, async (body) => { await change(`/projects/${here.project()}/vehicles/${car.id}/${verb}`, car, body); await again(); }, { submit: word(name), say });
const lastDay = () => ({ name: "to", type: "date", label: word("last_day_not") });
const running = (car) => car.leases.some((lease) => new Date(lease.to) > new Date());

export const vehicleButtons = (here, car, again) => (here.may("residents.work") ? h("span", { className: "pair" },
  running(car) ? button("end_lease", () => does(here, car, "end_lease", [lastDay()], "end-lease", again, word("end_lease_say")), true) : "",
  button("remove_vehicle", () => does(here, car, "remove_vehicle", [], "remove", again), true)) : "");

// `choices`: whose it may be, or for which unit it is parked; `of` the rest.
export const vehicleButton = (here, choices, of, again) => (here.may("residents.work") && choices.options.length ? button("new_vehicle", () => recording(here, word("new_vehicle"), [
  { name: "plate", label: word("plate"), required: true, more: { maxLength: 20 } }, { type: "choice", needed: true, ...choices },
], async (body) => { await post(`/projects/${here.project()}/vehicles`, { ...body, ...of }); await again(); }), true) : "");
