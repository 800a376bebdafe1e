import { html, useSignal } from "../html.js";
import { getSource, listRuns, previewSchedule } from "../api.js";
import { href } from "../router.js";
import { Badge } from "../parts/badge.js";
import { Editors } from "../parts/editors.js";
import { Heading } from "../parts/heading.js";
import { Icon } from "../parts/icon.js";
import { announce } from "../parts/live.js";
import { useLoaded } from "../parts/loaded.js";
import { ProblemNotice } from "../parts/notice.js";
import { Failure, Loading } from "../parts/states.js";
import { LiveRun } from "./run/live.js";
import { isLive, saidOf } from "./runs.js";
import { SourceActions } from "./source/actions.js";
import { Connection } from "./source/connection.js";
import { DeleteSource } from "./source/delete.js";
import { Glance } from "./source/glance.js";
import { History } from "./source/history.js";
import { LastFailure } from "./source/last_failure.js";
import { Schedule } from "./source/schedule.js";
import { Tables } from "./source/tables.js";

const CALM = 15_000;
const RUNS = 30;

/** One source: what it does now, what it did, and what can be changed. */
export function Source({ model, source: id }) {
  const { value, problem, reload } = useLoaded(
    ({ signal }) => whole(model, id, signal), [model, id], { every: CALM },
  );
  // A run as it was seen, and when: maybe after the page of runs was loaded.
  const newer = useSignal(null);
  if (!value && problem) {
    return html`<${Heading} title="This source can’t be shown" /><${Failure} problem=${problem} onRetry=${reload} />`;
  }
  if (!value) return html`<${Loading} label="Loading the source" lines=${6} />`;

  const { source, preview } = value;
  const runs = withNewer(value, newer.value);
  const live = isLive(runs[0]) ? runs[0] : null;
  const seen = (run) => {
    const ended = isLive(runs[0]) && !isLive(run);
    newer.value = { run, at: Date.now() };
    if (ended) {
      announce(saidOf(run));
      reload();
    }
  };
  const changed = () => reload();
  return html`
    <p class="crumbs"><a href=${href("dashboard", { model })}><${Icon} name="back" />Sources</a></p>
    <div class="title-row source-title">
      <div class="named"><${Heading} title=${source.name} /><${Badge} state=${source.state} /></div>
      <${Editors}><${SourceActions} source=${source} live=${live} onRun=${seen} onChange=${changed} /><//>
    </div>
    ${problem && problem.code !== "offline" && html`<${ProblemNotice} problem=${problem} onRetry=${reload} />`}
    ${live
      ? html`<${LiveRun} key=${live.run_id} run=${live} onSeen=${seen} />`
      : html`<${LastFailure} run=${runs[0]} onRun=${seen} />`}
    <${Glance} source=${source} runs=${runs} />
    <div class="split">
      <div class="main">
        <${History} source=${source} runs=${runs} more=${value.more} />
        <${Tables} source=${source} lastRun=${runs.find((run) => run.state === "succeeded")} />
      </div>
      <div class="beside-main">
        <${Schedule} source=${source} preview=${preview} />
        <${Connection} source=${source} onChange=${changed} />
        <${Editors}><${DeleteSource} source=${source} live=${live} /><//>
      </div>
    </div>
  `;
}

async function whole(model, id, signal) {
  const at = Date.now();
  const [source, page] = await Promise.all([
    getSource(model, id, { signal }),
    listRuns(model, id, { limit: RUNS, signal }),
  ]);
  const preview = await previewSchedule(source.schedule, { signal });
  return { source, preview, runs: page.runs, more: page.next_after !== null, at };
}

/** The runs, with one that was seen later in its place, or before them all. */
function withNewer({ source, runs, at }, newer) {
  if (newer === null || newer.at < at || newer.run.source_id !== source.source_id) return runs;
  const index = runs.findIndex((run) => run.run_id === newer.run.run_id);
  return index === -1 ? [newer.run, ...runs] : runs.with(index, newer.run);
}
