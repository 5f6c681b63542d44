// Which page is shown, by the address after #: the desk, the pages for clocks and duties, and one's own account.

import { account } from "./account.js";
import { board } from "./board.js";
import { duties } from "./duties.js";
import { report } from "./report.js";
import { rules } from "./rules.js";
import { $ } from "./view.js";
import { word } from "./words.js";

const desk = { open() {}, close() {}, draw() {}, event() {} };
const PAGES = { desk, board, duties, report, rules, account };
let ours, shown = "desk", inside = false, opened = "";

// `here.guarded` wraps what may fail, `here.project()` is the project that was chosen.
export function begin(here) {
  ours = here;
  for (const page of Object.values(PAGES)) page.begin?.(here);
  addEventListener("hashchange", () => openPage(inside));
}

export function openPage(loggedIn) {
  inside = loggedIn;
  const wanted = location.hash.slice(1);
  shown = wanted in PAGES ? wanted : "desk";
  for (const name of Object.keys(PAGES)) $(`${name}-page`).hidden = !inside || name !== shown;
  for (const link of $("pages").children) {
    if (link.hash === `#${shown}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const place = inside && (ours?.project() || shown === "account") ? `${shown} ${ours.project()}` : "";
  if (place === opened) return;
  PAGES[opened.split(" ")[0]]?.close();
  opened = place;
  if (place) PAGES[shown].open(ours.project());
}

export function speakPages() {
  $("pages").ariaLabel = word("pages");
  if (opened) PAGES[shown].draw();
}

export const eventOnPages = (event) => { if (opened) PAGES[shown].event(event); };
