// The functions. This is the one module that calls fetch.
import * as session from "./session.js";
import { signal } from "./vendor/signals.js";

/** What `config.json` says; null until `configure` is done. */
export const config = signal(null);
export const online = signal(navigator.onLine);
addEventListener("online", () => (online.value = true));
addEventListener("offline", () => (online.value = false));

/** A refusal, as the functions word it (RFC 9457), or a failure of the way to them. */
export class Problem extends Error {
  constructor({ code, title, detail, hint, fields = [], status = 0, retryable = false }) {
    super(detail);
    Object.assign(this, { code, title, detail, hint, fields, status, retryable });
  }
}

const FAILURES = {
  offline: {
    title: "You are offline",
    detail: "This device has no connection to the network.",
    hint: "Nothing that you entered is lost. Try again once you are back online.",
  },
  unreachable: {
    title: "The service does not answer",
    detail: "The request did not reach the service, or its answer did not reach this page.",
    hint: "Nothing that you entered is lost. If you started the service yourself, see whether it still runs; then try again.",
  },
  cut_off: {
    title: "The answer was cut off",
    detail: "The connection ended before the service had said everything.",
    hint: "Try again.",
  },
  not_understood: {
    title: "The answer can't be read",
    detail: "What answered does not speak as Headrace does.",
    hint: "See whether the address in config.json is that of the functions.",
  },
};

const failure = (code, status) => new Problem({ code, status, retryable: true, ...FAILURES[code] });

export async function configure() {
  config.value = await json(await reach("config.json", { cache: "no-cache" }));
  return config.value;
}

/** Call a function: `call("GET", "sources", "/demo/abc")`. Gives the answer's JSON, or null.
 *
 * Throws a Problem, or the signal's AbortError. Asks the person to sign in when that is needed,
 * and goes on afterwards.
 */
export async function call(method, name, path = "/", { query, body, headers, signal } = {}) {
  const response = await send(method, name, path, { query, body, headers, signal });
  return response.status === 204 ? null : json(response);
}

/** Call a function that streams: yields `[tag, value]` for each line, and ends with the last.
 *
 * Throws a Problem, also one that comes in the middle, or when the answer is cut off.
 */
export async function* stream(name, path, body, { signal } = {}) {
  const headers = { Accept: "application/x-ndjson" };
  const response = await send("POST", name, path, { body, headers, signal });
  for await (const line of lines(response, signal)) {
    const [[tag, value]] = Object.entries(line);
    if (tag === "problem") throw new Problem(value);
    if (tag === "end") return;
    yield [tag, value];
  }
  throw failure("cut_off");
}

export const listSources = (model, { limit, after, signal } = {}) =>
  call("GET", "sources", "/", { query: { model_id: model, limit, after }, signal });
/** Sources with their last runs in brief, and where the next page begins. */
export const overview = (model, { limit, after, runs, signal } = {}) =>
  call("GET", "sources", "/overview", { query: { model_id: model, limit, after, runs }, signal });
export const getSource = (model, source, options) =>
  call("GET", "sources", place(model, source), options);
export const deleteSource = (model, source) => call("DELETE", "sources", place(model, source));
/** `verb`: activate, pause or resume. */
export const changeState = (model, source, verb) =>
  call("POST", "sources", `${place(model, source)}/${verb}`);
export const resyncTable = (model, source, table) =>
  call("POST", "sources", `${place(model, source)}/resync`, { body: table });
export const sourceTypes = (options) => call("GET", "sources", "/types", options);
export const previewSchedule = (schedule, options) =>
  call("POST", "sources", "/preview_schedule", { body: { schedule }, ...options });
/** Where the tables of a stored source would go: `{ model_id, source_id, dataset?, selection? }`. */
export const previewNames = (body, options) =>
  call("POST", "sources", "/preview_names", { body, ...options });
/** Yields `["check", check]` for each layer. */
export const testConnection = (body, options) => stream("test_connection", "/", body, options);
/** The same for what is stored: `{ model_id, source_id }`. */
export const testSource = (body, options) => stream("preflight", "/connection", body, options);
export const saveDraft = (body, options) => call("POST", "save_draft", "/", { body, ...options });
/** Yields `["table", summary]` for each table that the source's user can see. */
export const listTables = (body, options) => stream("list_tables", "/", body, options);
/** Yields `["table", { selection, reason }]`: how each of `tables` (100 at most) is best taken. */
export const adviseTables = (body, options) => stream("describe_table", "/advise", body, options);
export const describeTable = (body, options) =>
  call("POST", "describe_table", "/", { body, ...options });
export const preflight = (body, options) => call("POST", "preflight", "/", { body, ...options });
export const grants = (body, options) => call("POST", "grants", "/", { body, ...options });
export const listRuns = (model, source, { limit = 20, after, signal } = {}) =>
  call("GET", "runs", "/", { query: { model_id: model, source_id: source, limit, after }, signal });
export const getRun = (model, source, run, options) =>
  call("GET", "runs", `${place(model, source)}/${part(run)}`, options);
export const cancelRun = (model, source, run) =>
  call("POST", "runs", `${place(model, source)}/${part(run)}/cancel`);
/** Lets a failed run go on with what it has read. */
export const resumeRun = (model, source, run) =>
  call("POST", "runs", `${place(model, source)}/${part(run)}/resume`);
/** A page of what the run's job has logged; `query` as of the operation. */
export const runLog = (model, source, run, { query, signal } = {}) =>
  call("GET", "runs", `${place(model, source)}/${part(run)}/log`, { query, signal });
/** `key` is the same for the same wish, so that a repeated click starts one run. */
export const startRun = (model, source, key) =>
  call("POST", "runs", "/", {
    body: { model_id: model, source_id: source },
    headers: { "Idempotency-Key": key },
  });

const part = encodeURIComponent;
const place = (model, source) => `/${part(model)}/${part(source)}`;

async function send(method, name, path, { query, body, headers = {}, signal }) {
  const url = address(name, path, query);
  const init = { method, signal, headers: { ...headers } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers["Content-Type"] = "application/json";
  }
  for (;;) {
    const token = await unlessAborted(session.currentToken(), signal);
    init.headers.Authorization = `Bearer ${token}`;
    const response = await reach(url, init);
    const roles = response.headers.get("Headrace-Roles"); // of whom the service lets in
    if (roles !== null) session.accepted(roles);
    if (response.ok) return response;
    const told = await problem(response);
    if (response.status === 401) session.notTaken(token, told);
    else if (told.code === "not_allowed") session.notAllowed(token, told);
    else throw told;
  }
}

function address(name, path, query = {}) {
  const { functions } = config.peek();
  const base = typeof functions === "string" ? `${functions}/${name}` : functions[name];
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = given.length ? `?${new URLSearchParams(given)}` : "";
  return `${base}${path}${search}`;
}

async function reach(url, init) {
  try {
    return await fetch(url, { ...init, redirect: "error", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw failure(navigator.onLine ? "unreachable" : "offline");
  }
}

async function json(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw failure(error instanceof SyntaxError ? "not_understood" : "cut_off", response.status);
  }
}

async function problem(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith("application/problem+json")) {
    return failure("not_understood", response.status);
  }
  const told = new Problem(await json(response));
  const wait = Number(response.headers.get("Retry-After"));
  if (wait) told.retryAfter = wait;
  return told;
}

async function* lines(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      for (const line of parts) if (line) yield JSON.parse(line);
    }
  } catch (error) {
    if (signal?.aborted) throw error;
    throw failure(error instanceof SyntaxError ? "not_understood" : "cut_off", response.status);
  } finally {
    reader.cancel().catch(() => {});
  }
}

function unlessAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
