// What is shown against what is stored. Each export is a test.
import * as stored from "/stored.js";
import * as rules from "/wizard.js";
import { is, same } from "/unit/expect.js";

const STORED = {
  model_id: "m", source_id: "s", name: "Shop", etag: "1", dataset: "shop",
  connection: { type: "postgres", host: "h", port: 5432, user: "u" }, schedule: { type: "manual" },
  setup_step: "tables", verify: "counts", parallel: 1, drift: "add", unfit: "fail",
  selection: [{ schema_name: "s", table_name: "a", mode: "full", columns: null, lag_seconds: 60 }],
};
const A = { schema_name: "s", table_name: "a" };

export function what_was_not_changed_is_not_saved() {
  const state = rules.resumed(STORED);
  same(stored.changes(state), {});
  same(stored.changes(rules.taken(rules.taken(state, A, null), A, A)), {});
}

export function what_was_changed_is_saved_in_short() {
  let state = rules.taken(rules.resumed(STORED), A, { ...A, mode: "append", cursor: ["id"], key: [] });
  state = rules.decided(rules.intoDataset(state, "lake"), "parallel", 4);
  state = rules.scheduled(state, { type: "interval", every: 5, unit: "hours" });
  same(stored.changes(state), {
    selection: [{ ...A, mode: "append", cursor: ["id"] }], dataset: "lake", parallel: 4,
    schedule: { type: "interval", every: 5, unit: "hours" },
  });
}

export function advice_holds_for_what_nobody_has_chosen_otherwise() {
  const B = { schema_name: "s", table_name: "b" };
  let state = rules.taken(rules.resumed(STORED), A, { ...A, mode: "full" });
  state = rules.taken(state, B, B);
  const advised = (table) => ({ ...table, mode: "append", cursor: ["id"] });
  const next = rules.advised(state, [advised(A), advised(B), advised({ schema_name: "s", table_name: "c" })]);
  same([...next.selection.values()].map((table) => [table.table_name, table.mode]), [["a", "full"], ["b", "append"]]);
}

export function what_is_changed_while_it_is_saved_stays() {
  const B = { schema_name: "s", table_name: "b" };
  const sent = rules.taken(rules.resumed(STORED), B, { ...B, mode: "append", cursor: ["id"] });
  const whole = { ...B, mode: "append", cursor: ["id"], lag_seconds: 60, look_back: 0 };
  const source = { ...STORED, etag: "2", selection: [...STORED.selection, whole] };
  const part = stored.changes(sent);
  same(stored.changes(stored.saved(sent, source, part, sent)), {});
  const later = stored.saved(rules.taken(sent, A, null), source, part, sent);
  same(later.selection.size, 1);
}

export function a_step_that_was_reached_stays_reached() {
  is(stored.reached(STORED, "schedule"), "schedule");
  is(stored.reached({ setup_step: "review" }, "schedule"), "review");
  is(rules.resumeStep({ ...STORED, setup_step: "review" }), "review");
  is(rules.resumeStep({ ...STORED, setup_step: "review", selection: [] }), "tables");
}

export function what_changed_elsewhere_is_taken_unless_something_here_is_unsaved() {
  const there = { ...STORED, etag: "2", name: "Store" };
  is(stored.foundChanged(rules.resumed(STORED), there).name, "Store");
  const unsaved = rules.intoDataset(rules.resumed(STORED), "lake");
  const found = stored.foundChanged(unsaved, there);
  same([found.stale, found.name, found.source.etag], [true, "Shop", "1"]);
  const rebased = stored.rebased(found, there);
  same([rebased.stale, rebased.dataset, rebased.source.etag], [false, "lake", "2"]);
}

export function another_name_is_saved_and_is_no_other_connection() {
  const state = rules.named(rules.resumed(STORED), " Store ");
  is(rules.unsaved(state), false);
  same(stored.changes(state), { name: "Store" });
  const now = stored.saved(state, { ...STORED, etag: "2", name: "Store" }, { name: "Store" }, state);
  is(now.name, "Store");
  same(stored.changes(now), {});
  // Something else was saved meanwhile, and the name is still to be.
  is(stored.saved(state, { ...STORED, etag: "2" }, { dataset: "lake" }, state).name, " Store ");
  is(rules.mayEnter(rules.named(state, " "), "tables"), false);
}
