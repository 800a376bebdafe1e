import { html, useRef } from "../../html.js";
import { changeState, startRun } from "../../api.js";
import { go } from "../../router.js";
import { resumeStep } from "../../wizard.js";
import { ActionButton, ActionProblem, useAction } from "../../parts/action.js";

/** What can be done with a source as a whole; its parts have their own actions beside them. */
export function SourceActions({ source, live, onRun, onChange }) {
  const { model_id: model, source_id: id, state } = source;
  // The same wish has the same key until it is granted, so that trying again starts one run.
  const key = useRef(null);
  const run = useAction(async () => {
    key.current ??= crypto.randomUUID();
    onRun(await startRun(model, id, key.current));
    key.current = null;
  }, "The run is starting.");
  const change = useAction(async (verb) => {
    await changeState(model, id, verb);
    onChange();
  }, state === "paused" ? "The source is active again." : "The source is paused.");
  const wrong = run.problem ? run : change;

  if (state === "draft") {
    const goOn = () => go("setup", { model, source: id, step: resumeStep(source) });
    return html`<div class="actions"><button type="button" onClick=${goOn}>Go on setting up</button></div>`;
  }
  return html`<div class="actions">
      ${state === "paused"
        ? html`<${ActionButton} action=${change} label="Resume the source" pending="Resuming …" onClick=${() => change.run("resume")} />`
        : html`<${ActionButton} action=${change} label="Pause" pending="Pausing …" onClick=${() => change.run("pause")} />`}
      <${ActionButton}
        action=${run} look="" label=${live ? "Running" : "Run now"} pending="Starting …"
        aria-disabled=${live || run.pending ? "true" : undefined} onClick=${() => live || run.run()}
      />
    </div>
    ${wrong.problem && html`<div class="whole-row"><${ActionProblem} action=${wrong} /></div>`}`;
}
