// How far a run has come, as values: no DOM, no network.

const DONE = ["staged", "published"];
// What is done last is as good as done, but not done.
const ALMOST = 0.99;
// A rate is of the last seconds: what was an hour ago says nothing of what is to come.
const SEEN_SECONDS = 15;

/** A table's share that is read, of 0 to 1; null if nobody knows how much there is. */
export function shareOf(table) {
  if (DONE.includes(table.state)) return 1;
  if (table.estimated_rows) return Math.min(table.rows / table.estimated_rows, ALMOST);
  return table.chunks > 1 ? table.chunks_done / table.chunks : null;
}

/** For how many seconds a table will still be read, as far as estimates go; null if unknown. */
export function secondsLeftOf({ state, rows, estimated_rows: expected, rows_per_second: rate }) {
  if (state !== "reading" || !expected || !rate || rows >= expected) return null;
  return (expected - rows) / rate;
}

/** The same of a whole run, at `rate` rows a second. */
export function secondsLeft(run, rate) {
  const open = run.tables.filter((table) => !DONE.includes(table.state));
  if (!rate || !open.length || open.some((table) => !table.estimated_rows)) return null;
  return open.reduce((sum, table) => sum + Math.max(0, table.estimated_rows - table.rows), 0) / rate;
}

/** The share of the run's rows that is read; null if a table's size is unknown. */
export function shareOfRun(run) {
  const sizes = run.tables.map((table) => (shareOf(table) === 1 ? table.rows : table.estimated_rows));
  if (!sizes.length || sizes.includes(null)) return null;
  const all = sizes.reduce((sum, size) => sum + size, 0);
  if (!all) return null;
  const read = run.tables.map((table, at) => sizes[at] * shareOf(table));
  return read.reduce((sum, rows) => sum + rows, 0) / all;
}

// Of a live run, in their order.
export const PHASES = ["queued", "planning", "reading", "publishing"];

export function phaseOf(run) {
  if (run.state === "queued") return "queued";
  if (run.plan === null) return "planning";
  return run.tables.every((table) => DONE.includes(table.state)) ? "publishing" : "reading";
}

/** What has been seen of a run's rows, with one moment more: `[{ at, rows }]`, `at` in ms. */
export function seen(samples, at, rows) {
  const last = samples.at(-1);
  // Nothing has come yet, or a chunk is read anew.
  if (!rows || (last && rows < last.rows)) return [{ at, rows }];
  return [...samples, { at, rows }].filter((sample) => at - sample.at <= SEEN_SECONDS * 1000);
}

/** Rows a second over what has been seen; null before there are two moments. */
export function rateOf(samples) {
  const [first, last] = [samples[0], samples.at(-1)];
  return samples.length < 2 || last.at === first.at
    ? null
    : ((last.rows - first.rows) * 1000) / (last.at - first.at);
}

// The tables to look at come first.
const ORDER = ["failed", "reading", "waiting", "staged", "published"];

export const byUrgency = (tables) =>
  tables.toSorted((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
