// What a stale tab is told. Each export is a test.
import { differences } from "/compare.js";
import { same } from "/unit/expect.js";

const table = (table_name, more = {}) => [table_name, { schema_name: "s", table_name, ...more }];
const state = (more = {}) => ({
  name: "Shop", values: { host: "h" }, selection: new Map([table("a")]), dataset: "shop",
  schedule: { type: "manual" }, options: { verify: "counts", parallel: 1, drift: "add", unfit: "fail" },
  ...more,
});

export function the_same_differs_in_nothing() {
  const stored = { columns: null, mode: "full", cursor: [], lag_seconds: 60 };
  same(differences(state(), state({ selection: new Map([table("a", stored)]) })), []);
}

export function each_difference_is_a_line() {
  const there = state({
    name: "Store", values: { host: "x" }, dataset: "store",
    schedule: { type: "cron", expression: "0 2 * * *", time_zone: "UTC" },
    options: { verify: "digest", parallel: 1, drift: "add", unfit: "fail" },
  });
  same(differences(state(), there), [
    { what: "Name", here: "Shop", there: "Store" },
    { what: "Connection: host", here: "h", there: "x" },
    { what: "Dataset", here: "shop", there: "store" },
    { what: "Schedule", here: "by hand", there: "0 2 * * *, UTC" },
    { what: "Verification", here: "counts", there: "digest" },
  ]);
}

export function tables_of_one_side_and_tables_taken_otherwise() {
  const here = state({ selection: new Map([table("a"), table("b")]) });
  const there = state({
    selection: new Map([table("a", { mode: "append", cursor: ["id"] }), ...["c", "d", "e", "f"].map((name) => table(name))]),
  });
  same(differences(here, there), [
    { what: "Tables on one side alone", here: "s.b", there: "s.c, s.d, s.e and 1 more" },
    { what: "Tables that are taken otherwise", here: "s.a", there: "s.a" },
  ]);
}
