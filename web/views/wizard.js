import { html, useEffect } from "../html.js";
import { sourceTypes } from "../api.js";
import * as draft from "../draft.js";
import { go, href } from "../router.js";
import { STEPS, enterable, mayEnter, wizard } from "../wizard.js";
import { Heading } from "../parts/heading.js";
import { Icon } from "../parts/icon.js";
import { useLoaded } from "../parts/loaded.js";
import { Failure, Loading } from "../parts/states.js";
import { Stale } from "./stale.js";
import { ConnectionStep } from "./steps/connection.js";
import { ReviewStep } from "./steps/review.js";
import { ScheduleStep } from "./steps/schedule.js";
import { SourceStep } from "./steps/source.js";
import { TablesStep } from "./steps/tables.js";

// A step's view gets `types` (what sourceTypes answers) and `to(step)`, which goes to a step.
const VIEWS = {
  source: [SourceStep, "Source"],
  connection: [ConnectionStep, "Connection"],
  tables: [TablesStep, "Tables"],
  schedule: [ScheduleStep, "Destination and schedule"],
  review: [ReviewStep, "Review"],
};

/** The set-up of a source, one step after the other; `source` once a draft is stored. */
export function Wizard({ model, source = null, step }) {
  const { value: types, problem: noTypes, reload } = useLoaded(sourceTypes, []);
  const opening = useLoaded(async ({ signal }) => {
    if (source) await draft.open(model, source, { signal });
    else draft.begin(model);
  }, [model, source]);
  useEffect(() => () => draft.stopTest(), []);
  const state = wizard.value;
  const open = state.model === model && (state.source?.source_id ?? null) === source;
  const ready = types && open;
  const possible = ready && mayEnter(state, step) ? step : null;
  useEffect(() => {
    if (ready && !possible) to({ model, source }, STEPS.findLast((each) => mayEnter(state, each)), true);
  }, [ready, possible, step]);

  const problem = noTypes ?? opening.problem;
  if (problem && !ready) {
    const again = () => (types ? opening.reload() : reload());
    return html`<${Heading} title="The set-up can’t be shown" /><${Failure} problem=${problem} onRetry=${again} />`;
  }
  if (!possible) return html`<${Loading} label="Loading the set-up" />`;
  const [View, title] = VIEWS[step];
  const target = { model, source: state.source?.source_id };
  return html`<div class="wizard">
    <div class="side">
      <p class="crumbs"><a href=${href("dashboard", { model })}><${Icon} name="back" />Sources</a></p>
      <p class="what">${state.name.trim() || "New source"}</p>
      <${Steps} current=${step} target=${target} />
    </div>
    <div class="step">
      <p class="where">Step ${STEPS.indexOf(step) + 1} of ${STEPS.length}</p>
      <${Heading} title=${title} />
      ${state.source?.state === "active" && html`<p class="lead">This source is active: what you save here holds from its next run on.</p>`}
      ${state.stale && html`<${Stale} />`}
      <${View} types=${types} to=${(next) => to(target, next)} />
    </div>
  </div>`;
}

const Steps = ({ current, target }) => html`<nav aria-label="Steps"><ol class="steps">
  ${STEPS.map((step, at) => {
    const [, label] = VIEWS[step];
    const done = STEPS.indexOf(current) > at;
    const inside = html`<span class="number" aria-hidden="true">${done ? html`<${Icon} name="passed" />` : at + 1}</span>
      <span class="label">${label}${done && html`<span class="unseen"> (done)</span>`}</span>`;
    const open = enterable.value.has(step);
    return html`<li key=${step} class=${done ? "done" : ""}>${step === current
      ? html`<span aria-current="step">${inside}</span>`
      : open
        ? html`<a href=${address(target, step)}>${inside}</a>`
        : html`<span class="closed">${inside}</span>`}</li>`;
  })}
</ol></nav>`;

const address = ({ model, source }, step) =>
  source ? href("setup", { model, source, step }) : href("new", { model, step });

function to({ model, source }, step, replace = false) {
  if (source) go("setup", { model, source, step }, { replace });
  else go("new", { model, step }, { replace });
}
