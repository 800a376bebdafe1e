import { html } from "../../html.js";
import { href } from "../../router.js";
import { Editors } from "../../parts/editors.js";
import { Icon } from "../../parts/icon.js";
import { Notice } from "../../parts/notice.js";
import { RelativeTime } from "../../parts/time.js";

/** When it runs, in words, with what comes next. */
export function Schedule({ source, preview }) {
  const at = href("setup", { model: source.model_id, source: source.source_id, step: "schedule" });
  const active = source.state === "active";
  const { last_skipped: skipped } = source;
  return html`<section class="card" aria-labelledby="schedule-title">
    <div class="card-head"><h2 id="schedule-title">Schedule</h2><${Editors}><a class="small" href=${at}>Edit<span class="unseen"> the schedule</span></a><//></div>
    <p>${preview.words.charAt(0).toUpperCase()}${preview.words.slice(1)}</p>
    ${!active && preview.runs.length > 0 && html`<p class="soft">${source.state === "paused" ? "Paused: no run comes by itself." : "It begins once the source is active."}</p>`}
    ${active && preview.runs.length > 0 && html`<ol class="upcoming" aria-label="Next runs">${preview.runs.map((run, index) => html`<li key=${run.at}>
      <span>${run.words}</span>${index === 0 && html`<small><${RelativeTime} at=${run.at} /></small>`}
      ${run.note && html`<small class="note"><${Icon} name="info" />${run.note}</small>`}
    </li>`)}</ol>`}
    ${skipped && html`<${Notice} tone="warn" title="A run was skipped" detail=${skipped.reason} code=${skipped.code} />`}
  </section>`;
}
