import { html, signal } from "../html.js";

const said = signal("");

/** Let a screen reader say something that others see happen. */
export function announce(text) {
  // The same words again are no change, and would stay unsaid.
  said.value = said.peek() === text ? `${text}\u00a0` : text;
}

/** Once, in the page's frame. */
export const LiveRegion = () => html`<p class="unseen" role="status">${said.value}</p>`;
