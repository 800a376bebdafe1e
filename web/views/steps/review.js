import { html } from "../../html.js";
import { StepFoot } from "./foot.js";

/** 5: everything on one page, and the start. */
export function ReviewStep({ to }) {
  return html`<p class="lead">This step is being built.</p>
    <${StepFoot} onBack=${() => to("schedule")} />`;
}
