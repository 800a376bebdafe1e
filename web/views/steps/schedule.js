import { html } from "../../html.js";
import { StepFoot } from "./foot.js";

/** 4: where the rows go, and when. */
export function ScheduleStep({ to }) {
  return html`<p class="lead">This step is being built.</p>
    <${StepFoot} onBack=${() => to("tables")} />`;
}
