import { html, useRef, useSignal } from "../html.js";
import { Problem } from "../api.js";
import { announce } from "./live.js";
import { ProblemNotice } from "./notice.js";

/** Something that a person sets off, and how that goes: `{ pending, problem, done, run, clear }`.
 *
 * `run(…)` calls `work(…)` unless it is under way already, and gives whether it went well. `said`
 * is announced then.
 */
export function useAction(work, said = null) {
  const state = useSignal({ pending: false, problem: null, done: false });
  const latest = useRef();
  latest.current = work;
  const run = async (...given) => {
    if (state.peek().pending) return false;
    state.value = { pending: true, problem: null, done: false };
    try {
      await latest.current(...given);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      state.value = { pending: false, problem, done: false };
      return false;
    }
    state.value = { pending: false, problem: null, done: true };
    if (said) announce(said);
    return true;
  };
  const clear = () => (state.value = { pending: false, problem: null, done: false });
  return { ...state.value, run, clear };
}

/** The button of an action. It keeps the focus while it is under way. */
export const ActionButton = ({ action, label, pending = label, look = "secondary", onClick, ...rest }) => html`<button
  type="button" class=${look} aria-busy=${action.pending ? "true" : undefined}
  aria-disabled=${action.pending ? "true" : undefined}
  onClick=${onClick ?? (() => action.run())} ...${rest}
>${action.pending ? pending : label}</button>`;

/** What went wrong with an action, beside it. */
export const ActionProblem = ({ action, onRetry = null }) =>
  action.problem &&
  html`<div class="action-problem"><${ProblemNotice} problem=${action.problem} onRetry=${onRetry} /></div>`;
