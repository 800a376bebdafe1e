import { html, useId } from "../html.js";
import { count } from "../format.js";

/** How far something has come; without `max` nobody knows. `detail` stands at the right. */
export function Progress({ label, value, max = null, detail = null }) {
  const id = useId();
  const known = max !== null && max > 0;
  const share = known ? Math.min(value / max, 1) : null;
  const words = known ? `${count(Math.floor(share * 100))}%` : count(value);
  return html`<div class="progress">
    <div class="above"><span id=${id}>${label}</span><span class="figures">${detail ?? words}</span></div>
    <progress aria-labelledby=${id} ...${known ? { value: share, max: 1 } : {}} />
  </div>`;
}
