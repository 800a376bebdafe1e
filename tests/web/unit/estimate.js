// How long a run may take, in words. Each export is a test.
import { inWords } from "/estimate.js";
import { same } from "/unit/expect.js";

export function from_nothing_to_days() {
  same([0, 5e8, 1e9, 3e10].map(inWords), [
    "less than a minute", "less than a minute", "up to 2 minutes", "5 minutes to 50 minutes",
  ]);
}

export function many_hours_are_said_as_such() {
  same(inWords(1e12), "3 hours to 28 hours");
}
