import { html } from "../html.js";
import { getRun } from "../api.js";
import { href } from "../router.js";
import { moment } from "../format.js";
import { Badge } from "../parts/badge.js";
import { Heading } from "../parts/heading.js";
import { useLoaded } from "../parts/loaded.js";
import { Failure, Loading } from "../parts/states.js";

/** One run of a source: its tables, its error, its log. */
export function Run({ model, source, run: id }) {
  const { value: run, problem, reload } = useLoaded(
    ({ signal }) => getRun(model, source, id, { signal }), [model, source, id],
  );
  if (!run && problem) return html`<${Failure} problem=${problem} onRetry=${reload} />`;
  if (!run) return html`<${Loading} label="Loading the run" />`;
  return html`
    <p class="crumbs"><a href=${href("source", { model, source })}>Source</a></p>
    <div class="title-row"><${Heading} title=${`Run of ${moment(run.requested_at)}`} /><${Badge} state=${run.state} /></div>
  `;
}
