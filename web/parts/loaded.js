import { useEffect, useSignal } from "../html.js";
import { Problem } from "../api.js";

/** What a function answers, and how that goes: a signal of `{ value, problem, loading }`.
 *
 * `load({ signal })` is called at once, again when `given` changes, and every `every` milliseconds
 * (or what `every(value)` says; 0 stops) while the page is in sight. What is there stays in place
 * while something newer is on its way, and when that fails. `reload()` asks at once.
 */
export function useLoaded(load, given, { every = 0 } = {}) {
  const state = useSignal({ value: null, problem: null, loading: true });
  const asked = useSignal(0);
  useEffect(() => {
    state.value = { value: null, problem: null, loading: true };
  }, given);
  useEffect(() => {
    const mine = new AbortController();
    let timer = 0;
    const again = async () => {
      if (document.visibilityState === "hidden") {
        document.addEventListener("visibilitychange", again, { once: true, signal: mine.signal });
        return;
      }
      state.value = { ...state.peek(), loading: true };
      try {
        const value = await load({ signal: mine.signal });
        state.value = { value, problem: null, loading: false };
      } catch (problem) {
        if (mine.signal.aborted) return;
        if (!(problem instanceof Problem)) throw problem;
        state.value = { ...state.peek(), problem, loading: false };
      }
      if (mine.signal.aborted) return;
      const wait = typeof every === "function" ? every(state.peek().value) : every;
      if (wait) timer = setTimeout(again, wait);
    };
    again();
    return () => {
      mine.abort();
      clearTimeout(timer);
    };
  }, [...given, asked.value]);
  return { ...state.value, reload: () => (asked.value += 1) };
}
