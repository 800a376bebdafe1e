import { html, useSignal } from "../html.js";
import * as api from "../api.js";
import { count, counted } from "../format.js";
import { href } from "../router.js";
import { resumeStep } from "../wizard.js";
import { Badge } from "../parts/badge.js";
import { Field } from "../parts/field.js";
import { Heading } from "../parts/heading.js";
import { Icon } from "../parts/icon.js";
import { useLoaded } from "../parts/loaded.js";
import { ProblemNotice } from "../parts/notice.js";
import { Sparkline } from "../parts/sparkline.js";
import { Empty, Failure, Loading } from "../parts/states.js";
import { RelativeTime } from "../parts/time.js";
import { barOf, isLive, rowsOf } from "./runs.js";

const SHOWN_RUNS = 30;
const SEARCH_FROM = 6; // fewer are seen at a glance
const CALM = 30_000;
const LIVELY = 3_000;

/** All sources of a model. */
export function Dashboard({ model }) {
  const search = useSignal("");
  const { value, problem, reload } = useLoaded(
    ({ signal }) => everySource(model, signal), [model],
    { every: (sources) => (sources?.some((each) => isLive(each.runs[0])) ? LIVELY : CALM) },
  );
  const found = (value ?? []).filter(({ source }) => matches(source, search.value));
  return html`
    <div class="title-row">
      <${Heading} title="Sources" />
      ${value?.length > 0 && html`<${AddSource} model=${model} />`}
    </div>
    ${problem && value && html`<${ProblemNotice} problem=${problem} onRetry=${reload} />`}
    ${value?.length >= SEARCH_FROM && html`<div class="toolbar">
      <${Field} label="Search sources" kind="search" value=${search.value} onInput=${(text) => (search.value = text)} />
      <p role="status">${counted(found.length, "source")}</p>
    </div>`}
    ${body({ model, value, found, problem, reload, search })}
  `;
}

function body({ model, value, found, problem, reload, search }) {
  if (!value) {
    return problem
      ? html`<${Failure} problem=${problem} onRetry=${reload} />`
      : html`<${Loading} label="Loading the sources" />`;
  }
  if (!value.length) {
    return html`<${Empty} title="Bring your first database" action=${html`<${AddSource} model=${model} />`}>
      Connect a database, choose its tables, and say how often they shall be brought. It takes about two minutes; you need its address and a user who may read.
    <//>`;
  }
  if (!found.length) {
    return html`<${Empty}
      title="No source is called that"
      action=${html`<button type="button" class="secondary" onClick=${() => (search.value = "")}>Show all</button>`}
    >Nothing has “${search.value}” in its name, host or database.<//>`;
  }
  return html`<div class="scroller" role="region" aria-label="Sources" tabindex="0"><table class="sources">
    <thead><tr>
      <th scope="col">Source</th><th scope="col">State</th><th scope="col">Last run</th>
      <th scope="col" class="end">Rows</th><th scope="col">Next run</th><th scope="col">Last ${SHOWN_RUNS} runs</th>
    </tr></thead>
    <tbody>${found.map((each) => html`<${Row} key=${each.source.source_id} ...${each} />`)}</tbody>
  </table></div>`;
}

const AddSource = ({ model }) => html`<a class="button" href=${href("new", { model, step: "source" })}>
  <${Icon} name="add" />Add a source
</a>`;

function Row({ source, schedule, runs }) {
  const { model_id: model, source_id: id, connection } = source;
  const draft = source.state === "draft";
  const target = draft
    ? href("setup", { model, source: id, step: resumeStep(source) })
    : href("source", { model, source: id });
  const [last] = runs;
  return html`<tr>
    <th scope="row">
      <a href=${target}>${source.name}</a>
      <small>${connection.database} on ${connection.host}</small>
    </th>
    <td data-label="State"><${Badge} state=${source.state} /></td>
    <td data-label="Last run">${last
      ? html`<${Badge} state=${last.state} /> <span class="soft"><${RelativeTime} at=${last.finished_at ?? last.started_at ?? last.requested_at} /></span>`
      : html`<span class="soft">${draft ? html`<a href=${target}>Go on setting up</a>` : "Never"}</span>`}</td>
    <td data-label="Rows" class="end">${last ? count(rowsOf(last)) : html`<span class="soft">–</span>`}</td>
    <td data-label="Next run"><span class="soft" title=${schedule}>${nextRun(source)}</span></td>
    <td data-label="Last ${SHOWN_RUNS} runs">${runs.length
      ? html`<${Sparkline} slots=${SHOWN_RUNS} label=${inWords(runs)} bars=${runs.map(barOf).reverse()} />`
      : html`<span class="soft">–</span>`}</td>
  </tr>`;
}

function nextRun(source) {
  if (source.next_run_at) return html`<${RelativeTime} at=${source.next_run_at} />`;
  return source.state === "active" ? "By hand" : "–";
}

function inWords(runs) {
  const failed = runs.filter((run) => run.state === "failed").length;
  return `${counted(runs.length, "run")}, ${failed ? `${count(failed)} failed` : "none failed"}`;
}

const matches = ({ name, connection }, text) =>
  [name, connection.host, connection.database].some((part) =>
    part.toLowerCase().includes(text.trim().toLowerCase()),
  );

/** Every source of the model, each with its last runs. */
async function everySource(model, signal) {
  const sources = [];
  let after;
  do {
    const page = await api.overview(model, { limit: 100, after, signal });
    sources.push(...page.sources);
    after = page.next_after ?? undefined;
  } while (after);
  return sources;
}
