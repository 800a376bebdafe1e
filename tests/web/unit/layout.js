// How a table lies in its destination. Each export is a test.
import {
  inWords, isOffered, partitionedBy, parting, sorting, spansOf, whole, withSorted, wrongOf,
} from "/layout.js";
import { is, same } from "/unit/expect.js";

const column = (name, ...layouts) => ({ name, layouts });
const at = column("at", "cluster", "day", "hour", "month", "year");
const id = column("id", "cluster", "range");
const described = { columns: [id, at, column("note", "cluster"), column("shape")] };
const range = (start, end, interval) => ({ start, end, interval });
const names = (columns) => columns.map(({ name }) => name);

export function only_what_is_taken_and_can_is_offered() {
  same(names(parting(described, {})), ["id", "at"]);
  same(names(sorting(described, { columns: ["at", "note", "shape"] })), ["at", "note"]);
  is(isOffered(described), true);
  is(isOffered({ columns: [column("id"), { name: "old" }] }), false);
}

export function spans_of_time_stand_in_their_order() {
  same(spansOf(at), ["hour", "day", "month", "year"]);
  same(spansOf(id), []);
}

export function a_column_begins_with_days_or_with_a_range_that_is_not_said() {
  same(partitionedBy(at), { column: "at", granularity: "day" });
  same(partitionedBy(id), { column: "id", range: range("", "", "") });
}

export function a_range_is_saved_once_all_of_it_is_said_and_right() {
  const by = (typed) => whole({ column: "id", range: typed });
  is(by(range("", "", "")), null);
  is(by(range("0", "100", "x")), null);
  is(by(range("100", "100", "1")), null);
  same(by(range(" -5", "100", "10")), { column: "id", range: range(-5, 100, 10) });
  same(whole({ column: "at", granularity: "day" }), { column: "at", granularity: "day" });
  is(whole(null), null);
}

export function what_is_wrong_stands_beside_its_number() {
  same(wrongOf(range("", "", "")), {});
  same(Object.keys(wrongOf(range("1.5", "x", ""))), ["start", "end"]);
  same(Object.keys(wrongOf(range("5", "5", "1"))), ["end"]);
  same(Object.keys(wrongOf(range("0", "5", "0"))), ["interval"]);
  same(Object.keys(wrongOf(range("0", "10001", "1"))), ["interval"]);
  same(wrongOf(range(0, 10000, 1)), {});
}

export function columns_are_sorted_by_in_the_order_of_their_choice() {
  same(withSorted([], 0, "a"), ["a"]);
  same(withSorted(["a", "b"], 1, "c"), ["a", "c"]);
  same(withSorted(["a", "b"], 2, "c"), ["a", "b", "c"]);
  same(withSorted(["a", "b"], 0, ""), ["b"]);
}

export function it_is_said_in_words() {
  is(inWords({}), "as it comes");
  is(inWords({ partition_by: { column: "at", granularity: "month" } }), "one partition for each month of at");
  is(inWords({ partition_by: { column: "id", range: range(0, 9, 1) }, cluster_by: ["a", "b"] }), "partitions by id, sorted by a, b");
}
