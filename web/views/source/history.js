import { html, useSignal } from "../../html.js";
import { listRuns } from "../../api.js";
import { count, counted, duration, moment, short } from "../../format.js";
import { go, href } from "../../router.js";
import { isLive, millisecondsOf, rowsOf, toneOf } from "../runs.js";
import { Badge } from "../../parts/badge.js";
import { Bars } from "../../parts/chart.js";
import { useLoaded } from "../../parts/loaded.js";
import { ProblemNotice } from "../../parts/notice.js";
import { RelativeTime } from "../../parts/time.js";

const PAGE = 10;
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** What the source did: two charts of the last runs, and all of them in a table. */
export function History({ source, runs, more }) {
  const { model_id: model, source_id: id } = source;
  const ended = runs.filter((run) => !isLive(run)).toReversed();
  const open = (at) => go("run", { model, source: id, run: ended[at].run_id });
  const failed = ended.filter((run) => run.state === "failed").length;
  const words = `${counted(ended.length, "run")}, ${failed ? `${count(failed)} failed` : "none failed"}`;
  const bars = (valueOf) => ended.map((run) => ({
    value: valueOf(run), tone: toneOf(run), when: DAY.format(new Date(run.requested_at)), title: titleOf(run),
  }));
  return html`<section class="card" aria-labelledby="history-title">
    <div class="card-head"><h2 id="history-title">History</h2><span class="soft">${ended.length > 0 && words}</span></div>
    ${ended.length > 1 && html`
      <p class="chart-title">Duration</p>
      <${Bars} bars=${bars((run) => millisecondsOf(run))} format=${duration} onPick=${open}
        label=${`Duration of the last ${words}. The figures are in the table below.`} />
      <p class="chart-title">Rows</p>
      <${Bars} bars=${bars(rowsOf)} format=${short} onPick=${open} height=${110}
        label=${`Rows of the last ${words}. The figures are in the table below.`} />`}
    ${runs.length
      ? html`<${Table} source=${source} runs=${runs} more=${more} />`
      : html`<p class="soft">Nothing has run yet. ${source.state === "draft" ? "Finish the set-up first." : "Run it now, or wait for its schedule."}</p>`}
  </section>`;
}

/** Runs a page at a time. The first page is kept up to date by who shows this. */
function Table({ source, runs, more }) {
  const { model_id: model, source_id: id } = source;
  const before = useSignal([]); // the last run of each page before this one
  const after = before.value.at(-1) ?? null;
  const older = useLoaded(
    async ({ signal }) => (after ? listRuns(model, id, { limit: PAGE, after, signal }) : null),
    [model, id, after],
  );
  const first = after === null;
  const shown = first ? runs.slice(0, PAGE) : (older.value?.runs ?? null);
  const next = first ? runs.length > PAGE || more : older.value?.next_after;
  const turn = (pages) => (before.value = pages);
  return html`
    ${older.problem && html`<${ProblemNotice} problem=${older.problem} onRetry=${older.reload} />`}
    <div class="scroller flat" role="region" aria-label="Runs" tabindex="0" aria-busy=${shown ? undefined : "true"}><table class="runs stacked">
      <thead><tr>
        <th scope="col">Requested</th><th scope="col">State</th>
        <th scope="col" class="end">Rows</th><th scope="col" class="end">Duration</th><th scope="col">Started by</th>
      </tr></thead>
      <tbody>${(shown ?? []).map((run) => html`<${Row} key=${run.run_id} run=${run} />`)}</tbody>
    </table></div>
    ${(before.value.length > 0 || next) && html`<nav class="pages" aria-label="Pages of runs">
      <button type="button" class="secondary small" disabled=${first} onClick=${() => turn(before.value.slice(0, -1))}>Newer</button>
      <span class="soft">Page ${count(before.value.length + 1)}</span>
      <button type="button" class="secondary small" disabled=${!next || !shown} onClick=${() => turn([...before.value, shown.at(-1).run_id])}>Older</button>
    </nav>`}`;
}

function Row({ run }) {
  const at = href("run", { model: run.model_id, source: run.source_id, run: run.run_id });
  return html`<tr>
    <th scope="row"><a href=${at}>${moment(run.requested_at)}</a><small><${RelativeTime} at=${run.requested_at} /></small></th>
    <td data-label="State"><${Badge} state=${run.state} />${run.error && html`<small>${run.error.title}</small>`}</td>
    <td data-label="Rows" class="end">${count(rowsOf(run))}</td>
    <td data-label="Took" class="end">${run.started_at ? duration(millisecondsOf(run)) : "–"}</td>
    <td data-label="Started by">${run.trigger === "schedule" ? "Schedule" : "Hand"}</td>
  </tr>`;
}

const titleOf = (run) =>
  `${moment(run.requested_at)}: ${run.state}${run.error ? ` (${run.error.title.toLowerCase()})` : ""}, ${counted(rowsOf(run), "row")} in ${duration(millisecondsOf(run))}`;
