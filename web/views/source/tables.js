import { html, useSignal } from "../../html.js";
import { resyncTable } from "../../api.js";
import { count, counted } from "../../format.js";
import { href } from "../../router.js";
import { tableKey } from "../../wizard.js";
import { ActionButton, ActionProblem, useAction } from "../../parts/action.js";
import { Editors } from "../../parts/editors.js";
import { Field } from "../../parts/field.js";
import { useMore } from "../../parts/more.js";

const SEARCH_FROM = 10;

const MODES = {
  full: () => "All rows, each time",
  append: ({ cursor }) => `New rows by ${cursor.join(", ")}`,
  merge: ({ cursor }) => `New and changed rows by ${cursor.join(", ")}`,
};

/** What is taken, how, and where it goes. */
export function Tables({ source, lastRun }) {
  const search = useSignal("");
  const at = href("setup", { model: source.model_id, source: source.source_id, step: "tables" });
  const known = new Map((lastRun?.tables ?? []).map((table) => [tableKey(table), table]));
  const sought = search.value.trim().toLowerCase();
  const found = source.selection.filter((table) => nameOf(table).toLowerCase().includes(sought));
  const [shown, more] = useMore(found);
  return html`<section class="card" aria-labelledby="tables-title">
    <div class="card-head"><h2 id="tables-title">Tables <span class="soft">${count(source.selection.length)}</span></h2><${Editors}><a class="small" href=${at}>Edit<span class="unseen"> the tables</span></a><//></div>
    ${source.selection.length >= SEARCH_FROM && html`<${Field} label="Search tables" kind="search" value=${search.value} onInput=${(text) => (search.value = text)} />`}
    ${source.selection.length === 0
      ? html`<p class="soft">No table is chosen yet.</p>`
      : found.length === 0
        ? html`<p class="soft" role="status">No table has “${search.value}” in its name.</p>`
        : html`<ul class="taken">${shown.map((table) => html`<${Table}
            key=${tableKey(table)} source=${source} table=${table} last=${known.get(tableKey(table))}
          />`)}</ul>`}
    ${more}
  </section>`;
}

function Table({ source, table, last }) {
  const asking = useSignal(false);
  const { model_id: model, source_id: id, state } = source;
  const { schema_name, table_name } = table;
  const resync = useAction(async () => {
    await resyncTable(model, id, { schema_name, table_name });
    asking.value = false;
  }, `The next run brings ${nameOf(table)} from the start.`);
  const into = table.destination_table ?? last?.destination_table;
  const possible = table.mode !== "full" && state !== "draft";
  return html`<li>
    <div class="taken-name"><span class="name">${nameOf(table)}</span>
      <small>${MODES[table.mode](table)}${table.columns ? ` · ${counted(table.columns.length, "column")}` : ""}${table.filter.length ? ` · ${counted(table.filter.length, "condition")}` : ""}${into ? html` · into <code>${source.dataset}.${into}</code>` : ""}</small></div>
    <span class="rows">${last ? html`${count(last.rows)} <small>rows last</small>` : ""}</span>
    ${possible && !asking.value && html`<${Editors}><button type="button" class="quiet small" onClick=${() => { resync.clear(); asking.value = true; }}>Re-sync<span class="unseen"> ${nameOf(table)}</span></button><//>`}
    ${asking.value && html`<div class="asked"><p>The next run reads all of ${nameOf(table)} again, in place of what the destination has. Until then its rows stay as they are.</p>
      <${ActionButton} action=${resync} look="small" label="Re-sync it" pending="Asking …" />
      <button type="button" class="quiet small" onClick=${() => (asking.value = false)}>Leave it</button></div>`}
    ${resync.done && html`<p class="asked done">The next run brings it from the start.</p>`}
    <${ActionProblem} action=${resync} />
  </li>`;
}

const nameOf = ({ schema_name, table_name }) => `${schema_name}.${table_name}`;
