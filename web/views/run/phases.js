import { html } from "../../html.js";
import { duration, moment } from "../../format.js";
import { Badge } from "../../parts/badge.js";
import { CopyButton } from "../../parts/copy.js";

const LEAST = 0.0005; // seconds: less is shown as nothing
const NAMES = [
  ["plan", "Planning"],
  ["read", "Reading"],
  ["write", "Writing"],
  ["sweep", "Looking for deleted rows"],
  ["load", "Loading"],
  ["publish", "Publishing"],
];

/** Where the run's time went; nothing if it took none. */
export function PhaseTimes({ phases }) {
  const taken = NAMES.filter(([name]) => phases[name] >= LEAST);
  const all = taken.reduce((sum, [name]) => sum + phases[name], 0);
  if (!all) return null;
  return html`<section class="card" aria-labelledby="phases-title">
    <div class="card-head"><h2 id="phases-title">Where the time went</h2></div>
    <dl class="shares">${taken.map(([name, label]) => html`<div key=${name} class=${name}>
      <dt>${label}</dt><dd>${duration(phases[name] * 1000)}</dd>
      <span class="share" aria-hidden="true"><span style=${{ width: `${(phases[name] / all) * 100}%` }} /></span>
    </div>`)}</dl>
    <p class="soft small">Reading and writing are added up over all workers, so together they may be longer than the run.</p>
  </section>`;
}

/** Who has worked at the run, one after the other; nothing if one did it all. */
export function Attempts({ attempts }) {
  if (attempts.length < 2) return null;
  return html`<section class="card" aria-labelledby="attempts-title">
    <div class="card-head"><h2 id="attempts-title">Attempts</h2></div>
    <ol class="attempts">${attempts.map((attempt, at) => html`<li key=${attempt.started_at}>
      <span class="number">${at + 1}</span>
      <div><p>${moment(attempt.started_at)} <${Badge} ...${outcome(attempt)} /></p>
        ${attempt.error && html`<p class="soft">${attempt.error.detail} <code>${attempt.error.code}</code> <${CopyButton} text=${attempt.error.code} what="the error's code" /></p>`}
        ${attempt.finished_at && html`<p class="soft">took ${duration(new Date(attempt.finished_at) - new Date(attempt.started_at))}</p>`}</div>
    </li>`)}</ol>
  </section>`;
}

function outcome({ finished_at: finished, error }) {
  if (error) return { state: "failed" };
  return finished ? { state: "succeeded" } : { state: "running" };
}
