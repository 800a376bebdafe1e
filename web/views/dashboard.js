import { database, server } from "../connection_form.js";
import { html, useSignal } from "../html.js";
import { count, counted } from "../format.js";
import { KINDS, SHOWN_RUNS, everySource, matching, ofKind } from "../overview.js";
import { href } from "../router.js";
import { resumeStep } from "../wizard.js";
import { Badge } from "../parts/badge.js";
import { Editors } from "../parts/editors.js";
import { Field } from "../parts/field.js";
import { Heading } from "../parts/heading.js";
import { Icon } from "../parts/icon.js";
import { useLoaded } from "../parts/loaded.js";
import { useMore } from "../parts/more.js";
import { ProblemNotice } from "../parts/notice.js";
import { Sparkline } from "../parts/sparkline.js";
import { Empty, Failure, Loading } from "../parts/states.js";
import { RelativeTime } from "../parts/time.js";
import { barOf, isLive, rowsOf } from "./runs.js";

const SEARCH_FROM = 6; // fewer are seen at a glance
const STEP = 100;
const CALM = 30_000;
const LIVELY = 3_000;

/** All sources of a model. */
export function Dashboard({ model }) {
  const search = useSignal("");
  const kind = useSignal("all");
  const { value, problem, reload } = useLoaded(
    (options) => everySource(model, options), [model],
    { every: (sources) => (sources?.some((each) => isLive(each.runs[0])) ? LIVELY : CALM) },
  );
  const sources = value ?? [];
  const found = matching(ofKind(sources, kind.value), search.value);
  const all = () => {
    search.value = "";
    kind.value = "all";
  };
  return html`
    <div class="title-row">
      <${Heading} title="Sources" />
      ${sources.length > 0 && html`<${AddSource} model=${model} />`}
    </div>
    ${problem && value && problem.code !== "offline" && html`<${ProblemNotice} problem=${problem} onRetry=${reload} />`}
    ${sources.length >= SEARCH_FROM && html`<${Toolbar} sources=${sources} found=${found} search=${search} kind=${kind} />`}
    ${body({ model, value, found, problem, reload, search, all })}
  `;
}

function Toolbar({ sources, found, search, kind }) {
  const choices = KINDS.map(([value, label]) => ({ value, label, number: ofKind(sources, value).length }))
    .filter(({ value, number }) => number || value === kind.value)
    .map(({ value, label, number }) => ({ value, description: `${label} (${count(number)})` }));
  return html`<div class="toolbar">
    <${Field} label="Search sources" kind="search" value=${search.value} onInput=${(text) => (search.value = text)} />
    <${Field} label="Show" kind="choice" choices=${choices} value=${kind.value} onInput=${(value) => (kind.value = value)} />
    <p role="status">${counted(found.length, "source")}</p>
  </div>`;
}

function body({ model, value, found, problem, reload, search, all }) {
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
      title=${search.value ? "No source is called that" : "No source is like that"}
      action=${html`<button type="button" class="secondary" onClick=${all}>Show all</button>`}
    >${search.value ? `Nothing has “${search.value}” in its name, host or database.` : "Things have changed since you chose."}<//>`;
  }
  return html`<${Table} found=${found} />`;
}

function Table({ found }) {
  const [shown, more] = useMore(found, STEP);
  return html`<div class="scroller" role="region" aria-label="Sources" tabindex="0"><table class="sources">
    <thead><tr>
      <th scope="col">Source</th><th scope="col">State</th><th scope="col">Last run</th>
      <th scope="col" class="end">Rows</th><th scope="col">Next run</th><th scope="col">Last ${SHOWN_RUNS} runs</th>
    </tr></thead>
    <tbody>${shown.map((each) => html`<${Row} key=${each.source.source_id} each=${each} />`)}</tbody>
  </table></div>${more}`;
}

const AddSource = ({ model }) => html`<${Editors}><a class="button" href=${href("new", { model, step: "source" })}>
  <${Icon} name="add" />Add a source
</a><//>`;

function Row({ each: { source, schedule, runs } }) {
  const { model_id: model, source_id: id, connection } = source;
  const draft = source.state === "draft";
  const target = draft
    ? href("setup", { model, source: id, step: resumeStep(source) })
    : href("source", { model, source: id });
  const [last] = runs;
  return html`<tr>
    <th scope="row">
      <a href=${target}>${source.name}</a>
      <small>${database(connection)} on ${server(connection)}</small>
    </th>
    <td data-label="State"><${Badge} state=${source.state} /></td>
    <td data-label="Last run">${last
      ? html`<span><${Badge} state=${last.state} /> <span class="soft"><${RelativeTime} at=${last.finished_at ?? last.started_at ?? last.requested_at} /></span></span>
          ${last.failure && html`<small>${last.failure}</small>`}`
      : html`<span class="soft">${draft ? html`<a href=${target}>Go on setting up</a>` : "Never"}</span>`}</td>
    <td data-label="Rows" class="end ${last ? "" : "nothing"}">${last ? count(rowsOf(last)) : html`<span class="soft">–</span>`}</td>
    <td data-label="Next run" class=${draft ? "nothing" : ""}>${nextRun(source, schedule)}</td>
    <td data-label="Last ${SHOWN_RUNS} runs" class=${runs.length ? "" : "nothing"}>${runs.length
      ? html`<${Sparkline} slots=${SHOWN_RUNS} label=${inWords(runs)} bars=${runs.map(barOf).reverse()} />`
      : html`<span class="soft">–</span>`}</td>
  </tr>`;
}

function nextRun({ state, next_run_at: at }, schedule) {
  if (state === "draft") return html`<span class="soft">–</span>`;
  if (at) return html`<span><${RelativeTime} at=${at} /></span><small>${sentence(schedule)}</small>`;
  return html`<span class="soft">${state === "paused" ? "None while paused" : sentence(schedule)}</span>`;
}

function inWords(runs) {
  const failed = runs.filter((run) => run.state === "failed").length;
  return `${counted(runs.length, "run")}, ${failed ? `${count(failed)} failed` : "none failed"}`;
}

const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);
