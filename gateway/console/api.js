// Talks to the gateway: one function for calls, one for the live stream.

let token = sessionStorage.getItem("token") ?? "";

export class Problem extends Error {
  constructor(document) {
    super(document.detail || document.title);
    this.status = document.status;
    this.errors = document.errors ?? [];
    this.type = document.type ?? "";
    this.code = document.code ?? "";
    this.proof = document.proof ?? "";
    this.more = document;
  }
}

export function remember(fresh) {
  token = fresh;
  sessionStorage.setItem("token", fresh);
}

export const known = () => token !== "";

async function ask(method, path, body, more) {
  const headers = { ...more, ...(token && { Authorization: `Bearer ${token}` }) };
  if (method === "POST") headers["Idempotency-Key"] = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  const response = await fetch(`/v1${path}`, { method, headers, body });
  if (!response.ok) throw new Problem(await answerOf(response));
  return response;
}

const answerOf = (response) => response.json().catch(() => ({ status: response.status, title: response.statusText }));

export async function call(method, path, body, more = {}) {
  const json = body === undefined ? more : { "Content-Type": "application/json", ...more };
  return answerOf(await ask(method, path, body === undefined ? undefined : JSON.stringify(body), json));
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}, more = {}) => call("POST", path, body, more);

// For what was read as `seen`: refused if somebody has changed it since.
export const change = (path, seen, body = {}) => post(path, body, { "If-Match": `"${seen.version}"` });

export const upload = async (path, file) => answerOf(await ask("POST", path, file, { "Content-Type": "application/octet-stream" }));

// A file that only whoever is logged in may have: the address alone would not do.
export async function download(path, name) {
  const address = URL.createObjectURL(await (await ask("GET", path)).blob());
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

// Opens the live stream and keeps it open. `on.event` gets each event once; `on.gap` is told when some may be missing.
export function listen(project, on) {
  let source, last = "", ended = false, again;

  async function open() {
    if (ended) return;
    try {
      const { ticket } = await post("/stream-tickets");
      if (ended) return;
      const query = new URLSearchParams({ project, ticket, ...(last && { last_event_id: last }) });
      source = new EventSource(`/v1/stream?${query}`);
    } catch (error) {
      on.state(false);
      if (error.status === 401) return on.loggedOut();
      again = setTimeout(open, 2000);
      return;
    }
    source.addEventListener("hello", () => on.state(true));
    source.addEventListener("gap", () => { on.state(true); on.gap(); });
    source.onmessage = (message) => { last = message.lastEventId; on.event(JSON.parse(message.data)); };
    // The ticket lives for a minute only, so the browser's own way of coming back would be refused: come back with a new one.
    source.onerror = () => { source.close(); on.state(false); again = setTimeout(open, 1000); };
  }

  open();
  return () => { ended = true; clearTimeout(again); source?.close(); };
}
