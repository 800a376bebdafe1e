// What the wizard does with the functions: test, save, resume. The rules are wizard.js's.
import * as api from "./api.js";
import { go, route } from "./router.js";
import { batch } from "./vendor/signals.js";
import * as stored from "./stored.js";
import * as rules from "./wizard.js";
import { change, wizard } from "./wizard.js";

let running = null;

/** Begin a new source, unless one is begun and not yet saved. */
export function begin(model) {
  const state = wizard.peek();
  if (state.source !== null || state.model !== model) wizard.value = rules.blank(model);
}

/** Go on with a source that is stored. Throws a Problem. */
export async function open(model, sourceId, { signal } = {}) {
  const known = () => {
    const { source } = wizard.peek();
    return source?.model_id === model && source.source_id === sourceId ? source : null;
  };
  const before = known();
  const found = await api.getSource(model, sourceId, { signal });
  if (!known()) wizard.value = rules.resumed(found);
  // What was saved from here meanwhile is newer than the answer.
  else if (known().etag === before?.etag) change(stored.foundChanged, found);
}

/** Test the connection as the form has it, and save the draft when the test passes.
 *
 * Gives whether all of it went well; what did not is in the wizard's state.
 */
export async function test(type) {
  const wrong = rules.missing(wizard.peek(), type);
  if (Object.keys(wrong).length) {
    change(rules.refused, wrong);
    return false;
  }
  stopTest();
  const mine = (running = new AbortController());
  change(rules.testBegun);
  const state = wizard.peek();
  const body = {
    connection: rules.connection(state, type),
    credentials: rules.credentials(state, type),
  };
  try {
    for await (const [, check] of api.testConnection(body, { signal: mine.signal })) {
      if (mine !== running) return false;
      change(rules.checked, check);
    }
  } catch (problem) {
    if (mine === running && problem instanceof api.Problem) change(rules.testBroken, problem);
    else if (!mine.signal.aborted) throw problem;
    return false;
  }
  // What was typed meanwhile has outdated the test; what was tested is not what would be saved.
  if (mine !== running || wizard.peek().test.state !== "running") return false;
  change(rules.testEnded);
  if (wizard.peek().test.state !== "passed") return false;
  return save({ name: state.name.trim(), ...body });
}

export function stopTest() {
  running?.abort();
  running = null;
  if (wizard.peek().test.state === "running") change(rules.testStopped);
}

/** Save a part of the source, such as `{ selection }`. Gives whether it was saved. */
export async function save(part) {
  const sent = wizard.peek();
  const { model, source } = sent;
  change(rules.saveBegun);
  const known = source ? { source_id: source.source_id, etag: source.etag } : {};
  try {
    const now = await api.saveDraft({ model_id: model, ...known, ...part });
    batch(() => {
      change(stored.saved, now, part, sent);
      if (!source) moveTo(now);
    });
    return true;
  } catch (problem) {
    if (!(problem instanceof api.Problem)) throw problem;
    change(rules.notSaved, problem);
    return false;
  }
}

/** Save all that was changed, if anything was, and that `step` is reached. */
export function saveChanges(step) {
  const state = wizard.peek();
  const part = stored.changes(state);
  const reached = stored.reached(state.source, step);
  if (reached !== state.source.setup_step) part.setup_step = reached;
  return Object.keys(part).length ? save(part) : true;
}

/** Go on with what is shown here, over what was saved elsewhere. Throws a Problem. */
export async function keep() {
  const { model, source } = wizard.peek();
  change(stored.rebased, await api.getSource(model, source.source_id));
}

/** A draft that is stored has an address of its own, under which it can be gone on with. */
function moveTo({ model_id: model, source_id: source }) {
  const { name, params } = route.peek();
  if (name === "new") go("setup", { model, source, step: params.step }, { replace: true });
}

/** Take what was saved elsewhere in place of what is shown here. Throws a Problem. */
export async function reload() {
  const { model, source } = wizard.peek();
  wizard.value = rules.resumed(await api.getSource(model, source.source_id));
}
