// Times as the clocks of the project show them that was chosen, wherever the page is looked at. The API speaks of moments, in UTC.

import { current } from "./words.js";

let zone;

// The IANA name of a zone, from now on; without one, that of this machine.
export function keepTime(name) { zone = name; }

const shown = (iso, options) => new Date(iso).toLocaleString(current(), { hourCycle: "h23", timeZone: zone, ...options });
export const dayTime = (iso) => shown(iso, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
export const clockTime = (iso) => shown(iso, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

// 2026-11-23 as people write it; days have no hour and no zone.
export const day = (iso) => (iso ? new Date(`${iso}T12:00:00`).toLocaleDateString(current(), { year: "numeric", month: "numeric", day: "numeric" }) : "—");

// What its clocks say at a moment: "2026-11-23T09:30:00", as fields of forms have it.
const said = (moment) => new Date(moment).toLocaleString("sv", { timeZone: zone }).replace(" ", "T");
export const local = (iso) => said(iso).slice(0, 16);
export const today = () => said(Date.now()).slice(0, 10);
export const thisMonth = () => today().slice(0, 7);

// The moment at which its clocks say so; of an hour that they skip, the one after it.
export function moment(text) {
  const wanted = Date.parse(`${text}Z`), ahead = (at) => Date.parse(`${said(at)}Z`) - at;
  return new Date(wanted - ahead(wanted - ahead(wanted))).toISOString();
}

// 3725 → "1:02:05"
export function span(seconds) {
  const whole = Math.floor(Math.abs(seconds)), parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours, ...rest] = parts;
  return [...(hours ? [hours] : []), ...rest].map((part, place) => (place ? String(part).padStart(2, "0") : part)).join(":");
}
