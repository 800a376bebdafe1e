// What the list of tables shows, in the browser that shows it. Each export is a test.
import { grouped, isGroup, listed, matching, ordered, takenOf, totals } from "/table_rows.js";
import { is, same } from "/unit/expect.js";

const table = (schema_name, table_name, estimated_rows = 1, more = {}) =>
  listed({ schema_name, table_name, estimated_rows, bytes: 10, readable: true, ...more }, `${schema_name}.${table_name}`);
const TABLES = [table("crm", "Customers", 5), table("sales", "orders", null), table("sales", "log", 9)];
const names = (tables) => tables.map((each) => each.table_name);

export function every_word_has_to_be_there_in_whatever_case() {
  same(names(matching(TABLES, "CUST")), ["Customers"]);
  same(names(matching(TABLES, " sales  or ")), ["orders"]);
  same(names(matching(TABLES, "crm orders")), []);
  is(matching(TABLES, "  "), TABLES);
}

export function what_is_not_known_comes_last_in_either_direction() {
  same(names(ordered(TABLES, { key: "rows", ascending: false })), ["log", "Customers", "orders"]);
  same(names(ordered(TABLES, { key: "rows", ascending: true })), ["Customers", "log", "orders"]);
  same(names(ordered(TABLES, { key: "name", ascending: false })), ["log", "orders", "Customers"]);
  same(names(TABLES), ["Customers", "orders", "log"]);
}

export function a_folded_schema_hides_its_tables() {
  const rows = grouped(TABLES, new Set(["sales"]));
  same(rows.map((row) => (isGroup(row) ? row.schema : row.table_name)), ["crm", "Customers", "sales"]);
  is(rows[2].tables.length, 2);
}

export function those_that_may_not_be_read_are_no_gap() {
  const some = [...TABLES, table("sales", "secret", 1, { readable: false })];
  is(takenOf(some, new Map()).state, "none");
  is(takenOf(some, new Map([["sales.log", {}]])).state, "some");
  is(takenOf(some, new Map(TABLES.map(({ key }) => [key, {}]))).state, "all");
}

export function totals_say_of_how_many_nothing_is_known() {
  same(totals(TABLES), { count: 3, rows: 14, bytes: 30, unknown: 1 });
}
