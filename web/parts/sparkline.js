import { html } from "../html.js";

const HEIGHT = 24;
const WIDTH = 4;
const GAP = 2;

/** A bar for each of the last things, the newest at the right.
 *
 * `bars`: `{ value, tone, title }`, tone as of a badge. `label` says in words what they show.
 */
export function Sparkline({ bars, label, slots = 30 }) {
  const shown = bars.slice(-slots);
  const most = Math.max(1, ...shown.map((bar) => bar.value));
  const width = slots * (WIDTH + GAP) - GAP;
  const height = (bar) => Math.max(3, Math.round((bar.value / most) * HEIGHT));
  return html`<svg class="sparkline" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label=${label}>
    ${shown.map((bar, at) => html`<rect
      key=${at} class=${bar.tone} rx="1" width=${WIDTH} height=${height(bar)}
      x=${(slots - shown.length + at) * (WIDTH + GAP)} y=${HEIGHT - height(bar)}
    ><title>${bar.title}</title></rect>`)}
  </svg>`;
}
