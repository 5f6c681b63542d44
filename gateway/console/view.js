// From data to elements. Text is only ever set as text: nothing that anybody typed becomes markup.

import { clockTime, span } from "./times.js";
import { word, worded } from "./words.js";

export const $ = (id) => document.getElementById(id);

export function h(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const badge = (state, tone = "") => h("span", { className: `badge ${tone}`.trim() }, word(`state.${state}`));
export const nothing = (tag = "li") => h(tag, { className: "faint" }, word("nothing_yet"));
const TONES = { breached: "bad", failed: "bad", unfilled: "warn", doubtful: "warn", waiting: "warn", cancelled: "warn", emergency: "bad", urgent: "warn" };
export const tone = (state) => TONES[state] ?? "";

export function options(select, pairs) {
  const kept = select.value;
  select.replaceChildren(...pairs.map(([value, text]) => h("option", { value }, text)));
  if (pairs.some(([value]) => value === kept)) select.value = kept;
}

export function ticketRow(ticket, chosen, choose) {
  const button = h(
    "button",
    { type: "button", onclick: () => choose(ticket.id) },
    h("strong", {}, ticket.number),
    badge(ticket.state, tone(ticket.state)),
    h("span", { className: "faint" }, [word(`kind.${ticket.kind}`), ticket.item && word(`item.${ticket.item}`), ticket.unit_label ?? ticket.place, ticket.what].filter(Boolean).join(" · ")),
  );
  button.setAttribute("aria-pressed", String(chosen));
  return h("li", {}, button);
}

export function orderCard(order) {
  if (!order) return [nothing("p")];
  return [
    h("p", {}, badge(order.state, tone(order.state))),
    h("p", {}, `${word("department")}: `, h("strong", {}, word(`department.${order.department}`))),
    order.engineer ? h("p", {}, `${word("engineer")}: `, h("strong", {}, order.engineer)) : "",
  ].filter(Boolean);
}

// `read_at` is when the view was read: what is left counts down from there, whatever this machine's clock says.
export function clockRow(clock, read_at) {
  const left = clock.left_s === null || clock.left_s === undefined ? null : clock.left_s - (clock.state === "paused" ? 0 : (performance.now() - read_at) / 1000);
  const runs = ["running", "breached"].includes(clock.state) && !clock.ended_at;
  const used = clock.ended_at ? 1 : left === null ? 0 : Math.min(1, Math.max(0, 1 - left / clock.limit_s));
  const level = clock.late || clock.breached || (runs && left < 0) ? "bad" : runs && used >= 0.8 ? "warn" : "";
  const shown = runs && left !== null ? `${word(left < 0 ? "over" : "left")} ${span(left)}` : clock.elapsed_s ? span(clock.elapsed_s) : "";
  const name = word(`rule.${clock.rule}`);
  return h(
    "li",
    { className: `clock ${level}` },
    h("span", {}, name),
    runs ? h("time", {}, shown) : h("span", {}, badge(clock.state, level), " ", shown),
    h("progress", { max: 1, value: used, ariaLabel: `${name} ${shown}` }),
  );
}

// Why something is not sent, or not yet.
const unsent = ({ state, reason_code }) => (["suppressed", "queued", "failed"].includes(state) && reason_code ? worded(`unsent.${reason_code}`, reason_code) : "");

// A code in the words of the first group that has it.
const coded = (groups, code) => groups.map((group) => worded(`${group}.${code}`)).find(Boolean) ?? (groups.length ? word(`${groups[0]}.${code}`) : code);
const AUDIENCE = ["role", "audience"];

export function messageRow(message, who) {
  const held = message.state === "queued" && message.not_before && new Date(message.not_before) > new Date();
  return h(
    "li",
    {},
    h("div", { className: "row" }, h("strong", {}, word(`channel.${message.channel}`)), badge(message.state, tone(message.state)), h("span", { className: "faint" }, message.recipient ?? (message.person ? who(message.person) : coded(AUDIENCE, message.audience ?? "")))),
    held ? h("p", { className: "faint" }, `${word("not_before")} ${clockTime(message.not_before)}`) : "",
    unsent(message) ? h("p", { className: "faint" }, unsent(message)) : "",
    message.text ? h("p", { className: "text" }, message.text) : h("p", { className: "faint" }, message.rule),
  );
}

// What is told of an event's data, and where the words of its codes stand; an engineer's code is what people call them.
const SAID = {
  department: ["department"], engineer: [], rule: ["rule"], channel: ["channel"], reason_code: ["wait", "reopen", "cancel", "refuse", "unsent"], satisfaction: ["satisfaction"], audience: AUDIENCE,
};

export function eventRow(event, who) {
  const said = Object.entries(SAID).filter(([name]) => event.data[name]).map(([name, groups]) => [event.data[name]].flat().map((code) => coded(groups, code)).join("、"));
  return h(
    "li",
    { id: `event-${event.id}` },
    h("time", { dateTime: event.at, title: event.at }, clockTime(event.at)),
    h("span", { className: "type", title: event.type }, word(`event.${event.type}`)),
    h("span", { className: "data" }, said.map((one) => `${one} · `).join(""), event.by ? who(event.by) : ""),
  );
}

export const list = (element, rows) => element.replaceChildren(...(rows.length ? rows : [nothing()]));
