import { html, useEffect, useId, useRef, useSignal } from "../../html.js";
import { COMPARISONS, inWords, isWhole, shownValues, takesValue, withComparison, withTyped } from "../../filter.js";
import { Field } from "../../parts/field.js";

/** The conditions that rows have to fulfil; those that are not whole yet are kept here alone. */
export function Filter({ described, selection, onChoose }) {
  const id = useId();
  const rows = useSignal(null);
  const list = useRef();
  const added = useSignal(0);
  const conditions = rows.value ?? selection.filter ?? [];
  const columns = described.columns.map(({ name }) => ({ value: name }));
  const keep = (next) => {
    rows.value = next;
    onChoose({ ...selection, filter: next.filter(isWhole) });
  };
  const put = (place, condition) => keep(conditions.map((each, at) => (at === place ? condition : each)));
  const add = () => {
    keep([...conditions, { column: columns[0].value, comparison: "=", values: [""] }]);
    added.value += 1;
  };
  const remove = (place) => {
    keep(conditions.filter((_, at) => at !== place));
    list.current.nextElementSibling.focus();
  };
  useEffect(() => {
    if (added.value) list.current.querySelector("li:last-child select")?.focus();
  }, [added.value]);
  return html`<section aria-labelledby=${id}>
    <h3 id=${id}>Which rows <small role="status">${conditions.length ? `those that fulfil ${conditions.length === 1 ? "one condition" : `all ${conditions.length} conditions`}` : "all of them"}</small></h3>
    <ul class="conditions" ref=${list}>${conditions.map((condition, place) => html`<li key=${place}>
      <${Field} label="Column" kind="choice" value=${condition.column} choices=${columns} onInput=${(column) => put(place, { ...condition, column })} />
      <${Field} label="Comparison" kind="choice" value=${condition.comparison} choices=${COMPARISONS} onInput=${(comparison) => put(place, withComparison(condition, comparison))} />
      ${takesValue(condition) && html`<${Values} key=${condition.comparison} condition=${condition} onValues=${(next) => put(place, next)} />`}
      <button type="button" class="secondary small" aria-label=${`Remove the condition ${inWords(condition)}`} onClick=${() => remove(place)}>Remove</button>
    </li>`)}</ul>
    <button type="button" class="secondary small" onClick=${add}>Add a condition</button>
    ${conditions.length > 0 && html`<p class="soft">Values as the database writes them. A row without a value fulfils nothing but “is missing”.</p>`}
  </section>`;
}

/** What is typed stays as it is typed, be it whole or not. */
function Values({ condition, onValues }) {
  const typed = useSignal(shownValues(condition));
  const many = condition.comparison === "in";
  const input = (text) => {
    typed.value = text;
    onValues(withTyped(condition, text));
  };
  return html`<${Field}
    label=${many ? "Values" : "Value"} value=${typed.value} onInput=${input}
    hint=${many ? "With commas between; one with a comma in it in double quotes." : undefined}
    error=${many && !isWhole(condition) && typed.value !== "" ? { message: "needs at least one value" } : undefined}
  />`;
}
