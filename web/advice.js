// How the chosen tables are best taken: asked for a few at a time, as they are chosen.
import * as api from "./api.js";
import { isSmall, isUntouched } from "./selection.js";
import { batch, signal } from "./vendor/signals.js";
import { advised, change, wizard } from "./wizard.js";

const AT_ONCE = 25; // tables that one connection is asked about
const PACE = 100; // milliseconds between what is shown and what came meanwhile

/** The tables that are being looked at, or wait for it, by their keys. */
export const looking = signal(new Map());
/** Why the rest is not known, if asking failed. */
export const adviceProblem = signal(null);

let running = null;
let asking = new AbortController();

/** Look at those of the tables that were chosen and have no settings yet.
 *
 * A small one needs no looking at: read whole, nothing of it is missed, deletes included.
 */
export function consider(tables) {
  const { selection } = wizard.peek();
  const more = tables.filter((table) => {
    const chosen = selection.get(table.key);
    return chosen && isUntouched(chosen) && !isSmall(table);
  });
  if (!more.length) return;
  looking.value = new Map([...looking.peek(), ...more.map((table) => [table.key, table])]);
  running ??= look().finally(() => (running = null));
}

/** Resolves when nothing is looked at any more. */
export const settled = () => running ?? Promise.resolve();

/** What was not looked at is read whole. */
export function stopLooking() {
  looking.value = new Map();
  adviceProblem.value = null;
  asking.abort();
}

async function look() {
  adviceProblem.value = null;
  const { source } = wizard.peek();
  while (looking.peek().size) {
    const tables = [...looking.peek().values()].slice(0, AT_ONCE);
    const mine = (asking = new AbortController());
    try {
      await ask(source, tables, mine.signal);
    } catch (problem) {
      if (mine.signal.aborted) continue; // there may be others that were chosen since
      if (!(problem instanceof api.Problem)) throw problem;
      looking.value = new Map();
      adviceProblem.value = problem;
    }
  }
}

async function ask({ model_id, source_id }, tables, signal) {
  const names = tables.map(({ schema_name, table_name }) => ({ schema_name, table_name }));
  let come = [];
  let shown = performance.now();
  const show = () => {
    if (wizard.peek().source?.source_id === source_id) change(advised, come);
    come = [];
    shown = performance.now();
  };
  const body = { model_id, source_id, tables: names };
  for await (const [, { selection }] of api.adviseTables(body, { signal })) {
    come.push(selection);
    if (performance.now() - shown > PACE) show();
  }
  batch(() => {
    show();
    forget(tables); // also those that are not there any more
  });
}

function forget(tables) {
  const rest = new Map(looking.peek());
  for (const { key } of tables) rest.delete(key);
  looking.value = rest;
}
