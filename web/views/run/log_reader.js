import { useEffect, useSignal } from "../../html.js";
import { Problem, runLog } from "../../api.js";
import { inSight, pause } from "../../parts/sight.js";

const PAGE = 500;
const FOLLOW = 1500; // ms between two looks at a log that grows
export const PLENTY = 2000; // lines that are read without being asked for
const KEPT = 5000; // lines that are shown at most: the page has to stay quick

/** A run's log as it is read: `{ lines, read, dropped, ended, stopped, absent, problem, … }`.
 *
 * It is read to its end, or until there is plenty: then it has `stopped`, and `more()` reads on.
 * It is followed while the run is live. `dropped` is how many of the first lines are no longer
 * held; `again()` tries again after a problem.
 */
export function useLog({ model_id: model, source_id: source, run_id: id }, { level, search }) {
  const state = useSignal(EMPTY);
  const wanted = useSignal(PLENTY);
  const asked = useSignal(0);
  useEffect(() => {
    state.value = EMPTY;
    wanted.value = PLENTY;
  }, [model, source, id, level, search]);
  useEffect(() => {
    const mine = new AbortController();
    const { signal } = mine;
    const read = async () => {
      while (!signal.aborted) {
        await inSight(signal);
        const { after, read: soFar } = state.peek();
        const query = { limit: PAGE, level, search: search || undefined, after: after ?? undefined };
        const page = await runLog(model, source, id, { query, signal });
        if (signal.aborted) return;
        const stopped = page.more && soFar + page.lines.length >= wanted.value;
        state.value = { ...withPage(state.peek(), page), stopped };
        if (stopped || page.next_after === null) return;
        if (!page.more) await pause(FOLLOW, signal);
      }
    };
    read().catch((problem) => {
      if (signal.aborted) return;
      if (!(problem instanceof Problem)) throw problem;
      state.value = { ...state.peek(), problem };
    });
    return () => mine.abort();
  }, [model, source, id, level, search, wanted.value, asked.value]);
  const again = () => {
    state.value = { ...state.peek(), problem: null };
    asked.value += 1;
  };
  const more = () => {
    if (state.peek().stopped) wanted.value = state.peek().read + PLENTY;
    state.value = { ...state.peek(), stopped: false };
  };
  return { ...state.value, more, again };
}

const EMPTY = {
  lines: [], read: 0, dropped: 0, after: null, begun: false, ended: false, stopped: false,
  absent: null, problem: null,
};

function withPage(before, page) {
  const all = [...before.lines, ...page.lines];
  const dropped = Math.max(0, all.length - KEPT);
  return {
    lines: dropped ? all.slice(dropped) : all,
    read: before.read + page.lines.length,
    dropped: before.dropped + dropped,
    after: page.next_after ?? before.after,
    begun: true,
    ended: page.next_after === null,
    absent: page.absent,
    problem: null,
  };
}
