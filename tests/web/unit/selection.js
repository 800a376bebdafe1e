// What is taken of a table. Each export is a test.
import {
  compact, how, needed, recommended, recommendedMode, sameSelection, takes, withColumn, withMode,
} from "/selection.js";
import { is, same } from "/unit/expect.js";

const column = (name, destination_type = "VARCHAR") => ({ name, destination_type });
const advice = (mode, more = {}) => ({ mode, sound: true, possible: true, cursor: [], key: [], ...more });
const described = (more = {}) => ({
  table: { schema_name: "s", table_name: "t", estimated_rows: 1e6, primary_key: ["id"] },
  columns: [column("id"), column("note"), column("at")],
  keys: [["id"], ["note"]],
  cursors: [{ cursor: ["at"] }, { cursor: ["id"] }],
  modes: [advice("merge", { cursor: ["at"] }), advice("full"), advice("append", { sound: false })],
  ...more,
});
const TABLE = { schema_name: "s", table_name: "t" };

export function the_advice_is_taken_with_what_it_names() {
  same(recommended(described()), { ...TABLE, mode: "merge", cursor: ["at"], key: [] });
}

export function a_small_table_is_read_whole() {
  const small = described({ table: { ...described().table, estimated_rows: 9999 } });
  is(recommendedMode(small).mode, "full");
  const unknown = described({ table: { ...described().table, estimated_rows: null } });
  is(recommendedMode(unknown).mode, "merge");
}

export function what_the_destination_has_no_type_for_is_left_out() {
  const odd = described({ columns: [column("id"), column("shape", null)] });
  same(recommended(odd).columns, ["id"]);
}

export function a_mode_that_nobody_advises_takes_the_best_cursor() {
  same(withMode(TABLE, "append", described()), { ...TABLE, mode: "append", cursor: ["at"] });
}

export function without_a_primary_key_the_first_key_is_named() {
  const table = { ...described().table, primary_key: [] };
  const keyed = described({ table, keys: [["note"]], modes: [advice("full"), advice("merge", { sound: false })] });
  same(withMode(TABLE, "merge", keyed).key, ["note"]);
}

export function another_mode_forgets_what_does_not_belong_to_it() {
  const merge = { ...TABLE, mode: "merge", cursor: ["at"], key: ["id"], look_back: 5, columns: ["id"] };
  same(withMode(merge, "full", described()), { ...TABLE, mode: "full", columns: ["id"] });
}

export function a_key_that_was_left_out_is_taken_for_merge() {
  const some = { ...TABLE, mode: "full", columns: ["note"] };
  same(withMode(some, "merge", described()).columns, ["id", "note"]);
}

export function what_the_layout_names_can_t_be_left_out() {
  const laid = { ...TABLE, partition_by: { column: "at", granularity: "day" }, cluster_by: ["note"] };
  same([...needed(laid, described()).keys()], ["note", "at"]);
}

export function all_columns_are_null_so_that_later_ones_come_too() {
  const fewer = withColumn(TABLE, "note", false, described());
  same(fewer.columns, ["id", "at"]);
  is(takes(fewer, "note"), false);
  is(withColumn(fewer, "note", true, described()).columns, null);
}

export function a_key_is_needed_by_merge_alone() {
  same([...needed({ ...TABLE, mode: "merge" }, described()).keys()], ["id"]);
  is(needed({ ...TABLE, mode: "full" }, described()).size, 0);
}

export function what_says_nothing_is_not_sent() {
  const stored = {
    ...TABLE, columns: null, unfit_columns: {}, decimal_columns: {}, mode: "full", cursor: [], key: [],
    lag_seconds: 60, look_back: 0, destination_table: null,
  };
  same(compact(stored), TABLE);
  same(compact({ ...stored, mode: "append", cursor: ["at"] }), {
    ...TABLE, mode: "append", cursor: ["at"], lag_seconds: 60, look_back: 0,
  });
  is(sameSelection(stored, TABLE), true);
  is(sameSelection(stored, { ...TABLE, destination_table: "x" }), false);
}

export function how_is_said_in_few_words() {
  same(how(TABLE), ["Whole", ""]);
  same(how({ ...TABLE, mode: "merge", cursor: ["a", "b"] }), ["New and changed", "a, b"]);
}
