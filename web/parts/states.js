import { html } from "../html.js";
import { ProblemNotice } from "./notice.js";

/** Nothing is there yet: what it is, and how to get some. `action` is a button or a link. */
export const Empty = ({ title, children, action }) => html`<div class="empty">
  <p class="title">${title}</p>
  <p>${children}</p>
  ${action}
</div>`;

/** Something is on its way; it shows only if that takes a while. */
export const Loading = ({ label = "Loading", lines = 4 }) => html`<div class="loading" role="status">
  <span class="unseen">${label} …</span>
  ${Array.from({ length: lines }, (_, at) => html`<div key=${at} class="bone" aria-hidden="true" />`)}
</div>`;

/** A view could not be shown at all. */
export const Failure = ({ problem, onRetry }) => html`<div class="failure">
  <${ProblemNotice} problem=${problem} onRetry=${onRetry} />
</div>`;
