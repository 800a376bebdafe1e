// What is said of how far a run has come. Each export is a test.
import * as progress from "/progress.js";
import { is, same } from "/unit/expect.js";

const table = (state, rows, more = {}) => ({
  state, rows, estimated_rows: null, chunks: 1, chunks_done: 0, rows_per_second: 0, ...more,
});
const run = (...tables) => ({ state: "running", plan: {}, tables });

export function a_table_has_a_share_if_its_size_is_known() {
  is(progress.shareOf(table("reading", 25, { estimated_rows: 100 })), 0.25);
  is(progress.shareOf(table("reading", 25)), null);
  is(progress.shareOf(table("reading", 25, { chunks: 4, chunks_done: 1 })), 0.25);
  is(progress.shareOf(table("staged", 25)), 1);
}

export function a_table_with_more_rows_than_were_expected_is_not_done() {
  is(progress.shareOf(table("reading", 300, { estimated_rows: 100 })), 0.99);
  is(progress.secondsLeftOf(table("reading", 300, { estimated_rows: 100, rows_per_second: 9 })), null);
}

export function what_is_left_takes_as_long_as_what_was_read() {
  const half = { estimated_rows: 100, rows_per_second: 10 };
  is(progress.secondsLeftOf(table("reading", 50, half)), 5);
  is(progress.secondsLeftOf(table("waiting", 0, half)), null);
  const both = run(table("reading", 50, half), table("waiting", 0, half), table("staged", 70));
  is(progress.secondsLeft(both, 30), 5);
  is(progress.secondsLeft(both, null), null);
  is(progress.secondsLeft(run(table("reading", 5)), 30), null);
}

export function the_run_s_share_is_that_of_its_rows() {
  const large = table("reading", 30, { estimated_rows: 90 });
  is(progress.shareOfRun(run(large, table("staged", 10))), 0.4);
  is(progress.shareOfRun(run(large, table("waiting", 0))), null);
  is(progress.shareOfRun(run()), null);
  is(progress.shareOfRun(run(table("staged", 0))), null);
}

export function the_phases_follow_from_plan_and_tables() {
  is(progress.phaseOf({ state: "queued", plan: null, tables: [] }), "queued");
  is(progress.phaseOf({ ...run(table("waiting", 0)), plan: null }), "planning");
  is(progress.phaseOf(run(table("staged", 1), table("waiting", 0))), "reading");
  is(progress.phaseOf(run(table("staged", 1), table("published", 1))), "publishing");
}

export function the_rate_is_that_of_the_last_seconds() {
  let samples = progress.seen([], 0, 0);
  samples = progress.seen(samples, 9000, 0);
  is(progress.rateOf(samples), null);
  samples = progress.seen(samples, 10_000, 500);
  is(progress.rateOf(samples), 500);
  samples = progress.seen(samples, 30_000, 1000);
  is(progress.rateOf(samples), null);
  same(progress.seen(samples, 31_000, 10), [{ at: 31_000, rows: 10 }]);
}

export function what_failed_and_what_is_read_comes_first() {
  const tables = ["staged", "waiting", "failed", "reading"].map((state) => ({ state }));
  same(progress.byUrgency(tables).map(({ state }) => state), ["failed", "reading", "waiting", "staged"]);
}
