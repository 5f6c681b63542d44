// Forms made of tables: labelled fields, what was filled in as a body, and what a service finds wrong told at its field.

import { fieldWords, inWords } from "./problems.js";
import { moment } from "./times.js";
import { h } from "./view.js";
import { word } from "./words.js";

const input = (type, more = {}) => (field) => h("input", { type, name: field.name, required: Boolean(field.required), ...more, ...field.more });
const text = (element) => element.value.trim() || undefined;
const number = (element) => (element.value === "" ? undefined : Number(element.value));

// How each type of field is made, and what of it goes into the body (`as` a service wants it); nothing, where nothing was filled in.
const TYPES = {
  text: { make: input("text", { maxLength: 200, autocomplete: "off" }), read: text },
  secret: { make: input("text", { maxLength: 64, autocomplete: "off", spellcheck: false }), read: text },
  date: { make: input("date"), read: text },
  moment: { make: input("datetime-local"), read: (element) => (element.value ? moment(element.value) : undefined) },
  hour: { make: input("time"), read: text },
  number: { make: input("number", { step: "1", min: "0" }), read: number },
  reading: { make: input("text", { inputMode: "decimal", maxLength: 13, autocomplete: "off" }), read: text },
  yuan: { make: input("number", { step: "0.01", min: "0" }), read: (element) => (element.value === "" ? undefined : Math.round(Number(element.value) * 100)) },
  file: { make: input("file"), read: (element) => element.files[0] },
  long: { make: (field) => h("textarea", { name: field.name, rows: 2, maxLength: 2000, required: Boolean(field.required), ...field.more }), read: text },
  choice: {
    make: (field) => h("select", { name: field.name, ...field.more }, ...field.options.map(([value, said]) => h("option", { value, selected: value === field.value }, said))),
    read: (element) => ({ yes: true, no: false })[element.value] ?? (element.value || undefined),
  },
  tick: { make: (field) => h("input", { type: "checkbox", name: field.name, checked: Boolean(field.value), ...field.more }), read: (element) => element.checked },
  several: {
    make: (field) => h("fieldset", { name: field.name }, ...field.options.map(([value, said, ticked]) =>
      h("label", { className: "inline" }, h("input", { type: "checkbox", value, checked: Boolean(ticked) }), h("span", {}, said)))),
    read: (element) => { const all = [...element.querySelectorAll(":checked")].map((box) => box.value); return all.length ? all : undefined; },
  },
  lines: {
    make: (field) => h("textarea", { name: field.name, rows: 3, maxLength: 5000, ...field.more }),
    read: (element) => { const all = element.value.split("\n").map((line) => line.trim()).filter(Boolean); return all.length ? all : undefined; },
  },
  own: { make: (field) => field.element, read: (element) => element.chosen },
};

function row(field) {
  const type = TYPES[field.type ?? "text"], element = type.make(field);
  element.dataset.field = field.name;
  if (field.value !== undefined && !["choice", "tick", "several"].includes(field.type)) element.value = field.value;
  const label = h("span", {}, field.label, field.required ? "" : h("small", { className: "faint" }, field.type === "tick" || field.needed ? "" : ` ${word("optional")}`));
  const hint = field.hint ? h("small", { className: "faint" }, field.hint) : null;
  const classes = [field.wide ? "wide" : "", field.type === "tick" ? "inline" : ""].join(" ").trim();
  const inside = field.type === "tick" ? [element, label, hint] : [label, element, hint];
  return h(field.type === "several" || field.type === "own" ? "div" : "label", { className: `field ${classes}`.trim() }, ...inside);
}

// "readings.water": 1 becomes {readings: {water: 1}}.
function put(body, name, value) {
  const path = name.split("."), last = path.pop();
  let place = body;
  for (const part of path) place = place[part] ??= {};
  place[last] = value;
}

function bodyOf(element, fields) {
  const body = {};
  for (const field of fields) {
    const value = TYPES[field.type ?? "text"].read(element.querySelector(`[data-field="${CSS.escape(field.name)}"]`));
    if (value !== undefined) put(body, field.name, field.as ? field.as(value) : value);
  }
  return body;
}

export function unmark(form) {
  form.querySelectorAll(".wrong").forEach((told) => told.remove());
  form.querySelectorAll("[aria-invalid]").forEach((element) => { element.removeAttribute("aria-invalid"); element.removeAttribute("aria-describedby"); });
}

const fieldOf = (form, name) => form.querySelector(`[data-field="${CSS.escape(name)}"]`) ?? form.querySelector(`[name="${CSS.escape(name)}"]`);

// Tells each error at its field, or at that of which it is a part; says whether all found one.
export function mark(form, error) {
  unmark(form);
  const placed = (error.errors ?? []).map(({ field, message }) => {
    const parts = String(field ?? "").split(".");
    while (parts.length && !fieldOf(form, parts.join("."))) parts.pop();
    const element = parts.length ? fieldOf(form, parts.join(".")) : null;
    if (!element) return null;
    const id = `wrong-${parts.join("-")}`;
    element.setAttribute("aria-invalid", "true");
    element.setAttribute("aria-describedby", id);
    (element.closest("label, .field") ?? element.parentElement).append(h("small", { id, className: "wrong" }, fieldWords(message)));
    return element;
  });
  placed.find(Boolean)?.focus();
  return placed.length > 0 && placed.every(Boolean);
}

// Runs `work` once at a time; what is wrong with fields is told at them, all else is thrown.
export async function sending(form, work) {
  const buttons = form.querySelectorAll("button");
  unmark(form);
  buttons.forEach((button) => { button.disabled = true; });
  try {
    return await work();
  } catch (error) {
    if (!mark(form, error)) throw error;
    return undefined;
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

// `send` gets the body; `guarded` shows whatever is not about a field. `line`: all in one row, as filters are.
export function form(fields, { submit, send, guarded, buttons = [], line = false }) {
  const rows = fields.map(row);
  const element = h("form", { className: line ? "fields line" : "fields" }, ...rows, h("div", { className: "row wide" }, h("button", { type: "submit" }, submit), ...buttons));
  element.onsubmit = (event) => {
    event.preventDefault();
    guarded(() => sending(element, () => send(bodyOf(element, fields))))();
  };
  return element;
}

// Asks in a dialogue of its own; closed with Escape, or once what was asked for is done.
export function ask(title, fields, { submit, send, guarded, say = "" }) {
  const said = h("p", { className: "problem", role: "alert", hidden: true });
  const close = h("button", { type: "button", className: "quiet", onclick: () => dialog.close() }, word("close_form"));
  const within = (work) => guarded(async () => {
    said.hidden = true;
    try { await work(); } catch (error) {
      if (error.status === 401) throw error;
      said.textContent = inWords(error);
      said.hidden = false;
    }
  });
  const body = form(fields, { submit, guarded: within, buttons: [close], send: async (filled) => { await send(filled); dialog.close(); } });
  const dialog = h("dialog", { className: "card", onclose: () => dialog.remove() }, h("h2", {}, title), say ? h("p", { className: "faint" }, say) : null, said, body);
  dialog.ariaLabel = title;
  document.body.append(dialog);
  dialog.showModal();
  body.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  return dialog;
}

// As `ask`, for what is recorded of something by whoever is logged in.
export const recording = (here, title, fields, send, more = {}) => ask(title, fields, { submit: word("record"), guarded: here.guarded, send, ...more });
