// What is shown of a source against what is stored of it: values and rules, as in wizard.js.
import { sameSchedule } from "./schedule_form.js";
import { compact, sameSelection } from "./selection.js";
import { OPTIONS, STEPS, resumed, tableKey, unsaved, wizard } from "./wizard.js";

/** What a source takes otherwise than it is stored, as save_draft wants it; empty if nothing. */
export function changes(state) {
  const { source } = state;
  const part = {};
  if (state.name.trim() !== source.name) part.name = state.name.trim();
  const before = new Map(source.selection.map((table) => [tableKey(table), table]));
  const same = ([key, table]) => before.has(key) && sameSelection(table, before.get(key));
  if (state.selection.size !== before.size || ![...state.selection].every(same)) {
    part.selection = [...state.selection.values()].map(compact);
  }
  if (state.dataset !== source.dataset) part.dataset = state.dataset;
  if (!sameSchedule(state.schedule, source.schedule)) part.schedule = state.schedule;
  for (const name of OPTIONS) {
    if (state.options[name] !== source[name]) part[name] = state.options[name];
  }
  return part;
}

/** The step that the set-up goes on with, once `step` may be entered: never one before. */
export const reached = ({ setup_step: before }, step) =>
  STEPS.indexOf(step) > STEPS.indexOf(before) ? step : before;

/** What was saved is the truth now; secrets are stored, and forgotten here.
 *
 * `part` was saved of what was `sent`; what is not in it, or was changed meanwhile, stays as it is.
 */
export function saved(state, source, part = {}, sent = state) {
  const stored = resumed(source);
  const isStored = (name) => name in part && state[name] === sent[name];
  const kept = ["name", "selection", "schedule"].filter((name) => !isStored(name));
  return {
    ...stored,
    test: state.test,
    ...Object.fromEntries(kept.map((name) => [name, state[name]])),
    ...(state.source && { dataset: state.dataset, options: state.options }),
  };
}

/** The source was changed elsewhere; what is shown here follows unless something of it is unsaved. */
export function foundChanged(state, source) {
  if (state.saving || source.etag === state.source.etag) return state;
  const untouched = !unsaved(state) && Object.keys(changes(state)).length === 0;
  return untouched ? resumed(source) : { ...state, stale: true };
}

/** The source as something else than a save has made it, such as an activation. */
export const adopt = (source) => (wizard.value = { ...wizard.peek(), source });

/** Go on with what is shown here, on top of what was saved elsewhere. */
export const rebased = (state, source) => ({ ...state, source, stale: false, problem: null });
