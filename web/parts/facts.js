import { html } from "../html.js";

/** Figures at a glance: `[[label, value, more], …]`; what is null is left out. */
export const Facts = ({ facts, look = "" }) => html`<dl class="facts ${look}">${facts
  .filter(Boolean)
  .map(([label, value, more]) => html`<div key=${label}>
    <dt>${label}</dt><dd>${value}${more && html`<small>${more}</small>`}</dd>
  </div>`)}</dl>`;
