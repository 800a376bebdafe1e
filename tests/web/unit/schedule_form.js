// Schedules as a person says them. Each export is a test.
import { formOf, sameSchedule, scheduleOf } from "/schedule_form.js";
import { is, same } from "/unit/expect.js";

const cron = (expression, time_zone = "Europe/Berlin") => ({ type: "cron", expression, time_zone });
const form = (schedule) => formOf(schedule, "Asia/Tokyo");

export function each_schedule_comes_back_as_it_was() {
  const schedules = [
    { type: "manual" }, { type: "interval", every: 45, unit: "minutes" }, cron("5 * * * *"),
    cron("30 3 * * *"), cron("0 2 * * 1,5"), cron("0 6 L * *"), cron("*/7 2 * * *"), cron("0 2 * * MON"),
  ];
  for (const schedule of schedules) same(scheduleOf(form(schedule)), schedule);
}

export function each_kind_is_told_apart() {
  const kind = (expression) => form(cron(expression)).kind;
  same(["5 * * * *", "30 3 * * *", "0 2 * * 1,5", "0 2 * * 1-5", "61 * * * *"].map(kind), [
    "hourly", "daily", "weekly", "cron", "hourly",
  ]);
}

export function the_zone_of_the_browser_is_where_it_begins() {
  is(form({ type: "manual" }).time_zone, "Asia/Tokyo");
  is(form(cron("0 2 * * *")).time_zone, "Europe/Berlin");
}

export function what_is_not_complete_is_no_schedule() {
  const blank = form({ type: "manual" });
  is(scheduleOf({ ...blank, kind: "weekly", days: [] }), null);
  is(scheduleOf({ ...blank, kind: "daily", time: "" }), null);
  is(scheduleOf({ ...blank, kind: "hourly", minute: "60" }), null);
  is(scheduleOf({ ...blank, kind: "interval", every: "often" }), null);
  is(scheduleOf({ ...blank, kind: "cron", expression: " " }), null);
}

export function days_are_named_in_order() {
  const blank = form({ type: "manual" });
  is(scheduleOf({ ...blank, kind: "weekly", days: ["5", "0", "1"] }).expression, "0 2 * * 0,1,5");
}

export function the_anchor_of_an_interval_is_no_difference() {
  const interval = { type: "interval", every: 5, unit: "hours" };
  is(sameSchedule(interval, { ...interval, anchor: "2026-01-01T00:00:00Z" }), true);
  is(sameSchedule(interval, { ...interval, every: 6 }), false);
  is(sameSchedule(interval, { type: "manual" }), false);
}
