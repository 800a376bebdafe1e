import { html } from "../../html.js";

/** The buttons that end a step: back at the left, the way on at the right. */
export const StepFoot = ({ onBack = null, submit, busy = false, disabled = false, children }) => html`<div class="step-foot">
  ${onBack && html`<button type="button" class="secondary" onClick=${onBack}>Back</button>`}
  <span class="spring" />
  ${children}
  ${submit && html`<button type="submit" disabled=${disabled || busy} aria-busy=${busy ? "true" : undefined}>${submit}</button>`}
</div>`;
