// The conditions that rows have to fulfil. Each export is a test.
import { inWords, isWhole, shownValues, withComparison, withTyped } from "/filter.js";
import { is, same } from "/unit/expect.js";

const condition = (comparison, ...values) => ({ column: "state", comparison, values });

export function several_values_have_commas_between() {
  same(withTyped(condition("in"), "open, paid").values, ["open", "paid"]);
  same(withTyped(condition("in"), ' "a, b" ,c,').values, ["a, b", "c"]);
  same(withTyped(condition("in"), '"say ""hi""", ""').values, ['say "hi"', ""]);
  same(withTyped(condition("in"), " , ").values, []);
}

export function what_is_shown_reads_as_what_was_typed() {
  const values = ["open", "a, b", ' "x"', ""];
  same(withTyped(condition("in"), shownValues(condition("in", ...values))).values, values);
  is(shownValues(condition("=", "a, b")), "a, b");
}

export function one_value_is_taken_as_it_is() {
  same(withTyped(condition("="), ' "a", b').values, [' "a", b']);
}

export function another_comparison_keeps_the_values_that_fit() {
  same(withComparison(condition("in", "a", "b"), "=").values, ["a"]);
  same(withComparison(condition("=", "a"), "is null").values, []);
  same(withComparison(condition("is null"), ">").values, [""]);
  same(withComparison(condition("=", ""), "in").values, []);
}

export function only_a_list_may_lack_its_values() {
  is(isWhole(condition("in")), false);
  is(isWhole(condition("is null")), true);
  is(isWhole(condition("=", "")), true);
}

export function a_condition_reads_as_a_sentence() {
  is(inWords(condition("in", "open", "paid")), "state is one of open, paid");
  is(inWords(condition("is null")), "state is missing (NULL)");
}
