import { html, useSignal } from "../html.js";
import { getRun, getSource } from "../api.js";
import { bytes, count, duration, moment, short } from "../format.js";
import { href } from "../router.js";
import { Badge } from "../parts/badge.js";
import { Facts } from "../parts/facts.js";
import { Heading } from "../parts/heading.js";
import { Icon } from "../parts/icon.js";
import { announce } from "../parts/live.js";
import { useLoaded } from "../parts/loaded.js";
import { Notice, ProblemNotice } from "../parts/notice.js";
import { Failure, Loading } from "../parts/states.js";
import { RelativeTime } from "../parts/time.js";
import { TableFigures } from "./run/figures.js";
import { LiveRun } from "./run/live.js";
import { Log } from "./run/log.js";
import { Attempts, PhaseTimes } from "./run/phases.js";
import { ResumeRun } from "./run/resume.js";
import { isLive, millisecondsOf, rowsOf, saidOf } from "./runs.js";

/** One run of a source: its tables, its error, its log. */
export function Run({ model, source, run: id }) {
  const { value, problem, reload } = useLoaded(
    async ({ signal }) => {
      const [run, of] = await Promise.all([
        getRun(model, source, id, { signal }), getSource(model, source, { signal }),
      ]);
      return { run, name: of.name };
    },
    [model, source, id],
  );
  const newer = useSignal(null);
  if (!value && problem) {
    return html`<${Heading} title="This run can’t be shown" /><${Failure} problem=${problem} onRetry=${reload} />`;
  }
  if (!value) return html`<${Loading} label="Loading the run" lines=${6} />`;

  const run = newer.value?.run_id === id ? newer.value : value.run;
  const live = isLive(run);
  const seen = (now) => {
    if (live && !isLive(now)) announce(saidOf(now));
    newer.value = now;
  };
  return html`
    <p class="crumbs"><a href=${href("source", { model, source })}><${Icon} name="back" />${value.name}</a></p>
    <div class="title-row"><div class="named"><${Heading} title=${`Run of ${moment(run.requested_at)}`} /><${Badge} state=${run.state} /></div></div>
    ${problem && problem.code !== "offline" && html`<${ProblemNotice} problem=${problem} onRetry=${reload} />`}
    ${live && html`<${LiveRun} run=${run} onSeen=${seen} title="Progress" />`}
    ${!live && run.error && html`<${Notice}
      tone=${run.state === "failed" ? "bad" : "info"} title=${run.error.title} detail=${run.error.detail}
      hint=${run.state === "failed" ? run.error.hint : null} code=${run.error.code}
    ><${ResumeRun} run=${run} onRun=${seen} /><//>`}
    <${Facts} look="glance" facts=${factsOf(run)} />
    <${Warnings} warnings=${run.warnings} />
    <section class="card" aria-labelledby="figures-title">
      <div class="card-head"><h2 id="figures-title">Tables</h2></div>
      <${TableFigures} tables=${run.tables} />
    </section>
    <${PhaseTimes} phases=${run.phases} />
    <${Attempts} attempts=${run.attempts} />
    <${Log} key=${`${id} ${run.attempts.length}`} run=${run} live=${live} />
  `;
}

function factsOf(run) {
  const received = run.tables.reduce((sum, table) => sum + table.bytes, 0);
  const took = millisecondsOf(run);
  const speed = took ? Math.round((rowsOf(run) * 1000) / took) : 0;
  return [
    ["Started by", run.trigger === "schedule" ? "Schedule" : "Hand",
      run.slot ? html`for ${moment(run.slot)}` : html`<${RelativeTime} at=${run.requested_at} />`],
    ["Rows", count(rowsOf(run)), `${bytes(received)} received`],
    ["Took", run.started_at ? duration(took) : "–", isLive(run) ? "so far" : run.finished_at && `ended ${moment(run.finished_at)}`],
    ["Speed", speed ? `${short(speed)} rows/s` : "–", speed > 0 && (isLive(run) ? "so far" : "from its start to its end")],
  ];
}

/** What a reader of the data should know: schema changes, snapshots, what was not verified. */
function Warnings({ warnings }) {
  if (!warnings.length) return null;
  return html`<${Notice} tone="warn" title="To know before you use the data">
    <ul class="plain-list">${warnings.map((warning) => html`<li key=${warning}>${warning}</li>`)}</ul>
  <//>`;
}
