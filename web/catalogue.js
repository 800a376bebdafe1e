// The tables of the source that is set up, as its database lists them.
import * as api from "./api.js";
import { listed } from "./table_rows.js";
import { signal } from "./vendor/signals.js";
import { tableKey } from "./wizard.js";

const PACE = 120; // milliseconds between what is shown and what came meanwhile

const NOTHING = { of: null, tables: [], state: "none", problem: null };

/** `state`: none, listing, complete, or broken with a problem. What was found stays. */
export const catalogue = signal(NOTHING);

let running = null;

/** List the source's tables, unless they are listed; `again` does in any case. */
export async function list(source, { again = false } = {}) {
  const of = JSON.stringify([source.model_id, source.source_id, source.connection]);
  const before = catalogue.peek();
  if (before.of === of && !again && before.state !== "broken") return;
  running?.abort();
  const mine = (running = new AbortController());
  const found = [];
  const show = (state, problem = null) => {
    if (mine === running) catalogue.value = { of, tables: found.slice(), state, problem };
  };
  show("listing");
  let shown = 0; // the first one shows at once
  const ids = { model_id: source.model_id, source_id: source.source_id };
  try {
    for await (const [, table] of api.listTables(ids, { signal: mine.signal })) {
      found.push(listed(table, tableKey(table)));
      if (performance.now() - shown > PACE) {
        show("listing");
        shown = performance.now();
      }
    }
    show("complete");
  } catch (problem) {
    if (mine.signal.aborted) return;
    if (!(problem instanceof api.Problem)) throw problem;
    show("broken", problem);
  }
}

/** Nobody looks at it any more: what is on its way is stopped, and listed anew the next time. */
export function stopListing() {
  if (catalogue.peek().state !== "listing") return;
  running?.abort();
  running = null;
  catalogue.value = NOTHING;
}

/** Of these tables alone, what the database says of them now. Throws a Problem. */
export async function lookUp(source, tables, { signal } = {}) {
  const found = [];
  const body = {
    model_id: source.model_id,
    source_id: source.source_id,
    tables: tables.map(({ schema_name, table_name }) => ({ schema_name, table_name })),
  };
  for await (const [, table] of api.listTables(body, { signal })) {
    found.push(listed(table, tableKey(table)));
  }
  return found;
}
