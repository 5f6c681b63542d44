// Who lives where: found by whatever is known of somebody, or by going down the property tree; and what is due.

import { get } from "./api.js";
import { LISTS } from "./due.js";
import { forget } from "./known.js";
import { personFile } from "./person.js";
import { empty, fill } from "./places.js";
import { arrows } from "./tables.js";
import { unitFile } from "./unit.js";
import { $, h, nothing } from "./view.js";
import { current, filled, word } from "./words.js";

const PAUSE_MS = 500;
const LEAST = 2;
const FILES = { unit: unitFile, person: personFile };
const VIEWS = ["find", ...Object.keys(LISTS)];
const state = { project: "", view: "find", file: [], tree: null, hits: null, q: "", next: null };
let here, waiting;

const base = () => `/projects/${state.project}`;

// ---- finding

const find = (q, more = false) => here.guarded(async () => {
  clearTimeout(waiting);
  state.q = q.trim();
  if (state.q.length < LEAST) Object.assign(state, { hits: null, next: null });
  else {
    const query = new URLSearchParams({ q: state.q, limit: 20, ...(more && { cursor: state.next }) });
    const found = await get(`${base()}/search?${query}`);
    if (query.get("q") !== state.q) return;
    Object.assign(state, { hits: more ? [...state.hits, ...found.items] : found.items, next: found.next });
  }
  drawFound();
})();

const HITS = {
  person: ({ person }) => [`person/${person.id}`, person.name, person.phones.join(" ")],
  unit: ({ unit }) => [`unit/${unit.id}`, unit.label, unit.state ? word(`occupancy.${unit.state}`) : word(`use.${unit.use}`)],
  vehicle: ({ vehicle }) => [`unit/${vehicle.unit}`, vehicle.plate, vehicle.gone ? word("gone") : word("vehicle")],
};

function hitRow(hit) {
  const [to, name, more] = HITS[hit.kind](hit);
  return h("li", {}, h("a", { href: `#residents/${to}`, className: "hit" }, h("strong", {}, name), h("span", { className: "badge calm" }, word(`match.${hit.match}`)), h("span", { className: "faint" }, more)));
}

function drawFound() {
  const { hits } = state;
  if (!hits) return $("found").replaceChildren(...treeRows());
  const more = state.next ? h("button", { type: "button", className: "quiet more", onclick: () => find(state.q, true) }, word("more")) : "";
  $("found").replaceChildren(
    h("p", { className: "faint", role: "status" }, filled(hits.length ? "found_n" : "found_none", { n: `${hits.length}${state.next ? "+" : ""}` })),
    h("ul", { className: "hits" }, ...hits.map(hitRow)), more,
  );
  markChosen();
  return undefined;
}

// ---- the property tree

const named = (place) => (current() === "en" ? place.name_en : place.name) || place.code;
const buildingName = (place) => (named(place) === place.code ? filled("building_n", { n: place.code }) : named(place));

function building(place) {
  const units = h("ul", { className: "doors" }, nothing());
  const opened = here.guarded(async () => {
    if (!box.open || box.dataset.read) return;
    box.dataset.read = "yes";
    const { items } = await get(`${base()}/units?building=${encodeURIComponent(place.code)}&limit=200`);
    const sorted = items.filter((unit) => !unit.withdrawn_at).sort((one, other) => one.label.localeCompare(other.label, "zh", { numeric: true }));
    units.replaceChildren(...(sorted.length ? sorted.map(door) : [nothing()]));
    markChosen();
  });
  const box = h("details", { className: "building", ontoggle: opened }, h("summary", {}, buildingName(place)), units);
  return box;
}

const door = (unit) => h("li", {}, h("a", { href: `#residents/unit/${unit.id}`, className: `door ${unit.state ?? ""}`.trim(), title: unit.state ? word(`occupancy.${unit.state}`) : "" }, unit.label));

function treeRows() {
  if (!state.tree) return [nothing("p")];
  const { zones, buildings } = state.tree;
  const zone = (place) => h("section", { className: "zone" }, h("h3", {}, named(place)), ...place.buildings.map(building));
  const loose = buildings.length ? h("section", { className: "zone" }, zones.length ? h("h3", {}, word("no_zone")) : "", ...buildings.map(building)) : "";
  return [...zones.map(zone), loose].filter(Boolean);
}

const readTree = () => here.guarded(async () => {
  const { project } = state;
  const tree = await get(`${base()}/tree`);
  if (project !== state.project) return;
  state.tree = tree;
  if (!state.hits) drawFound();
})();

// ---- the file beside it

function openFile() {
  const [kind, id] = state.file, show = FILES[kind];
  $("residents-split").classList.toggle("chosen", Boolean(show));
  markChosen();
  return here.guarded(() => fill($("file"), async (box) => {
    if (!show) return box.replaceChildren(h("p", { className: "faint" }, word("choose_file")));
    const file = h("div", { className: "drawn" });
    await show(here, id, file);
    box.replaceChildren(h("a", { href: "#residents", className: "back" }, `← ${word("back")}`), file);
    return file.querySelector("h2");
  }))();
}

// Which of those found, or of the doors, is looked at.
function markChosen() {
  for (const link of $("found").querySelectorAll("a")) {
    if (link.hash === location.hash) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function tabs() {
  const offered = VIEWS.filter((view) => view === "find" || here.may(LISTS[view].permission));
  $("residents-views").replaceChildren(...offered.map((view) => {
    const link = h("a", { href: view === "find" ? "#residents" : `#residents/${view}` }, word(`residents.${view}`));
    if (view === state.view) link.setAttribute("aria-current", "page");
    return link;
  }));
}

function place([view, id] = []) {
  state.view = view in LISTS ? view : "find";
  state.file = view in FILES ? [view, id] : [];
  $("residents-split").hidden = state.view !== "find";
  $("residents-list").hidden = state.view === "find";
}

// What was found, and which buildings are open, stays as it is while one file after the other is looked at.
function show() {
  tabs();
  if (state.view === "find") openFile();
  else here.guarded(() => fill($("residents-list"), (box) => LISTS[state.view].show(here, box)))();
}

function draw() {
  $("find").placeholder = word(here.may("residents.people") ? "find_say" : "find_no");
  $("find").disabled = !here.may("residents.people");
  drawFound();
  show();
}

export const residents = {
  begin(given) {
    here = given;
    arrows($("found"), $("find"));
    $("find").oninput = () => { clearTimeout(waiting); waiting = setTimeout(() => find($("find").value), PAUSE_MS); };
    $("find-form").onsubmit = (event) => { event.preventDefault(); find($("find").value); };
    addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, select, textarea, dialog");
      if (event.key !== "/" || typing || $("residents-page").hidden) return;
      event.preventDefault();
      $("find").focus();
    });
  },
  open(project, rest) {
    state.project = project;
    $("find").value = "";
    place(rest);
    draw();
    readTree();
    if (state.view === "find" && !state.file.length) $("find").focus();
  },
  turn(rest) { place(rest); show(); },
  // Nothing personal stays behind on a page that nobody looks at.
  close() {
    clearTimeout(waiting);
    forget();
    Object.assign(state, { project: "", tree: null, hits: null, q: "", next: null });
    empty($("found"), $("file"), $("residents-list"));
  },
  draw,
  event() {},
};
