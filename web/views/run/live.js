import { html, useEffect, useRef } from "../../html.js";
import { cancelRun, getRun } from "../../api.js";
import { count, counted, duration, short } from "../../format.js";
import {
  PHASES, byUrgency, phaseOf, rateOf, secondsLeft, secondsLeftOf, seen, shareOf, shareOfRun,
} from "../../progress.js";
import { isLive, rowsOf } from "../runs.js";
import { ActionButton, ActionProblem, useAction } from "../../parts/action.js";
import { Editors } from "../../parts/editors.js";
import { announce } from "../../parts/live.js";
import { useLoaded } from "../../parts/loaded.js";
import { useMore } from "../../parts/more.js";
import { Notice } from "../../parts/notice.js";
import { Progress } from "../../parts/progress.js";

const EACH_SECOND = 1000;
const SHOWN_TABLES = 8;

const WORDS = {
  queued: ["Start", "Waiting for its process to start"],
  planning: ["Plan", "Looking at the tables"],
  reading: ["Read", "Reading rows"],
  publishing: ["Publish", "Loading the rows, and showing them all at once"],
};

/** What a live run does now. `run` is it as it was last seen; `onSeen(run)` gets each newer one. */
export function LiveRun({ run: known, onSeen, title = "Running now" }) {
  const { model_id: model, source_id: source, run_id: id } = known;
  const { value } = useLoaded(
    async ({ signal }) => {
      const now = await getRun(model, source, id, { signal });
      onSeen(now);
      return now;
    },
    [model, source, id],
    { every: (now) => (!now || isLive(now) ? EACH_SECOND : 0) },
  );
  const run = value ?? known;
  const rate = useRate(run);
  useSaid(run);
  const cancel = useAction(async () => onSeen(await cancelRun(model, source, id)), "Cancelling the run.");
  const asked = run.cancel_requested;
  return html`<section class="card live-run" aria-labelledby="live-title">
    <div class="card-head">
      <h2 id="live-title">${title}</h2>
      <${Editors}><${ActionButton} action=${cancel} label="Cancel the run" pending="Cancelling …" look="secondary small" disabled=${asked} /><//>
    </div>
    <${ActionProblem} action=${cancel} />
    <${Phases} run=${run} />
    <${Overall} run=${run} rate=${rate} asked=${asked} />
    ${run.error && html`<${Notice} tone="warn" title=${run.error.title} detail=${run.error.detail} hint=${run.error.hint} code=${run.error.code} />`}
    <${Tables} tables=${run.tables} />
  </section>`;
}

function Phases({ run }) {
  const current = PHASES.indexOf(phaseOf(run));
  return html`<ol class="phases" aria-label="Phases">${PHASES.map((phase, at) => html`<li
    key=${phase} class=${at < current ? "done" : at === current ? "current" : ""}
    aria-current=${at === current ? "step" : undefined}
  >${WORDS[phase][0]}${at < current && html`<span class="unseen"> (done)</span>`}</li>`)}</ol>`;
}

function Overall({ run, rate, asked }) {
  const phase = phaseOf(run);
  const left = phase === "reading" ? secondsLeft(run, rate) : null;
  const figures = [
    counted(rowsOf(run), "row"),
    phase === "reading" && rate !== null && `${short(Math.round(rate))} rows/s`,
    left !== null && `about ${duration(left * 1000)} left`,
  ].filter(Boolean);
  const share = phase === "publishing" ? null : shareOfRun(run);
  return html`<${Progress}
    label=${asked ? "Cancelling: what was read is thrown away" : WORDS[phase][1]}
    value=${share ?? 0} max=${share === null ? null : 1} detail=${figures.join(" · ")}
  />`;
}

function Tables({ tables }) {
  const [shown, more] = useMore(byUrgency(tables), SHOWN_TABLES);
  return html`<ul class="live-tables">${shown.map((table) => html`<${Table}
    key=${`${table.schema_name}.${table.table_name}`} table=${table}
  />`)}</ul>${more}`;
}

function Table({ table }) {
  const share = shareOf(table);
  const left = secondsLeftOf(table);
  const figures = {
    waiting: () => ["waiting"],
    failed: () => ["failed"],
    reading: () => [
      table.estimated_rows
        ? `${count(table.rows)} of about ${count(table.estimated_rows)}`
        : counted(table.rows, "row"),
      table.rows_per_second > 0 && `${short(Math.round(table.rows_per_second))}/s`,
      left !== null && `${duration(left * 1000)} left`,
    ],
  }[table.state] ?? (() => [counted(table.rows, "row"), "read"]);
  const waiting = table.state === "waiting";
  return html`<li class=${table.state}><${Progress}
    label="${table.schema_name}.${table.table_name}" detail=${figures().filter(Boolean).join(" · ")}
    value=${waiting ? 0 : (share ?? 0)} max=${share === null && !waiting ? null : 1}
  /></li>`;
}

/** Rows a second over the last moments; null before that can be told. */
function useRate(run) {
  const samples = useRef([]);
  const last = useRef(null);
  if (last.current !== run.heartbeat_at) {
    last.current = run.heartbeat_at;
    samples.current = seen(samples.current, Date.now(), rowsOf(run));
  }
  return rateOf(samples.current);
}

/** Tells who can't see it each new phase, and each quarter of the rows. */
function useSaid(run) {
  const phase = phaseOf(run);
  const quarter = phase === "reading" ? Math.floor((shareOfRun(run) ?? 0) * 4) : 0;
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else announce(quarter ? `${quarter * 25} percent of the rows are read.` : `${WORDS[phase][1]}.`);
  }, [phase, quarter]);
}
