import { html, useId } from "../../html.js";
import { count, counted } from "../../format.js";
import { database, place, who } from "../../connection_form.js";
import { href } from "../../router.js";
import { modeOf } from "../../selection.js";
import { tableKey, wizard } from "../../wizard.js";
import { Words } from "../next_runs.js";

const NAMED = 6;
const HOW = { full: "read whole, each time", merge: "what is new or changed", append: "what is new" };
const PROOF = { counts: "Numbers of rows", digest: "The values of each column" };

/** What was entered, each with the way back to it. */
export function Summary({ types, target }) {
  const { name, source, selection, dataset, schedule, options } = wizard.value;
  const { connection } = source;
  const type = types.types.find((each) => each.type === connection.type);
  const tables = [...selection.values()];
  return html`<dl class="summary">
    <${Item} label="Source" step="source" target=${target}>${name}, ${type?.label ?? connection.type}<//>
    <${Item} label="Connection" step="connection" target=${target}>Database <b>${database(connection)}</b> on ${place(connection)} as ${who(connection)}<//>
    <${Item} label="Tables" step="tables" target=${target}><${Tables} tables=${tables} /><//>
    <${Item} label="Destination" step="schedule" target=${target}>Dataset <code>${dataset}</code><//>
    <${Item} label="Schedule" step="schedule" target=${target}><${Words} schedule=${schedule} /><//>
    <${Item} label="Proof" step="schedule" target=${target}>${PROOF[options.verify]}${options.parallel > 1 ? `; ${count(options.parallel)} chunks at once` : ""}<//>
  </dl>`;
}

function Item({ label, step, target, children }) {
  const id = useId();
  return html`<div><dt id=${id}>${label}</dt><dd>${children}</dd>
    <dd class="edit"><a id="${id}-edit" aria-labelledby="${id}-edit ${id}" href=${href("setup", { ...target, step })}>Change</a></dd></div>`;
}

function Tables({ tables }) {
  const modes = Object.keys(HOW)
    .map((mode) => [mode, tables.filter((table) => modeOf(table) === mode).length])
    .filter(([, number]) => number);
  const shown = tables.slice(0, NAMED);
  return html`<b>${counted(tables.length, "table")}</b>
    <ul class="modes">${modes.map(([mode, number]) => html`<li key=${mode}>${count(number)}: ${HOW[mode]}</li>`)}</ul>
    <p class="soft">${shown.map((table) => html`<code key=${tableKey(table)}>${table.schema_name}.${table.table_name}</code> `)}${tables.length > NAMED && `and ${count(tables.length - NAMED)} more`}</p>`;
}
