// Which page is shown, by the address after #: `#residents/unit/01k…` is the page of residents, and there the file of a unit.

import { account } from "./account.js";
import { approvals } from "./approvals.js";
import { board } from "./board.js";
import { cases } from "./cases.js";
import { duties } from "./duties.js";
import { report } from "./report.js";
import { residents } from "./residents.js";
import { rosters } from "./rosters.js";
import { rules } from "./rules.js";
import { staff } from "./staff.js";
import { trail } from "./trail.js";
import { $ } from "./view.js";
import { word } from "./words.js";

const desk = { open() {}, close() {}, draw() {}, event() {} };
const PAGES = { desk, residents, cases, rosters, approvals, board, duties, report, rules, staff, trail, account };
const NAMES = Object.keys(PAGES);
// One of these rights is needed; a page that is not named here is everybody's.
const NEEDS = {
  desk: ["tickets.read"], residents: ["residents.read"], cases: ["residents.cases", "residents.cards"], rosters: ["residents.import", "residents.export"], approvals: ["approvals.see"],
  board: ["clocks.read"], duties: ["duties.read"], report: ["clocks.report"], rules: ["clocks.read"], staff: ["identity.manage", "identity.keys"], trail: ["audit.read"],
};
let ours, shown = "desk", inside = false, opened = "", within = "";

export function begin(here) {
  ours = here;
  for (const page of Object.values(PAGES)) page.begin?.(here);
  addEventListener("hashchange", () => openPage(inside));
}

const offered = (name) => !(name in NEEDS) || NEEDS[name].some((permission) => ours?.may(permission));

// Where whoever names no page begins: at the first that they may see. Before a project is chosen that is not known.
const landing = () => (ours?.project() ? NAMES.find(offered) ?? "account" : "desk");

export function openPage(loggedIn) {
  inside = loggedIn;
  const [wanted, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
  shown = wanted in PAGES ? wanted : landing();
  for (const name of NAMES) $(`${name}-page`).hidden = !inside || name !== shown;
  for (const link of $("pages").children) {
    link.hidden = !offered(link.hash.slice(1));
    if (link.hash === `#${shown}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const place = inside && (ours?.project() || shown === "account") ? `${shown} ${ours.project()}` : "";
  if (place === opened) return turned(rest);
  PAGES[opened.split(" ")[0]]?.close();
  [opened, within] = [place, rest.join("/")];
  if (place) PAGES[shown].open(ours.project(), rest);
}

// Another place within the same page.
function turned(rest) {
  if (!opened || within === rest.join("/")) return;
  within = rest.join("/");
  PAGES[shown].turn?.(rest);
}

export function speakPages() {
  $("pages").ariaLabel = word("pages");
  if (opened) PAGES[shown].draw();
}

export const eventOnPages = (event) => { if (opened) PAGES[shown].event(event); };
