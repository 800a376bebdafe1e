import { html, useId } from "../../html.js";
import { lookUp } from "../../catalogue.js";
import { inWords } from "../../estimate.js";
import { bytes, counted, short } from "../../format.js";
import { totals } from "../../table_rows.js";
import { wizard } from "../../wizard.js";
import { useLoaded } from "../../parts/loaded.js";
import { ProblemNotice } from "../../parts/notice.js";
import { Loading } from "../../parts/states.js";

/** What the first run would bring, and how long that may take. */
export function Estimate({ source }) {
  const id = useId();
  const tables = [...wizard.value.selection.values()];
  const { value, problem, reload } = useLoaded(
    ({ signal }) => lookUp(source, tables, { signal }), [source.source_id],
  );
  const later = tables.filter((table) => (table.mode ?? "full") !== "full").length;
  return html`<section aria-labelledby=${id}>
    <h2 id=${id}>The first run</h2>
    ${problem && html`<${ProblemNotice} problem=${problem} onRetry=${reload} />`}
    ${!value && !problem && html`<${Loading} label="Estimating" lines=${2} />`}
    ${value && html`<${Figures} ...${totals(value)} />
      <p class="soft">${later
        ? `Later runs bring only what is new of ${later === tables.length ? "them" : counted(later, "table")}.`
        : "Each run brings all of it again."} By the database's own estimates, at 10 to 100 MB a second; nothing was counted.</p>`}
  </section>`;
}

const Figures = ({ rows, bytes: size, unknown }) => html`<dl class="figures">
  <div><dt>Rows</dt><dd>about ${short(rows)}${unknown > 0 && html` <small>and ${counted(unknown, "table")} without an estimate</small>`}</dd></div>
  <div><dt>Size in the source</dt><dd>${bytes(size)} <small>with indexes</small></dd></div>
  <div><dt>Duration</dt><dd>${inWords(size)}</dd></div>
</dl>`;
