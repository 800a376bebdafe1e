import { html, useMemo, useSignal } from "../../html.js";
import { consider, looking } from "../../advice.js";
import { bytes, count, counted, short } from "../../format.js";
import { how, modeOf, untouched } from "../../selection.js";
import { grouped, isGroup, matching, ordered, takenOf } from "../../table_rows.js";
import { change, taken, takenAll, wizard } from "../../wizard.js";
import { Field } from "../../parts/field.js";
import { Icon } from "../../parts/icon.js";
import { Empty } from "../../parts/states.js";
import { WindowedTable } from "../../parts/windowed.js";
import { facts, Tick } from "./facts.js";

const ROW = 52; // pixels
const FIRST = { name: true, rows: false, size: false }; // names grow, figures shrink

/** The tables that can be chosen from, however many; `listing` while more of them come. */
export function TableList({ tables, listing, onOpen, onAgain }) {
  const { selection } = wizard.value;
  const search = useSignal("");
  const alone = useSignal(false);
  const sorted = useSignal({ key: "name", ascending: true });
  const folded = useSignal(new Set());
  const { largest, schemas } = useMemo(() => ({
    largest: tables.reduce((most, table) => Math.max(most, table.bytes ?? 0), 1),
    schemas: tables.some((table) => table.schema_name !== tables[0].schema_name),
  }), [tables]);
  const inOrder = useMemo(() => ordered(tables, sorted.value), [tables, sorted.value]);
  const { found, rows } = useMemo(() => {
    const matched = matching(inOrder, search.value);
    const some = alone.value ? matched.filter((table) => selection.has(table.key)) : matched;
    const groups = schemas && sorted.value.key === "name";
    return { found: some, rows: groups ? grouped(some, folded.value) : some };
  }, [inOrder, search.value, alone.value, alone.value && selection, folded.value]);
  const sort = (key) => {
    const { key: before, ascending } = sorted.value;
    sorted.value = { key, ascending: key === before ? !ascending : FIRST[key] };
  };
  const fold = (schema) => {
    const next = new Set(folded.value);
    if (!next.delete(schema)) next.add(schema);
    folded.value = next;
  };
  const all = takenOf(found, selection);
  const columns = [
    {
      key: "taken", width: "1.25rem",
      label: html`<${Tick} state=${all.state} label="Choose all that are shown" onChange=${() => toggleAll(found)} focusable />`,
      render: (table) => html`<${Tick} state=${selection.has(table.key) ? "all" : "none"} label=${`Choose ${table.table_name}`} onChange=${() => toggle(table)} />`,
    },
    { key: "name", label: "Table", width: "minmax(0, 1fr)", sort: true, render: (table) => html`<${Name} table=${table} flat=${schemas && sorted.value.key !== "name"} selection=${selection.get(table.key)} />` },
    { key: "rows", label: "Rows", width: "5.5rem", align: "end", sort: true, narrow: false, render: (table) => html`<span title=${table.estimated_rows === null ? "The database has no estimate" : count(table.estimated_rows)}>${table.estimated_rows === null ? "?" : short(table.estimated_rows)}</span>` },
    { key: "size", label: "Size", width: "8.5rem", sort: true, narrow: false, render: (table) => html`<${Size} table=${table} largest=${largest} />` },
    { key: "how", label: "How", width: "9.5rem", narrow: false, render: (table) => html`<${How} table=${table} selection=${selection.get(table.key)} />` },
    { key: "open", label: html`<span class="unseen">Details</span>`, width: "1rem", narrow: false, render: () => html`<${Icon} name="next" />` },
  ];
  return html`<div class="tables">
    <div class="toolbar">
      <${Field} label="Filter" kind="search" value=${search.value} example="Part of a schema or table" onInput=${(text) => (search.value = text)} />
      <label class="switch"><input type="checkbox" role="switch" checked=${alone.value} onChange=${() => (alone.value = !alone.value)} />Only chosen</label>
      <span class="spring" />
      <p role="status">${listing ? `${counted(tables.length, "table")} so far …` : found.length === tables.length ? counted(tables.length, "table") : `${count(found.length)} of ${counted(tables.length, "table")}`}</p>
      ${!listing && html`<button type="button" class="quiet small" onClick=${onAgain}>List again</button>`}
    </div>
    ${rows.length
      ? html`<${WindowedTable}
          label="Tables" rows=${rows} keyOf=${(row) => row.key} columns=${columns} rowHeight=${ROW} height=${`min(${(rows.length + 1) * ROW + 2}px, max(20rem, 100vh - 21rem))`}
          sorted=${sorted.value} onSort=${sort} onToggle=${(row) => (isGroup(row) ? toggleAll(row.tables) : toggle(row))}
          onOpen=${(row) => (isGroup(row) ? fold(row.schema) : onOpen(row.key))}
          isSelected=${(row) => (isGroup(row) ? takenOf(row.tables, selection).state === "all" : selection.has(row.key))}
          across=${(row) => isGroup(row) && html`<${Schema} group=${row} selection=${selection} />`}
        />`
      : html`<${Empty}
          title=${search.value ? "No table is called that" : "No table is chosen yet"}
          action=${html`<button type="button" class="secondary" onClick=${() => { search.value = ""; alone.value = false; }}>Show all tables</button>`}
        >${search.value ? `Nothing has “${search.value}” in its name or its schema's.` : "Those that you choose are shown here."}<//>`}
  </div>`;
}

function Schema({ group, selection }) {
  const { taken: number, state } = takenOf(group.tables, selection);
  return html`<${Tick} state=${state} label=${`Choose all of ${group.schema}`} onChange=${() => toggleAll(group.tables)} />
    <span class="schema ${group.folded ? "folded" : ""}"><${Icon} name="next" /><strong>${group.schema}</strong></span>
    <span class="unseen">${group.folded ? "folded" : ""}</span>
    <small>${counted(group.tables.length, "table")}${number ? `, ${count(number)} chosen` : ""}</small>`;
}

function Name({ table, flat, selection }) {
  const { estimated_rows: rows, readable } = table;
  // On a phone there is room for no other column.
  const chosen = selection && html`<span class="narrow-only">${inWords(table, selection)} · </span>`;
  const figure = rows !== null && html`<span class="narrow-only">${short(rows)} rows · </span>`;
  return html`<span class="name">${flat && html`<span class="soft">${table.schema_name}.</span>`}${table.table_name}</span>
    <small>${!readable && html`<span class="lacks">No right to read · </span>`}${chosen}${figure}${facts(table)}</small>`;
}

function Size({ table, largest }) {
  if (table.bytes === null) return html`<span class="soft">–</span>`;
  return html`<span class="size"><span class="bar" aria-hidden="true"><span style=${{ width: `${Math.max(1, (table.bytes / largest) * 100)}%` }} /></span>${bytes(table.bytes)}</span>`;
}

function How({ table, selection }) {
  if (!selection) return null;
  if (looking.value.has(table.key)) return html`<span class="soft">Looking …</span>`;
  const [what, by] = how(selection);
  const why = modeOf(selection) === "full" && !table.primary_key.length ? "no key" : by && `by ${by}`;
  return html`<span class="name">${what}</span>${why && html`<small>${why}</small>`}`;
}

function inWords(table, selection) {
  if (looking.value.has(table.key)) return "Looking …";
  const [what, by] = how(selection);
  return by ? `${what} by ${by}` : what;
}

function toggle(table) {
  const chosen = wizard.peek().selection.has(table.key);
  change(taken, table, chosen ? null : untouched(table));
  if (!chosen) consider([table]);
}

/** Those that may not be read are only chosen one by one: their rights can still be granted. */
function toggleAll(tables) {
  const wanted = takenOf(tables, wizard.peek().selection).state !== "all";
  change(takenAll, wanted ? tables.filter((table) => table.readable) : tables, wanted);
  if (wanted) consider(tables);
}
