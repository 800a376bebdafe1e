// The set-up of a source as values and rules: no DOM, no network. A function takes a state and
// gives the next one; draft.js calls them around what the functions answer.
import { connectionFields, credentialFields, wayIn } from "./connection_form.js";
import { isUntouched } from "./selection.js";
import { computed, signal } from "./vendor/signals.js";

export const STEPS = ["source", "connection", "tables", "schedule", "review"];

/** What holds for all tables of a source, and is left alone by most. */
export const OPTIONS = ["verify", "parallel", "drift", "unfit"];

const UNTESTED = { state: "untested", checks: [], problem: null };

/** The set-up of a new source.
 *
 * `values` are the connection's fields as typed, of all ways in which a database can be named, of
 * which `way` is chosen. `secrets` are those of its credentials, which are forgotten as soon as they
 * are stored. `wrong` says what is wrong with a field, by its path.
 * `test.state` is untested, running, passed, failed, broken (it did not come to an end) or
 * outdated (something has been changed since). `selection` maps a table's `tableKey` to what
 * save_draft takes. `options` are those of `OPTIONS`.
 */
export const blank = (model) => ({
  model,
  source: null,
  type: null,
  name: "",
  way: "host",
  values: {},
  secrets: {},
  wrong: {},
  test: UNTESTED,
  saving: false,
  problem: null,
  stale: false,
  selection: new Map(),
  dataset: null,
  schedule: { type: "manual" },
  options: {},
});

/** The set-up as it goes on from what is stored. */
export function resumed(source) {
  const { type, ...values } = source.connection;
  const texts = Object.entries(values).map(([name, value]) => [name, value ?? ""]);
  return {
    ...blank(source.model_id),
    source,
    type,
    name: source.name,
    way: wayIn(values),
    values: Object.fromEntries(texts.map(([name, value]) => [name, String(value)])),
    selection: new Map(source.selection.map((table) => [tableKey(table), table])),
    dataset: source.dataset,
    schedule: source.schedule,
    options: Object.fromEntries(OPTIONS.map((name) => [name, source[name]])),
  };
}

export const tableKey = ({ schema_name, table_name }) => JSON.stringify([schema_name, table_name]);

/** The wizard that is open. */
export const wizard = signal(blank(""));
/** Change what is open: `change(typed, "host", "db.example.com")`. */
export const change = (rule, ...given) => (wizard.value = rule(wizard.peek(), ...given));

// --- what a person enters -------------------------------------------------------------------------

/** A type is chosen: its fields, with what was typed for another one, and its defaults. */
export function chosen(state, type, before = null) {
  const defaults = (of) => Object.fromEntries(of.connection.map((f) => [f.name, text(f.default)]));
  const typed = Object.entries(state.values).filter(
    ([name, value]) => value !== "" && value !== (before ? defaults(before)[name] : undefined),
  );
  const values = { ...defaults(type), ...Object.fromEntries(typed) };
  const names = new Set(type.connection.map((field) => field.name));
  const known = Object.entries(values).filter(([name]) => names.has(name));
  return outdated({ ...state, type: type.type, values: Object.fromEntries(known) });
}

export const named = (state, name) => corrected({ ...state, name }, "name");

export const typed = (state, field, value) =>
  outdated(
    corrected(
      { ...state, values: { ...state.values, [field]: value } },
      `connection.${field}`,
      "connection",
    ),
  );

/** The database is named in another way; what was typed for the other one stays in mind. */
export const namedBy = (state, way) => outdated({ ...state, way, wrong: {} });

export const typedSecret = (state, field, value) =>
  outdated(
    corrected(
      { ...state, secrets: { ...state.secrets, [field]: value } },
      `credentials.${field}`,
      "credentials",
    ),
  );

/** A connection URL was pasted: `{ values, secrets }` of connection_url.js. */
export const pasted = (state, { values, secrets }) =>
  outdated({
    ...state,
    way: values.instance || values.host ? wayIn(values) : state.way,
    values: { ...state.values, ...values },
    secrets: { ...state.secrets, ...secrets },
    wrong: {},
  });

/** Take a table, or with `null` leave it out. */
export function taken(state, table, selection) {
  const tables = new Map(state.selection);
  if (selection) tables.set(tableKey(table), selection);
  else tables.delete(tableKey(table));
  return { ...state, selection: tables };
}

/** Take all of the tables as they are by default, or leave them all out; what was chosen stays. */
export function takenAll(state, tables, wanted) {
  const next = new Map(state.selection);
  for (const { schema_name, table_name } of tables) {
    const key = tableKey({ schema_name, table_name });
    if (!wanted) next.delete(key);
    else if (!next.has(key)) next.set(key, { schema_name, table_name });
  }
  return { ...state, selection: next };
}

/** What is best for some tables is known: it holds for those of which nobody said anything. */
export function advised(state, selections) {
  const next = new Map(state.selection);
  for (const selection of selections) {
    const key = tableKey(selection);
    const chosen = next.get(key);
    if (chosen && isUntouched(chosen)) next.set(key, { ...selection, ...chosen });
  }
  return { ...state, selection: next };
}

export const scheduled = (state, schedule) =>
  corrected({ ...state, schedule }, ...Object.keys(state.wrong).filter(within("schedule")));

export const intoDataset = (state, dataset) => corrected({ ...state, dataset }, "dataset");

export const decided = (state, name, value) =>
  corrected({ ...state, options: { ...state.options, [name]: value } }, name);

// --- what follows from it -------------------------------------------------------------------------

/** The connection as the functions take it; what is empty is left out. */
export function connection(state, type) {
  const fields = connectionFields(state, type)
    .map((field) => [field, (state.values[field.name] ?? "").toString()])
    .filter(([, value]) => value !== "")
    .map(([field, value]) => [field.name, field.kind === "number" ? number(value) : value]);
  return { type: type.type, ...Object.fromEntries(fields) };
}

/** The credentials as the functions take them; null if none are asked for. */
export function credentials(state, type) {
  const asked = credentialFields(state, type);
  if (!asked.length) return null;
  const given = asked
    .map(({ name }) => [name, state.secrets[name] ?? ""])
    .filter(([, value]) => value !== "");
  return Object.fromEntries(given);
}

/** What can be told to be wrong before anybody is asked: `{ path: { message } }`. */
export function missing(state, type) {
  const wrong = {};
  const lacks = { message: "is required" };
  if (!state.name.trim()) wrong.name = lacks;
  for (const field of connectionFields(state, type)) {
    const value = (state.values[field.name] ?? "").trim();
    const path = `connection.${field.name}`;
    if (field.required && !value) wrong[path] = lacks;
    else if (value && field.kind === "number") {
      const message = outOfRange(number(value), field);
      if (message) wrong[path] = { message };
    }
  }
  for (const field of credentialFields(state, type)) {
    if (!state.secrets[field.name]) wrong[`credentials.${field.name}`] = lacks;
  }
  return wrong;
}

/** Whether what logs in is stored, and nothing is being entered in its place. */
export const hasStoredSecret = (state) =>
  state.source !== null && Object.values(state.secrets).every((value) => !value);

/** Whether the connection that is stored is another one than the form shows. */
export function unsaved(state) {
  if (state.source === null) return true;
  const before = resumed(state.source);
  const same = (name) => JSON.stringify(state[name]) === JSON.stringify(before[name]);
  return !hasStoredSecret(state) || !["type", "way", "values"].every(same);
}

export function mayEnter(state, step) {
  const rules = {
    source: () => true,
    connection: () => state.type !== null && state.name.trim() !== "",
    tables: () => mayEnter(state, "connection") && !unsaved(state),
    schedule: () => mayEnter(state, "tables") && state.selection.size > 0,
    review: () => mayEnter(state, "schedule"),
  };
  return rules[step]?.() ?? false;
}

/** Where somebody goes on who comes back. */
export const resumeStep = (source) => (source.selection.length ? source.setup_step : "tables");

export const next = (step) => STEPS[STEPS.indexOf(step) + 1] ?? null;
export const previous = (step) => STEPS[STEPS.indexOf(step) - 1] ?? null;

// --- the test of the connection -------------------------------------------------------------------

export const refused = (state, wrong) => ({ ...state, wrong });

export const testBegun = (state) => ({
  ...state,
  wrong: {},
  problem: null,
  test: { ...UNTESTED, state: "running" },
});

/** A layer is done. What it finds at fault is marked in the form. */
export function checked(state, check) {
  const failed = check.status === "failed";
  return {
    ...state,
    wrong: failed ? { ...state.wrong, ...byPath(check.fields, check.hint) } : state.wrong,
    test: { ...state.test, checks: [...state.test.checks, check] },
  };
}

export function testEnded(state) {
  const failed = state.test.checks.some((check) => check.status === "failed");
  return { ...state, test: { ...state.test, state: failed ? "failed" : "passed" } };
}

/** The test came to no end: the functions refused it, or could not be reached. */
export const testBroken = (state, problem) => ({
  ...state,
  wrong: byPath(problem.fields),
  test: { ...state.test, state: "broken", problem },
});

export const testStopped = (state) => ({ ...state, test: UNTESTED });

// --- saving ---------------------------------------------------------------------------------------

export const saveBegun = (state) => ({ ...state, saving: true, problem: null });

/** Nothing was saved. A stale one says that the source was changed elsewhere meanwhile. */
export const notSaved = (state, problem) => ({
  ...state,
  saving: false,
  stale: state.stale || problem.code === "source_stale",
  wrong: { ...state.wrong, ...byPath(problem.fields) },
  problem: problem.code === "source_stale" ? null : problem,
});

/** Wrong fields as the form looks them up. A check's fields say little beside its own words. */
export const byPath = (fields, hint = null) =>
  Object.fromEntries(
    fields.map(({ path, message, suggestion }) => [path, { message, suggestion, hint }]),
  );

// --- signals over what is open --------------------------------------------------------------------

export const testRunning = computed(() => wizard.value.test.state === "running");
export const enterable = computed(
  () => new Set(STEPS.filter((step) => mayEnter(wizard.value, step))),
);

function corrected(state, ...paths) {
  if (!paths.some((path) => path in state.wrong)) return state;
  const wrong = Object.entries(state.wrong).filter(([path]) => !paths.includes(path));
  return { ...state, wrong: Object.fromEntries(wrong) };
}

function outdated(state) {
  const untouched = ["untested", "outdated"].includes(state.test.state);
  return untouched ? state : { ...state, test: { ...state.test, state: "outdated" } };
}

function outOfRange(value, { minimum, maximum }) {
  if (!Number.isInteger(value)) return "must be a whole number";
  if (minimum !== null && value < minimum) return `must be at least ${minimum}`;
  if (maximum !== null && value > maximum) return `must be at most ${maximum}`;
  return null;
}

const within = (root) => (path) => path === root || path.startsWith(`${root}.`);
const text = (value) => (value === null || value === undefined ? "" : String(value));
// A number that is none stays text, for the functions to refuse.
const number = (value) => (/^\s*-?\d+\s*$/.test(value) ? Number(value) : value);
