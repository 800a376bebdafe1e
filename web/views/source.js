import { html } from "../html.js";
import { getSource } from "../api.js";
import { href } from "../router.js";
import { Badge } from "../parts/badge.js";
import { Heading } from "../parts/heading.js";
import { useLoaded } from "../parts/loaded.js";
import { Failure, Loading } from "../parts/states.js";

/** One source: what it does now, what it did, and what can be changed. */
export function Source({ model, source: id }) {
  const { value: source, problem, reload } = useLoaded(
    ({ signal }) => getSource(model, id, { signal }), [model, id],
  );
  if (!source && problem) return html`<${Failure} problem=${problem} onRetry=${reload} />`;
  if (!source) return html`<${Loading} label="Loading the source" />`;
  return html`
    <p class="crumbs"><a href=${href("dashboard", { model })}>Sources</a></p>
    <div class="title-row"><${Heading} title=${source.name} /><${Badge} state=${source.state} /></div>
  `;
}
