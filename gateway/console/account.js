// One's own account: a second factor, set up with an authenticator and given up again; the password; where one is logged in.

import { get, post } from "./api.js";
import { form as fields } from "./forms.js";
import { empty } from "./places.js";
import { sessions } from "./sessions.js";
import { dayTime } from "./times.js";
import { $, h } from "./view.js";
import { word } from "./words.js";

const state = { factor: null, codes: [] };
let here;

const read = () => here.guarded(async () => {
  state.factor = await get("/me/totp");
  draw();
})();

// A wrong password or code is told beside the form; only what else goes wrong is everybody's.
const sent = (path, then) => here.guarded(async (event) => {
  event.preventDefault();
  try {
    const answer = await post(path, Object.fromEntries(new FormData(event.target)));
    then(answer);
    draw();
  } catch (error) {
    if (error.status !== 401) throw error;
    $("factor-said").textContent = word(error.code ? "wrong_code" : "wrong_password");
  }
});

const field = (name, type, most, complete) => h("label", {}, h("span", {}, word(name)),
  h("input", { name, type, required: true, maxLength: most, autocomplete: complete }));
const password = () => field("password", "password", 128, "current-password");
const code = () => field("code", "text", 32, "one-time-code");
const form = (id, onsubmit, ...children) => h("form", { id, onsubmit }, ...children);
const button = (name) => h("button", { type: "submit" }, word(name));

function offered({ uri, qr }) {
  const key = new URL(uri).searchParams.get("secret");
  return [
    h("p", {}, word("factor_key_say")),
    h("img", { className: "qr", src: qr, alt: word("factor_qr") }),
    h("label", {}, h("span", {}, word("factor_key")), h("input", { readOnly: true, value: key, onfocus: (event) => event.target.select() })),
    h("p", {}, h("a", { href: uri }, word("factor_open"))),
    form("factor-confirm", sent("/me/totp/confirm", (answer) => { state.factor = answer; state.codes = answer.recovery_codes; }), code(), button("confirm")),
  ];
}

function told() {
  return [
    h("p", {}, word("recovery_say")),
    h("ul", { id: "recovery", className: "recovery" }, ...state.codes.map((one) => h("li", {}, one))),
    h("button", { type: "button", onclick: () => { state.codes = []; here.enter(); draw(); } }, word("recovery_kept")),
  ];
}

function body() {
  const { factor, codes } = state;
  if (codes.length) return told();
  if (factor.uri) return offered(factor);
  if (factor.on) return [form("factor-off", sent("/me/totp/off", (answer) => { state.factor = answer; }), password(), code(), button("factor_give_up"))];
  return [form("factor-offer", sent("/me/totp", (answer) => { state.factor = answer; }), password(), button("factor_set_up"))];
}

function draw() {
  const { factor } = state;
  if (!factor) return;
  const by = factor.needed_by ? `${word(new Date(factor.needed_by) < new Date() ? "factor_now" : "factor_by")} ${dayTime(factor.needed_by)}` : "";
  $("factor-state").textContent = word(factor.on ? "factor_on" : "factor_off");
  $("factor-state").classList.toggle("calm", !factor.on);
  $("factor-said").textContent = factor.on ? `${word("recovery_left")} ${factor.recovery_left}` : by;
  $("factor").replaceChildren(...body());
}

const secret = (name, complete) => ({ name, type: "secret", label: word(`${name}_password`), required: true, more: { type: "password", autocomplete: complete, maxLength: 128 } });

function passwordForm() {
  const form = fields([secret("old", "current-password"), secret("new", "new-password")], {
    submit: word("change_password"), line: true, guarded: here.guarded,
    send: async (body) => {
      try {
        await post("/me/password", body);
      } catch (error) {
        if (error.status !== 401) throw error;
        $("password-said").textContent = word("wrong_password");
        return;
      }
      form.reset();
      $("password-said").textContent = word("password_changed");
      showSessions();
    },
  });
  return form;
}

const showSessions = () => here.guarded(() => sessions(here, "/me", $("my-sessions")))();

// In a session that is good for a second factor alone there is nothing else.
function more() {
  const limited = Boolean(sessionStorage.getItem("limited"));
  $("password-card").hidden = $("sessions-card").hidden = limited;
  if (limited) return;
  $("new-password").replaceChildren(passwordForm());
  showSessions();
}

export const account = {
  begin(given) { here = given; },
  open() {
    read();
    more();
  },
  // Nothing secret stays behind on a page that nobody looks at.
  close() {
    Object.assign(state, { factor: null, codes: [] });
    empty(...["factor", "factor-said", "factor-state", "new-password", "my-sessions", "password-said"].map($));
  },
  draw() { draw(); more(); },
  event() {},
};
