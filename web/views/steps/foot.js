import { html } from "../../html.js";
import { wizard } from "../../wizard.js";
import { ProblemNotice } from "../../parts/notice.js";

/** The buttons that end a step: back at the left, the way on at the right.
 *
 * What could not be saved is said above them, where whoever has pressed one is looking.
 */
export const StepFoot = ({ onBack = null, submit, busy = false, children }) => html`<div class="step-foot">
  ${wizard.value.problem && html`<div class="trouble"><${ProblemNotice} problem=${wizard.value.problem} /></div>`}
  ${onBack && html`<button type="button" class="secondary" onClick=${onBack}>Back</button>`}
  <span class="spring" />
  ${children}
  ${submit && html`<button type="submit" ...${pending(busy)}>${submit}</button>`}
</div>`;

/** What makes a button do nothing for a while: one that is disabled would lose the focus. */
export const pending = (busy, spinning = busy) => ({
  "aria-busy": spinning ? "true" : undefined,
  "aria-disabled": busy ? "true" : undefined,
  ...(busy && { onClick: (event) => event.preventDefault() }),
});
