import { html, useId, useSignal } from "../../html.js";
import {
  MOST_CLUSTERED, inWords, partitionedBy, parting, sorting, spansOf, whole, withSorted, wrongOf,
} from "../../layout.js";
import { Field } from "../../parts/field.js";

const NOTHING = { value: "", description: "Nothing" };
const named = (columns) => [NOTHING, ...columns.map(({ name }) => ({ value: name }))];

/** How the table is parted and sorted there; a range that is not whole yet is kept here alone. */
export function Layout({ described, selection, onChoose }) {
  const id = useId();
  const typed = useSignal(null);
  const by = typed.value ?? selection.partition_by ?? null;
  const columns = parting(described, selection);
  const column = columns.find(({ name }) => name === by?.column);
  const spans = column ? spansOf(column) : [];
  const part = (next) => {
    typed.value = next?.range ? next : null;
    onChoose({ ...selection, partition_by: whole(next) });
  };
  return html`<section aria-labelledby=${id}>
    <h3 id=${id}>How it lies there <small role="status">${inWords(selection)}</small></h3>
    ${columns.length > 0 && html`<${Field}
      label="Partition by" kind="choice" value=${by?.column ?? ""} choices=${named(columns)}
      hint="Queries that ask for some of the partitions read these alone, and cost less."
      onInput=${(name) => part(name ? partitionedBy(columns.find((each) => each.name === name)) : null)}
    />`}
    ${spans.length > 0 && html`<${Field}
      label="One partition for each" kind="choice" value=${by.granularity} choices=${spans.map((value) => ({ value }))}
      onInput=${(granularity) => part({ ...by, granularity })}
    />`}
    ${by?.range && html`<${Range} range=${by.range} onRange=${(range) => part({ ...by, range })} />`}
    <${Sorted} columns=${sorting(described, selection)} names=${selection.cluster_by ?? []} onSort=${(cluster_by) => onChoose({ ...selection, cluster_by })} />
    <p class="soft">A table that is there already gets it when it is next brought from the start.</p>
  </section>`;
}

const NUMBERS = { start: "From", end: "To below", interval: "In each partition" };

/** What is typed stays as it is typed, be it whole or not. */
function Range({ range, onRange }) {
  const wrong = wrongOf(range);
  return html`<div class="numbers">${Object.entries(NUMBERS).map(([name, label]) => html`<${Field}
    key=${name} label=${label} kind="number" value=${String(range[name])} error=${wrong[name]}
    onInput=${(text) => onRange({ ...range, [name]: text })}
  />`)}</div>`;
}

/** A choice for each column that is named, and one for the next. */
function Sorted({ columns, names, onSort }) {
  if (!columns.length) return null;
  const places = [...names, ""].slice(0, Math.min(MOST_CLUSTERED, columns.length));
  return places.map((chosen, place) => html`<${Field}
    key=${place} label=${place ? "Then by" : "Sort by"} kind="choice" value=${chosen}
    choices=${named(columns.filter(({ name }) => name === chosen || !names.includes(name)))}
    hint=${place ? undefined : "The columns that queries filter by, the most important first."}
    onInput=${(name) => onSort(withSorted(names, place, name))}
  />`);
}
