import { html, useSignal } from "../html.js";
import { count } from "../format.js";

/** The first of a long list, and a button for more: `[shown, button]`. */
export function useMore(list, step = 50) {
  const most = useSignal(step);
  const left = list.length - most.value;
  const more = left > 0 && html`<p class="more"><button
    type="button" class="quiet small" onClick=${() => (most.value += step)}
  >Show ${count(Math.min(step, left))} more of ${count(list.length)}</button></p>`;
  return [list.slice(0, most.value), more];
}
