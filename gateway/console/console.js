// The live view: log in, raise a ticket, watch it fan out.

import { ticketButtons } from "./actions.js";
import { get, known, listen, post, remember } from "./api.js";
import { serviceName } from "./facts.js";
import { beginLogIn, forgetLogIn } from "./login.js";
import { begin, eventOnPages, openPage, speakPages } from "./pages.js";
import { inWords } from "./problems.js";
import { beginRaising, offerUnits, speakRaising } from "./raise.js";
import { dayTime, keepTime } from "./times.js";
import { $, clockRow, eventRow, list, messageRow, options, orderCard, ticketRow, tone } from "./view.js";
import { current, toggle, word } from "./words.js";
import { forgetNames, who } from "./who.js";

const NO_RIGHTS = { roles: [], permissions: [] };
const state = { project: "", projects: [], tickets: [], chosen: null, matter: null, rights: NO_RIGHTS, me: { id: "", name: "" }, stop: () => {} };

// What pages get: `guarded` wraps what may fail; what is not permitted in the project that was chosen is not offered.
const here = {
  guarded: (work) => guarded(work),
  project: () => state.project,
  projects: () => state.projects,
  me: () => state.me,
  myself: (id) => id === state.me.id || id === `user:${state.me.id}`,
  who: (id) => who(here, id),
  may: (permission) => state.rights.permissions.includes(permission),
  holds: (roles) => roles.some((role) => state.rights.roles.includes(role)),
  enter: () => entered(),
};

// ---- saying things

function complain(error) {
  const text = inWords(error);
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

const guarded = (work) => async (...args) => {
  try {
    complain(null);
    return await work(...args);
  } catch (error) {
    if (error.status === 401 && known()) return logOut();
    complain(error);
  }
};

function speak() {
  document.documentElement.lang = current();
  document.querySelectorAll("[data-word]").forEach((element) => { element.textContent = word(element.dataset.word); });
  $("language").textContent = current() === "en" ? "中文" : "English";
  $("language").lang = current() === "en" ? "zh-CN" : "en";
  speakRaising();
  options($("project"), state.projects.map((project) => [project.id, current() === "en" ? project.name_en ?? project.name : project.name]));
  drawDue(known());
  speakLive();
  drawTickets();
  drawMatter();
  speakPages();
}

// ---- who

const leave = guarded(async () => {
  const session = sessionStorage.getItem("session");
  if (session) await post(`/me/sessions/${session}/end`).catch(() => null);
  logOut();
});

function logOut() {
  state.stop();
  remember("");
  forgetLogIn();
  forgetNames();
  for (const name of ["session", "limited", "factor_by"]) sessionStorage.removeItem(name);
  Object.assign(state, { project: "", chosen: null, matter: null, tickets: [], rights: NO_RIGHTS });
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  show(false);
}

function show(inside) {
  $("log-in-page").hidden = inside;
  $("pages").hidden = $("log-out").hidden = $("project-box").hidden = $("live").hidden = !inside;
  openPage(inside);
  drawDue(inside);
  $("who").textContent = inside ? sessionStorage.getItem("name") ?? "" : "";
}

// Whose role must have a second factor is reminded of it from the first day on.
function drawDue(inside) {
  const by = sessionStorage.getItem("factor_by"), limited = sessionStorage.getItem("limited");
  $("factor-due").hidden = !inside || !by || Boolean(limited);
  $("factor-due").textContent = by ? `${word("second_factor")}: ${word("factor_by")} ${dayTime(by)}` : "";
}

const enter = guarded(async () => {
  if (sessionStorage.getItem("limited")) return onlyAccount();
  show(true);
  const [me, projects] = await Promise.all([get("/me"), get("/projects?limit=200")]);
  Object.assign(state, { me, projects: projects.items });
  if (!state.projects.length) throw new Error(word("no_project"));
  speak();
  await chooseProject(state.projects.find((one) => one.id === sessionStorage.getItem("project"))?.id ?? state.projects[0].id);
});

// A second factor is overdue: nothing but setting it up is possible.
function onlyAccount() {
  location.hash = "#account";
  show(true);
  $("pages").hidden = $("project-box").hidden = $("live").hidden = true;
}

// Once it is set up, the same session is good for everything; gateways hear of that within moments.
const entered = guarded(async () => {
  const limited = sessionStorage.getItem("limited");
  for (const name of ["limited", "factor_by"]) sessionStorage.removeItem(name);
  drawDue(true);
  if (!limited) return;
  location.hash = "#desk";
  await enter();
});

const chooseProject = guarded(async (project) => {
  state.stop();
  Object.assign(state, { project, chosen: null, matter: null });
  sessionStorage.setItem("project", project);
  keepTime(state.projects.find((one) => one.id === project)?.timezone);
  $("project").value = project;
  state.stop = listen(project, { event: onEvent, gap: () => refreshMatter(), state: onLive, loggedOut: logOut });
  state.rights = await get(`/projects/${project}/rights`);
  await Promise.all([offerUnits(), here.may("tickets.read") ? refreshTickets() : null]);
  speak();
  openPage(true);
});

// ---- tickets

const raised = async (ticket) => {
  state.tickets.unshift(ticket);
  await choose(ticket.id);
};

const refreshTickets = guarded(async () => {
  state.tickets = (await get(`/projects/${state.project}/tickets?limit=12`)).items;
  drawTickets();
});

function drawTickets() {
  $("tickets").replaceChildren(...state.tickets.slice(0, 12).map((ticket) => ticketRow(ticket, ticket.id === state.chosen, choose)));
  $("no-tickets").hidden = state.tickets.length > 0;
}

// ---- one matter and what it caused

const choose = guarded(async (id) => {
  state.chosen = id;
  state.matter = { events: new Map(), missing: [] };
  drawTickets();
  await refreshMatter();
});

const refreshMatter = guarded(async () => {
  const { chosen, project, matter } = state;
  if (!chosen) return;
  const base = `/projects/${project}`;
  const optional = (path) => get(path).catch((error) => { if (error.status === 401) throw error; return null; });
  const [ticket, clocks, messages, timeline] = await Promise.all([
    get(`${base}/tickets/${chosen}`), optional(`${base}/clocks/${chosen}`),
    optional(`${base}/messages?matter=${encodeURIComponent(`tickets/${chosen}`)}`), optional(`${base}/tickets/${chosen}/timeline`),
  ]);
  const order = await optional(`${base}/orders/${ticket.order ?? `${chosen}-${ticket.round}`}`);
  if (state.chosen !== chosen) return;
  const events = new Map((timeline?.items ?? []).map((event) => [event.id, event]));
  for (const [id, event] of matter.events) if (!events.has(id)) events.set(id, event);
  state.matter = { ticket, order, clocks: clocks?.clocks ?? [], messages: messages?.items ?? [], events, missing: timeline?.missing ?? [], read_at: performance.now() };
  const place = state.tickets.findIndex((one) => one.id === chosen);
  if (place >= 0) state.tickets[place] = ticket;
  drawTickets();
  drawMatter();
});

function drawMatter() {
  const { ticket, order, messages, missing } = state.matter ?? {};
  $("matter").hidden = !ticket;
  if (!ticket) return;
  $("matter-title").textContent = ticket.number;
  $("matter-state").textContent = word(`state.${ticket.state}`);
  $("matter-state").className = `badge ${tone(ticket.state)}`;
  $("matter-about").textContent = [word(`kind.${ticket.kind}`), word(`urgency.${ticket.urgency}`), ticket.unit_label ?? ticket.place, ticket.caller_name, ticket.caller_phone].filter(Boolean).join(" · ");
  $("matter-what").textContent = ticket.what;
  $("actions").replaceChildren(...ticketButtons(here, ticket, order, refreshMatter));
  $("order").replaceChildren(...orderCard(order));
  list($("messages"), messages.map((message) => messageRow(message, here.who)));
  $("missing").textContent = word("missing") + missing.map(serviceName).join("、");
  $("missing").hidden = missing.length === 0;
  drawClocks();
  drawTimeline();
}

function drawClocks() {
  const { clocks, read_at } = state.matter ?? {};
  if (clocks) list($("clocks"), clocks.map((clock) => clockRow(clock, read_at)));
}

function drawTimeline() {
  const shown = $("timeline"), events = [...state.matter.events.values()];
  const rows = new Map([...shown.children].map((row) => [row.id, row]));
  const language = current();
  if (shown.dataset.language !== language || shown.dataset.matter !== state.chosen) rows.clear();
  Object.assign(shown.dataset, { language, matter: state.chosen });
  // Rows that are shown already stay as they are: only what is new is announced and animated.
  shown.replaceChildren(...events.map((event) => rows.get(`event-${event.id}`) ?? eventRow(event, here.who)));
}

// ---- live

const speakLive = () => { $("live").textContent = word($("live").classList.contains("on") ? "live" : "not_live"); };

function onLive(on) {
  $("live").classList.toggle("on", on);
  speakLive();
}

const soon = (work, ms) => {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(work, ms); };
};
const matterSoon = soon(() => refreshMatter(), 120);
const ticketsSoon = soon(() => refreshTickets(), 400);

function onEvent(event) {
  if (event.type.startsWith("tickets.")) ticketsSoon();
  eventOnPages(event);
  if (!state.matter || event.matter !== `tickets/${state.chosen}`) return;
  const { id, type, time: at, actor: by, data } = event;
  state.matter.events.set(id, { id, type, at, by, data });
  if (state.matter.ticket) drawTimeline();
  matterSoon();
}

// ---- begin

$("language").onclick = () => { toggle(); speak(); };
$("log-out").onclick = leave;
// What was looked at is not there in another project.
$("project").onchange = (event) => { location.hash = location.hash.split("/")[0]; chooseProject(event.target.value); };
setInterval(() => { if (!document.hidden) drawClocks(); }, 1000);
beginRaising(here, raised);
begin(here);
speak();
show(false);
beginLogIn({ guarded, enter });
if (known()) enter();
