// How what is known of sources is joined with what is new. Each export is a test.
import * as overview from "/overview.js";
import { is, same } from "/unit/expect.js";

const of = (...ids) => ({ source: { source_id: "s", name: "Shop" }, runs: ids.map((run_id) => ({ run_id })) });
const ids = (each) => each.runs.map((run) => run.run_id).join("");

export function what_has_not_changed_is_the_same_object() {
  const before = of("f", "e", "d", "c");
  is(overview.joined(before, of("f", "e", "d")), before);
}

export function new_runs_come_before_those_that_are_known() {
  is(ids(overview.joined(of("f", "e", "d", "c"), of("h", "g", "f"))), "hgfedc");
}

export function a_gap_is_noticed() {
  is(overview.joined(of("f", "e", "d", "c"), of("k", "j", "i")), null);
  is(overview.joined(undefined, of("k", "j", "i")), null);
}

export function few_runs_are_all_there_are() {
  is(ids(overview.joined(undefined, of("a"))), "a");
  is(ids(overview.joined(of(), of("b", "a"))), "ba");
  is(ids(overview.joined(of("b", "a"), of())), "");
}

export function thirty_runs_are_kept() {
  const many = Array.from({ length: 30 }, (_, at) => String(at));
  is(overview.joined(of(...many), of("new", "0", "1")).runs.length, 30);
}

export function a_source_is_found_by_name_host_and_database() {
  const source = (name, connection) => ({ source: { name, connection } });
  const all = [source("Shop", { host: "db.a", database: "x" }), source("CRM", { host: "db.b", database: "y" })];
  const found = (text) => overview.matching(all, text).map(({ source: { name } }) => name);
  same([found("sho"), found("DB.B "), found("y"), found("db")], [["Shop"], ["CRM"], ["CRM"], ["Shop", "CRM"]]);
}

export function sources_are_told_apart_by_what_they_need() {
  const failed = { source: { state: "active" }, runs: [{ state: "failed" }] };
  const draft = { source: { state: "draft" }, runs: [] };
  is(overview.ofKind([failed, draft], "failing")[0], failed);
  is(overview.ofKind([failed, draft], "draft")[0], draft);
  is(overview.ofKind([failed, draft], "all").length, 2);
}
