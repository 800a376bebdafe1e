import { html, useId, useSignal } from "../html.js";
import { previewNames } from "../api.js";
import { count, counted } from "../format.js";
import { compact } from "../selection.js";
import { change, intoDataset, tableKey, taken } from "../wizard.js";
import { Field } from "../parts/field.js";
import { useLoaded } from "../parts/loaded.js";
import { ProblemNotice } from "../parts/notice.js";
import { Loading } from "../parts/states.js";
import { useSettled } from "../parts/settled.js";

const SHOWN = 8;
const NAMES = { duckdb: "DuckDB", parquet: "Parquet files", bigquery: "BigQuery" };

/** Where the rows go: the dataset, and what each table is called there. */
export function Destination({ state }) {
  const id = useId();
  const { source, dataset, selection } = state;
  const wish = useSettled(JSON.stringify({ dataset, selection: [...selection.values()].map(compact) }));
  const { value, problem, reload } = useLoaded(({ signal }) => {
    const body = { model_id: source.model_id, source_id: source.source_id, ...JSON.parse(wish) };
    if (!body.dataset) delete body.dataset;
    return previewNames(body, { signal });
  }, [source.source_id, wish]);
  const last = useSignal(null);
  if (value) last.value = value;
  const preview = value ?? last.value;
  const wrong = Object.fromEntries((preview?.wrong ?? []).map((each) => [each.path, each]));
  const refused = Object.fromEntries((problem?.fields ?? []).map((each) => [each.path, each]));
  const wrongDataset = dataset === "" ? { message: "is required" } : (refused.dataset ?? wrong.dataset ?? state.wrong.dataset);
  const other = problem && !problem.fields?.length;
  return html`<section aria-labelledby=${id}>
    <h2 id=${id}>Where the rows go${preview && `: ${NAMES[preview.destination] ?? preview.destination}`}</h2>
    <div class="narrow"><${Field}
      label="Dataset" value=${dataset} required maxLength=${128} error=${wrongDataset}
      hint="The schema or dataset in the destination that holds the tables." onInput=${(text) => change(intoDataset, text)}
    /></div>
    ${other && html`<${ProblemNotice} problem=${problem} onRetry=${reload} />`}
    ${!preview && !problem && html`<${Loading} label="Working out the names" />`}
    ${preview && html`<${Names} preview=${preview} wrong=${{ ...wrong, ...refused, ...state.wrong }} selection=${selection} dataset=${dataset} />`}
  </section>`;
}

function Names({ preview, wrong, selection, dataset }) {
  const all = useSignal(false);
  const search = useSignal("");
  const bad = (at) => wrong[`selection.${at}.destination_table`];
  const rows = preview.tables
    .map((table, at) => ({ table, error: bad(at) }))
    .filter(({ table }) => `${table.schema_name}.${table.table_name} ${table.destination_table}`.toLowerCase().includes(search.value.toLowerCase()))
    .toSorted((one, other) => Boolean(other.error) - Boolean(one.error)); // what is wrong comes first
  const shown = rows.slice(0, all.value ? 200 : SHOWN);
  return html`
    ${preview.tables.length > SHOWN && html`<div class="narrow"><${Field} label="Filter tables" kind="search" value=${search.value} onInput=${(text) => (search.value = text)} /></div>`}
    <div class="scroller" role="region" aria-label="Names of the tables" tabindex="0"><table class="names">
      <thead><tr><th scope="col">Table here</th><th scope="col">Table there</th></tr></thead>
      <tbody>${shown.map(({ table, error }) => html`<${NamedTable} key=${tableKey(table)} ...${{ table, error, dataset }} selection=${selection.get(tableKey(table))} />`)}</tbody>
    </table></div>
    ${rows.length > shown.length && (all.value
      ? html`<p class="soft">${counted(rows.length - shown.length, "more table")}: filter to find them.</p>`
      : html`<button type="button" class="secondary small" onClick=${() => (all.value = true)}>Show ${count(rows.length - shown.length)} more</button>`)}`;
}

function NamedTable({ table, error, dataset, selection }) {
  const renaming = useSignal(false);
  if (!selection) return null;
  const name = selection.destination_table ?? "";
  const rename = (text) => change(taken, table, { ...selection, destination_table: text || null });
  const open = renaming.value || name || error;
  return html`<tr>
    <th scope="row">${table.schema_name}.${table.table_name}</th>
    <td>${open
      ? html`<${Field}
          label=${`Name of ${table.table_name} there`} value=${name} example=${table.destination_table} maxLength=${128}
          error=${error} onInput=${rename}
        />`
      : html`<code>${dataset}.${table.destination_table}</code> <button type="button" class="quiet small" aria-label=${`Rename ${table.table_name}`} onClick=${() => (renaming.value = true)}>Rename</button>`}</td>
  </tr>`;
}
