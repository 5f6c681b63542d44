// Small pieces that files of people, units, cases and cards are made of.

import { h } from "./view.js";
import { current, word } from "./words.js";

// 2026-11-23 as people write it; days have no hour and no zone.
export const day = (iso) => (iso ? new Date(`${iso}T12:00:00`).toLocaleDateString(current(), { year: "numeric", month: "numeric", day: "numeric" }) : "—");
// Which day it is where the project is, whatever this machine thinks.
export const today = (here) => new Date().toLocaleDateString("sv", { timeZone: here.zone() });
export const yuan = (fen) => (fen / 100).toLocaleString(current(), { style: "currency", currency: "CNY" });

// [[word, value, long]] as a list of terms; what is not known is left out.
export const facts = (pairs) => h("dl", { className: "facts" }, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value, long]) => h("div", { className: long ? "wide" : "" }, h("dt", {}, word(name)), h("dd", {}, value))));

export const part = (name, ...children) => h("section", { className: "part" }, h("h3", {}, word(name)), ...children);

// The heading of a file: it takes the focus when the file is opened, so that it is read out and Tab goes on from there.
export const heading = (text, ...badges) => h("header", { className: "row" }, h("h2", { tabIndex: -1 }, text), ...badges);

export const button = (name, onclick, quiet = false) => h("button", { type: "button", className: quiet ? "quiet small" : "small", onclick }, word(name));
