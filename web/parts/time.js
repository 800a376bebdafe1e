import { html, signal } from "../html.js";
import { moment, relative } from "../format.js";

// One clock for all, so that a long list has one timer.
const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 15_000);

/** `5 minutes ago`, with the moment itself on hovering; it keeps up with the clock. */
export const RelativeTime = ({ at }) => html`<time
  datetime=${at} title=${moment(at)}
>${relative(at, Math.max(now.value, Date.now()))}</time>`;
