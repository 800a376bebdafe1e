import { html } from "../../html.js";
import { count, duration } from "../../format.js";
import { href } from "../../router.js";
import { isLive, millisecondsOf, rowsOf } from "../runs.js";
import { Badge } from "../../parts/badge.js";
import { Facts } from "../../parts/facts.js";
import { RelativeTime } from "../../parts/time.js";

const NEXT = {
  draft: "Not yet set up",
  paused: "None while paused",
  active: "By hand",
};

/** The source in four figures. */
export function Glance({ source, runs }) {
  const last = runs.find((run) => !isLive(run));
  const good = runs.find((run) => run.state === "succeeded");
  const at = last && href("run", { model: source.model_id, source: source.source_id, run: last.run_id });
  return html`<${Facts} look="glance" facts=${[
    ["Last run", last ? html`<a href=${at}><${Badge} state=${last.state} /></a>` : "None yet",
      last && html`<${RelativeTime} at=${last.finished_at ?? last.requested_at} />`],
    ["Rows", good ? count(rowsOf(good)) : "–", good && "in the last run that succeeded"],
    ["Took", good ? duration(millisecondsOf(good)) : "–", good && "that run"],
    ["Next run", source.next_run_at ? html`<${RelativeTime} at=${source.next_run_at} />` : NEXT[source.state],
      source.last_skipped && html`One was skipped <${RelativeTime} at=${source.last_skipped.at} />`],
  ]} />`;
}
