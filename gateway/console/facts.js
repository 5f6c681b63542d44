// Small pieces that files of people, units, cases and cards are made of.

import { dayTime } from "./times.js";
import { h } from "./view.js";
import { current, word, worded } from "./words.js";

export const yuan = (fen) => (fen / 100).toLocaleString(current(), { style: "currency", currency: "CNY" });

// [[word, value, long]] as a list of terms; what is not known is left out.
export const facts = (pairs) => h("dl", { className: "facts" }, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value, long]) => h("div", { className: long ? "wide" : "" }, h("dt", {}, word(name)), h("dd", {}, value))));

// Who did something, and when.
export const stamp = (here, { at, by }) => h("span", {}, `${dayTime(at)} · `, here.who(by));

export const serviceName = (name) => worded(`service.${name}`, name);

// Which services did not answer, so that nobody takes what is there for all there is.
export const unanswered = (names) => (names.length ? h("p", { className: "problem" }, word("missing"), names.map(serviceName).join("、")) : "");

export const part = (name, ...children) => h("section", { className: "part" }, h("h3", {}, word(name)), ...children);

// The heading of a file: it takes the focus when the file is opened, so that it is read out and Tab goes on from there.
export const heading = (text, ...badges) => h("header", { className: "row" }, h("h2", { tabIndex: -1 }, text), ...badges);

export const button = (name, onclick, quiet = false) => h("button", { type: "button", className: quiet ? "quiet small" : "small", onclick }, word(name));
