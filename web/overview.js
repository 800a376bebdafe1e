// The sources of a model with their last runs: read a page at a time, and kept up to date.
import { database, server } from "./connection_form.js";
import * as api from "./api.js";

export const SHOWN_RUNS = 30;
const PAGE = 50;
// What may have come since the last look; more than that is asked for anew.
const NEW_RUNS = 3;

const names = new Intl.Collator(undefined, { numeric: true });

/** Every source, by name. At first each page is shown as it comes; later only what is new is read. */
export async function everySource(model, { signal, known, show }) {
  const before = new Map((known ?? []).map((each) => [each.source.source_id, each]));
  const found = [];
  let after;
  do {
    const page = await nextPage(model, { after, signal }, known === null ? null : before);
    found.push(...page.sources);
    after = page.next_after ?? undefined;
    if (known === null && after) show(byName(found));
  } while (after);
  return byName(found);
}

async function nextPage(model, where, before) {
  const ask = (runs) => api.overview(model, { limit: PAGE, runs, ...where });
  if (before === null) return ask(SHOWN_RUNS);
  const page = await ask(NEW_RUNS);
  const sources = page.sources.map((each) => joined(before.get(each.source.source_id), each));
  return sources.includes(null) ? ask(SHOWN_RUNS) : { ...page, sources };
}

/** What was known, with what is new; null if runs are missing in between.
 *
 * What has not changed stays the very same object, so that nothing is drawn anew for it.
 */
export function joined(before, now) {
  const complete = now.runs.length < NEW_RUNS;
  if (!before) return complete ? now : null;
  const oldest = now.runs.at(-1)?.run_id;
  const at = before.runs.findIndex((run) => run.run_id === oldest);
  if (at === -1 && !complete) return null;
  const older = complete ? [] : before.runs.slice(at + 1);
  const all = { ...now, runs: [...now.runs, ...older].slice(0, SHOWN_RUNS) };
  return JSON.stringify(all) === JSON.stringify(before) ? before : all;
}

const byName = (sources) =>
  sources.toSorted((one, other) => names.compare(one.source.name, other.source.name));

const lastIs = (...states) => ({ runs: [last] }) => states.includes(last?.state);
const isIn = (state) => ({ source }) => source.state === state;

// What a person may want to see of many sources.
export const KINDS = [
  ["all", "All", () => true],
  ["failing", "Failed last", lastIs("failed")],
  ["live", "Running", lastIs("queued", "running")],
  ["active", "Active", isIn("active")],
  ["paused", "Paused", isIn("paused")],
  ["draft", "Drafts", isIn("draft")],
];

export const ofKind = (sources, kind) => sources.filter(KINDS.find(([name]) => name === kind)[2]);

/** Those with a text in their name, or in that of the server or the database. */
export function matching(sources, text) {
  const sought = text.trim().toLowerCase();
  const has = (part) => part?.toLowerCase().includes(sought);
  return sources.filter(({ source: { name, connection } }) =>
    [name, server(connection), database(connection)].some(has),
  );
}
