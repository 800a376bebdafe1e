import { html } from "../../html.js";
import { bytes, count, counted, duration, short } from "../../format.js";
import { byUrgency } from "../../progress.js";
import { Badge } from "../../parts/badge.js";
import { Icon } from "../../parts/icon.js";
import { useMore } from "../../parts/more.js";

/** What a run brought of each table, and by which window. */
export function TableFigures({ tables }) {
  const [shown, more] = useMore(byUrgency(tables));
  if (!tables.length) return html`<p class="soft">The run did not come to its tables.</p>`;
  return html`<div class="scroller flat" role="region" aria-label="Tables of the run" tabindex="0"><table class="per-table stacked">
    <thead><tr>
      <th scope="col">Table</th><th scope="col">State</th><th scope="col" class="end">Rows</th>
      <th scope="col" class="end">Received</th><th scope="col" class="end">Rows/s</th>
      <th scope="col" class="end">Chunks</th><th scope="col" class="end">Time</th>
    </tr></thead>
    <tbody>${shown.map((table) => html`<${Row} key=${`${table.schema_name}.${table.table_name}`} table=${table} />`)}</tbody>
  </table></div>${more}`;
}

function Row({ table }) {
  const notes = notesOn(table);
  return html`<tr>
    <th scope="row">${table.schema_name}.${table.table_name}
      <small>into <code>${table.dataset}.${table.destination_table}</code></small>
      ${table.window && html`<small class="window">${windowOf(table.window)}</small>`}
      ${notes.map((note) => html`<small key=${note} class="note"><${Icon} name="warned" />${note}</small>`)}
    </th>
    <td data-label="State"><${Badge} state=${table.state} /></td>
    <td data-label="Rows" class="end">${count(table.rows)}</td>
    <td data-label="Received" class="end">${bytes(table.bytes)}</td>
    <td data-label="Rows/s" class="end">${table.rows_per_second ? short(Math.round(table.rows_per_second)) : "–"}</td>
    <td data-label="Chunks" class="end">${table.chunks ? `${count(table.chunks_done)} of ${count(table.chunks)}` : "–"}</td>
    <td data-label="Time" class="end">${table.seconds ? duration(table.seconds * 1000) : "–"}</td>
  </tr>`;
}

function windowOf({ cursor, after, read_after: from, upto, past }) {
  const column = html`<code>${cursor.join(", ")}</code>`;
  if (past) return html`Taken again: ${column} after ${after} up to ${upto}`;
  if (upto === null) return html`Nothing new by ${column}`;
  if (after === null) return html`From the start to ${column} = ${upto}`;
  const back = from !== after && from !== null ? html` (read from ${from} on)` : "";
  return html`${column} after ${after}${back} up to ${upto}`;
}

function notesOn({ window, unfit, deleted: gone }) {
  const nulls = Object.entries(unfit).map(
    ([column, number]) => `${counted(number, "value")} of ${column} did not fit and became NULL`,
  );
  const missed = window?.null_rows
    ? [`${counted(window.null_rows, "row")} without a cursor value, which no window takes`]
    : [];
  const deleted = gone
    ? [`${counted(gone, "row")} that ${gone === 1 ? "was" : "were"} deleted in the source`]
    : [];
  return [...deleted, ...missed, ...nulls, ...(window?.remarks ?? [])];
}
