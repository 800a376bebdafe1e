import { html, useId } from "../../html.js";
import { describeTable } from "../../api.js";
import { useLoaded } from "../../parts/loaded.js";
import { ProblemNotice } from "../../parts/notice.js";
import { Loading } from "../../parts/states.js";

const ROWS = 5;

/** The first rows, as they are. A view may take its time over them, so nothing waits for it. */
export function Sample({ ids, columns }) {
  const id = useId();
  const { value, problem, reload } = useLoaded(
    ({ signal }) => describeTable({ ...ids, sample_rows: ROWS }, { signal }),
    [ids.source_id, ids.schema_name, ids.table_name],
  );
  return html`<section aria-labelledby=${id}>
    <h3 id=${id}>Some rows</h3>
    ${problem && html`<${ProblemNotice} problem=${problem} onRetry=${reload} />`}
    ${!value && !problem && html`<${Loading} label="Reading some rows" lines=${3} />`}
    ${value && (value.sample.length ? html`<${Rows} id=${id} columns=${value.columns} rows=${value.sample} />` : html`<p class="soft">It has no rows.</p>`)}
  </section>`;
}

const Rows = ({ id, columns, rows }) => html`<div class="scroller" role="region" aria-label="Table of rows" tabindex="0"><table class="sample">
  <thead><tr>${columns.map((column) => html`<th key=${column.name} scope="col">${column.name}</th>`)}</tr></thead>
  <tbody>${rows.map((row, at) => html`<tr key=${at}>${row.map((value, place) => html`<td key=${place}>${value === null ? html`<span class="soft">NULL</span>` : value}</td>`)}</tr>`)}</tbody>
</table></div>`;
