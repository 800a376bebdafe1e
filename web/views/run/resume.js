import { html } from "../../html.js";
import { resumeRun } from "../../api.js";
import { ActionButton, ActionProblem, useAction } from "../../parts/action.js";
import { Editors } from "../../parts/editors.js";

/** Lets a run that has failed go on, if what it has read is kept. */
export function ResumeRun({ run, onRun }) {
  const { model_id: model, source_id: source, run_id: id } = run;
  const resume = useAction(async () => onRun(await resumeRun(model, source, id)), "The run goes on.");
  if (!run.resumable) return null;
  return html`<p>What it has read is kept: it can go on from there.</p>
    <${Editors}><${ActionButton} action=${resume} label="Go on with the run" pending="Starting …" look="small" /><//>
    <${ActionProblem} action=${resume} />`;
}
