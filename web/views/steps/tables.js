import { html } from "../../html.js";
import { StepFoot } from "./foot.js";

/** 3: which tables are taken, and how. */
export function TablesStep({ to }) {
  return html`<p class="lead">This step is being built.</p>
    <${StepFoot} onBack=${() => to("connection")} />`;
}
