import { html, useLayoutEffect, useRef } from "../../html.js";
import { count, counted } from "../../format.js";

const KINDS = {
  table: null,
  partitioned: "partitioned",
  view: "view",
  materialized_view: "materialized view",
  foreign: "foreign table",
};

/** What a table is, in few words. */
export function facts(table) {
  const parts = table.partition_count ? ` (${count(table.partition_count)})` : "";
  const kind = KINDS[table.kind] && `${KINDS[table.kind]}${parts}`;
  const key = table.primary_key.length ? `key ${table.primary_key.join(", ")}` : "no key";
  return [kind, counted(table.column_count, "column"), key].filter(Boolean).join(" · ");
}

/** A box that is ticked, half ticked, or not. Beside a row that has the focus it needs none. */
export function Tick({ state, label, onChange, focusable = false }) {
  const box = useRef();
  useLayoutEffect(() => {
    box.current.indeterminate = state === "some";
  }, [state]);
  return html`<input
    ref=${box} type="checkbox" class="tick" aria-label=${label} tabindex=${focusable ? undefined : -1}
    checked=${state === "all"} onChange=${onChange}
  />`;
}
