import { html } from "../html.js";

const TONES = {
  draft: "plain", active: "good", paused: "warn",
  queued: "live", running: "live", succeeded: "good", failed: "bad", cancelled: "plain",
  waiting: "plain", reading: "live", staged: "live", published: "good",
};

/** The state of a source or a run, in colour and in words. */
export const Badge = ({ state, label = state }) => html`<span
  class="badge ${TONES[state] ?? "plain"}"
><span class="dot" aria-hidden="true" />${label.charAt(0).toUpperCase() + label.slice(1)}</span>`;
