// What the wizard's rules say, in the browser that runs them. Each export is a test.
import * as stored from "/stored.js";
import * as rules from "/wizard.js";
import { is, same } from "/unit/expect.js";

const field = (name, more = {}) => ({
  name, label: name, kind: "text", required: true, default: null, minimum: null, maximum: null, ...more,
});
const port = (standard) =>
  field("port", { kind: "number", required: false, default: standard, minimum: 1, maximum: 65535 });
const secret = [field("password", { kind: "password" })];
const POSTGRES = { type: "postgres", connection: [field("host"), port(5432), field("user")], credentials: secret };
const MYSQL = { type: "mysql", connection: [field("host"), port(3306), field("user")], credentials: secret };
const SOURCE = {
  model_id: "m", source_id: "s", name: "Shop", etag: "1", dataset: "shop",
  connection: { type: "postgres", host: "h", port: 5432, user: "u" },
  selection: [], schedule: { type: "manual" },
};
const typed = (state, values) =>
  Object.entries(values).reduce((now, [name, value]) => rules.typed(now, name, value), state);
const filled = () =>
  rules.typedSecret(
    typed(rules.named(rules.chosen(rules.blank("m"), POSTGRES), "Shop"), { host: "h", user: "u" }),
    "password", "secret",
  );

export function a_new_one_may_only_be_begun() {
  same(rules.STEPS.filter((step) => rules.mayEnter(rules.blank("m"), step)), ["source"]);
}

export function with_a_type_and_a_name_the_connection_may_be_entered() {
  const state = rules.chosen(rules.blank("m"), POSTGRES);
  is(rules.mayEnter(state, "connection"), false);
  is(rules.mayEnter(rules.named(state, "  "), "connection"), false);
  is(rules.mayEnter(rules.named(state, "Shop"), "connection"), true);
}

export function the_tables_may_be_entered_once_the_connection_is_saved_as_it_is_shown() {
  is(rules.mayEnter(filled(), "tables"), false);
  const saved = stored.saved(filled(), SOURCE);
  is(rules.mayEnter(saved, "tables"), true);
  is(rules.mayEnter(rules.typed(saved, "host", "other"), "tables"), false);
  is(rules.mayEnter(rules.typed(rules.typed(saved, "host", "x"), "host", "h"), "tables"), true);
  is(rules.mayEnter(rules.typedSecret(saved, "password", "new"), "tables"), false);
}

export function without_a_table_there_is_nothing_to_schedule() {
  const table = { schema_name: "public", table_name: "a" };
  const saved = stored.saved(filled(), SOURCE);
  is(rules.mayEnter(saved, "schedule"), false);
  is(rules.mayEnter(rules.taken(saved, table, table), "review"), true);
  is(rules.mayEnter(rules.taken(rules.taken(saved, table, table), table, null), "schedule"), false);
}

const BOTH = {
  type: "postgres",
  ways: [{ value: "host" }, { value: "instance" }],
  connection: [
    field("instance", { way: "instance" }), field("host", { way: "host" }), field("user"),
    field("login", { way: "instance", default: "password" }),
  ],
  credentials: [field("password", { only_if: { field: "login", value: "password" } })],
};

export function an_instance_is_named_in_place_of_a_host() {
  const begun = rules.named(rules.chosen(rules.blank("m"), BOTH), "Shop");
  const host = rules.typedSecret(typed(begun, { host: "h", user: "u", login: "iam" }), "password", "x");
  same(rules.connection(host, BOTH), { type: "postgres", host: "h", user: "u" });
  same(rules.missing(host, BOTH), {});
  const instance = rules.namedBy(typed(host, { login: "password" }), "instance");
  same(Object.keys(rules.missing(instance, BOTH)), ["connection.instance"]);
  const named = rules.typed(instance, "instance", "p:r:i");
  same(rules.connection(named, BOTH), { type: "postgres", instance: "p:r:i", user: "u", login: "password" });
  same(rules.credentials(named, BOTH), { password: "x" });
  const old = { ...BOTH, ways: [] };
  same(Object.keys(rules.connection(named, old)), ["type", "host", "user"]);
}

export function a_login_by_iam_needs_no_password() {
  const begun = rules.named(rules.namedBy(rules.chosen(rules.blank("m"), BOTH), "instance"), "Shop");
  const state = typed(begun, { instance: "p:r:i", user: "u" });
  same(Object.keys(rules.missing(state, BOTH)), ["credentials.password"]);
  const iam = rules.typed(state, "login", "iam");
  same(rules.missing(iam, BOTH), {});
  is(rules.credentials(iam, BOTH), null);
}

export function a_stored_instance_and_a_pasted_url_say_how_it_is_named() {
  const connection = { type: "postgres", instance: "p:r:i", host: null, user: "u", login: "iam" };
  const stored = rules.resumed({ ...SOURCE, connection });
  is(stored.way, "instance");
  is(rules.unsaved(stored), false);
  is(rules.unsaved(rules.namedBy(stored, "host")), true);
  is(rules.pasted(stored, { values: { host: "h" }, secrets: {} }).way, "host");
  is(rules.pasted(rules.blank("m"), { values: { instance: "p:r:i" }, secrets: {} }).way, "instance");
}

export function another_type_brings_its_port_unless_one_was_typed() {
  const state = rules.typed(rules.chosen(rules.blank("m"), POSTGRES), "host", "h");
  same(rules.chosen(state, MYSQL, POSTGRES).values, { host: "h", port: "3306", user: "" });
  const own = rules.typed(state, "port", "6432");
  is(rules.chosen(own, MYSQL, POSTGRES).values.port, "6432");
}

export function what_is_missing_or_out_of_range_is_told_at_once() {
  const state = rules.typed(rules.chosen(rules.blank("m"), POSTGRES), "port", "70000");
  const wrong = rules.missing(state, POSTGRES);
  same(Object.keys(wrong).sort(), [
    "connection.host", "connection.port", "connection.user", "credentials.password", "name",
  ]);
  is(wrong["connection.port"].message, "must be at most 65535");
  const words = rules.missing(rules.typed(state, "port", "a"), POSTGRES);
  is(words["connection.port"].message, "must be a whole number");
  same(rules.missing(filled(), POSTGRES), {});
}

export function the_connection_is_what_the_functions_take() {
  same(rules.connection(filled(), POSTGRES), { type: "postgres", host: "h", port: 5432, user: "u" });
  same(rules.credentials(filled(), POSTGRES), { password: "secret" });
  const empty = rules.typed(filled(), "port", "");
  same(rules.connection(empty, POSTGRES), { type: "postgres", host: "h", user: "u" });
}

export function a_failed_layer_marks_the_fields_at_fault() {
  const check = {
    layer: "login", status: "failed", hint: "Look.",
    fields: [{ path: "connection.user", message: "may be wrong", suggestion: null }],
  };
  const state = rules.testEnded(rules.checked(rules.testBegun(filled()), check));
  is(state.test.state, "failed");
  same(Object.keys(state.wrong), ["connection.user"]);
  const corrected = rules.typed(state, "user", "x");
  same(corrected.wrong, {});
  is(corrected.test.state, "outdated");
}

export function a_test_without_a_failed_layer_has_passed() {
  const check = { layer: "tls", status: "warned", fields: [] };
  is(rules.testEnded(rules.checked(rules.testBegun(filled()), check)).test.state, "passed");
}

export function what_is_typed_during_a_test_outdates_it() {
  is(rules.typed(rules.testBegun(filled()), "host", "x").test.state, "outdated");
}

export function saving_forgets_the_password() {
  const state = stored.saved(filled(), SOURCE);
  same(state.secrets, {});
  is(rules.hasStoredSecret(state), true);
  is(JSON.stringify(state).includes('"secret"'), false);
}

export function a_stale_save_is_told_apart_and_loses_nothing() {
  const stale = { code: "source_stale", fields: [] };
  const state = rules.notSaved(rules.saveBegun(filled()), stale);
  is(state.stale, true);
  is(state.saving, false);
  is(state.problem, null);
  is(state.values.host, "h");
  const other = { code: "invalid_input", fields: [{ path: "name", message: "is wrong" }] };
  is(rules.notSaved(filled(), other).problem, other);
  is(rules.notSaved(filled(), other).wrong.name.message, "is wrong");
}

export function selecting_all_keeps_what_was_chosen_before() {
  const tables = ["a", "b"].map((table_name) => ({ schema_name: "s", table_name }));
  const chosen = { ...tables[0], mode: "append", cursor: ["id"] };
  const state = rules.takenAll(rules.taken(filled(), tables[0], chosen), tables, true);
  same([...state.selection.values()], [chosen, tables[1]]);
  is(rules.takenAll(state, tables, false).selection.size, 0);
}

export function a_draft_is_resumed_where_it_was_left() {
  is(rules.resumeStep(SOURCE), "tables");
  is(rules.resumeStep({ ...SOURCE, selection: [{}], setup_step: "schedule" }), "schedule");
  const state = rules.resumed(SOURCE);
  same(state.values, { host: "h", port: "5432", user: "u" });
  is(rules.unsaved(state), false);
}

export function names_that_hold_a_dot_are_told_apart() {
  const one = rules.tableKey({ schema_name: "a.b", table_name: "c" });
  is(one === rules.tableKey({ schema_name: "a", table_name: "b.c" }), false);
}
