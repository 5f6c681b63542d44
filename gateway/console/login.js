// The log-in: by password, or over the company's OpenID provider; with a code where one is needed.

import { get, post, remember } from "./api.js";
import { $ } from "./view.js";
import { word } from "./words.js";

let here, proof = "";

const field = (name) => $("log-in").elements.namedItem(name);

function keep(answer) {
  remember(answer.access_token);
  sessionStorage.setItem("name", answer.name);
  sessionStorage.setItem("session", answer.session ?? "");
  sessionStorage.setItem("factor_by", answer.second_factor_by ?? "");
  sessionStorage.setItem("limited", answer.grants?.["*"]?.includes("enrolling") ? "yes" : "");
}

async function send(way) {
  try {
    keep(await post("/auth/token", way));
  } catch (error) {
    if (error.type.endsWith(":second-factor-needed")) return askForCode(error);
    if (error.status === 401) error.message = word(way.username ? "wrong_log_in" : "wrong_account");
    throw error;
  }
  $("log-in").reset();
  forgetLogIn();
  await here.enter();
}

function askForCode(error) {
  proof = error.proof;
  ask({ code: true, password: !proof });
  field("code").value = "";
  field("code").focus();
  if (error.code === "wrong") throw Object.assign(error, { message: word("wrong_code") });
}

// Which fields are there to be filled in.
function ask({ code, password }) {
  $("code-say").hidden = !code;
  for (const [name, wanted] of [["code", code], ["username", password], ["password", password]]) {
    field(name).closest("label").hidden = !wanted;
    field(name).required = wanted;
  }
}

const goThere = () => here.guarded(async () => {
  const { url, state } = await get("/auth/oidc");
  sessionStorage.setItem("oidc_state", state);
  location.assign(url);
})();

// Whoever sent the browser back must be who was asked: somebody else's log-in is not taken.
async function comeBack(back) {
  const asked = sessionStorage.getItem("oidc_state"), code = back.get("code"), state = back.get("state");
  sessionStorage.removeItem("oidc_state");
  history.replaceState(null, "", location.pathname + location.hash);
  if (!code || state !== asked) throw new Error(word("wrong_account"));
  await send({ returned: { code, state } });
}

async function offer() {
  const { offered, name } = await get("/auth/oidc").catch(() => ({ offered: false }));
  $("over-there").hidden = !offered;
  $("over-there-name").textContent = offered ? name : "";
}

export function forgetLogIn() {
  proof = "";
  ask({ code: false, password: true });
}

export function beginLogIn(with_) {
  here = with_;
  forgetLogIn();
  $("log-in").onsubmit = here.guarded(async (event) => {
    event.preventDefault();
    const { code, ...password } = Object.fromEntries(new FormData(event.target));
    await send({ ...(proof ? { proof } : password), ...(code && { code }) });
  });
  $("over-there").onclick = goThere;
  const back = new URLSearchParams(location.search);
  if (back.has("state")) here.guarded(comeBack)(back);
  offer();
}
