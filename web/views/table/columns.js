import { html, useId, useSignal } from "../../html.js";
import { count, counted } from "../../format.js";
import { needed, takes, withColumn } from "../../selection.js";
import { Field } from "../../parts/field.js";

const FILTERED_FROM = 15;
const SHOWN = 60;

/** The columns of a table: what they are here and there, and which of them are taken. */
export function Columns({ described, selection, onChoose }) {
  const id = useId();
  const search = useSignal("");
  const all = useSignal(false);
  const { columns, table } = described;
  const wanted = search.value.trim().toLowerCase();
  const found = columns.filter((column) => column.name.toLowerCase().includes(wanted));
  const shown = all.value ? found : found.slice(0, SHOWN);
  const number = columns.filter((column) => takes(selection, column.name)).length;
  const needs = needed(selection, described);
  const isForeign = new Map(described.foreign_keys.flatMap((key) => key.columns.map((name) => [name, key])));
  return html`<section aria-labelledby=${id}>
    <h3 id=${id}>Columns <small role="status">${number === columns.length ? `all ${count(number)}` : `${count(number)} of ${count(columns.length)}`}</small></h3>
    ${columns.length >= FILTERED_FROM && html`<${Field} label="Filter columns" kind="search" value=${search.value} onInput=${(text) => (search.value = text)} />`}
    <div class="scroller" role="region" aria-label="Table of columns" tabindex="0"><table class="columns">
      <thead><tr><th scope="col"><span class="unseen">Taken</span></th><th scope="col">Column</th><th scope="col">Type here</th><th scope="col">Type there</th></tr></thead>
      <tbody>${shown.map((column) => {
        const why = needs.get(column.name) ?? (number === 1 && takes(selection, column.name) ? "is the last one" : null);
        const key = table.primary_key.includes(column.name);
        const foreign = isForeign.get(column.name);
        return html`<tr key=${column.name}>
          <td><input
            type="checkbox" class="tick" aria-label=${`Take ${column.name}`} checked=${takes(selection, column.name)} disabled=${why !== null}
            title=${why ? `Can't be left out: it ${why}.` : undefined}
            onChange=${(event) => onChoose(withColumn(selection, column.name, event.currentTarget.checked, described))}
          /></td>
          <th scope="row">${column.name}${key && html` <span class="tag">key</span>`}${foreign && html` <span class="tag" title=${`Refers to ${foreign.references.schema_name}.${foreign.references.table_name}`}>→ ${foreign.references.table_name}</span>`}
            ${column.comment && html`<small>${column.comment}</small>`}${column.note && html`<small class="note">${column.note}</small>`}</th>
          <td><code>${column.source_type}</code>${!column.nullable && html` <small class="inline">not null</small>`}</td>
          <td>${column.destination_type ? html`<code>${column.destination_type}</code>` : html`<span class="lacks">none</span>`}</td>
        </tr>`;
      })}</tbody>
    </table></div>
    ${found.length > shown.length && html`<button type="button" class="secondary small" onClick=${() => (all.value = true)}>Show all ${counted(found.length, "column")}</button>`}
  </section>`;
}
