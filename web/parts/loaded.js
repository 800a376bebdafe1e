import { useEffect, useSignal } from "../html.js";
import { Problem } from "../api.js";
import { inSight, pause } from "./sight.js";

/** What a function answers, and how that goes: a signal of `{ value, problem, loading }`.
 *
 * `load({ signal, known, show })` is called at once, again when `given` changes, and every `every`
 * milliseconds (or what `every(value)` says; 0 stops) while the page is in sight. `known` is the
 * value that is shown, and `show(part)` shows a part of what is still on its way. What is there
 * stays in place while something newer is loaded, and when that fails. `reload()` asks at once.
 */
export function useLoaded(load, given, { every = 0 } = {}) {
  const state = useSignal({ value: null, problem: null, loading: true });
  const asked = useSignal(0);
  useEffect(() => {
    state.value = { value: null, problem: null, loading: true };
  }, given);
  useEffect(() => {
    const mine = new AbortController();
    const { signal } = mine;
    const show = (value) => {
      if (!signal.aborted) state.value = { ...state.peek(), value };
    };
    const once = async () => {
      state.value = { ...state.peek(), loading: true };
      try {
        const value = await load({ signal, known: state.peek().value, show });
        if (!signal.aborted) state.value = { value, problem: null, loading: false };
      } catch (problem) {
        if (signal.aborted) return;
        if (!(problem instanceof Problem)) throw problem;
        state.value = { ...state.peek(), problem, loading: false };
      }
    };
    const again = async () => {
      while (!signal.aborted) {
        await inSight(signal);
        await once();
        const wait = typeof every === "function" ? every(state.peek().value) : every;
        if (!wait || signal.aborted) return;
        await pause(wait, signal);
      }
    };
    again();
    return () => mine.abort();
  }, [...given, asked.value]);
  return { ...state.value, reload: () => (asked.value += 1) };
}
