import { html, useEffect, useSignal } from "../../html.js";
import { adviceProblem, consider, looking, settled, stopLooking } from "../../advice.js";
import { catalogue, list, stopListing } from "../../catalogue.js";
import * as draft from "../../draft.js";
import { bytes, count, counted, short } from "../../format.js";
import { totals } from "../../table_rows.js";
import { change, takenAll, wizard } from "../../wizard.js";
import { Notice, ProblemNotice } from "../../parts/notice.js";
import { Empty, Loading } from "../../parts/states.js";
import { TableDrawer } from "../table/drawer.js";
import { TableList } from "../table/list.js";
import { StepFoot } from "./foot.js";

/** 3: which tables are taken, and how. */
export function TablesStep({ to }) {
  const { source, selection, saving } = wizard.value;
  const { tables, state, problem } = catalogue.value;
  const open = useSignal(null);
  const waiting = useSignal(false);
  const asked = useSignal(false);
  useEffect(() => {
    list(source);
    const hidden = () => document.visibilityState === "hidden" && keepDraft();
    document.addEventListener("visibilitychange", hidden);
    return () => {
      document.removeEventListener("visibilitychange", hidden);
      stopListing();
      keepDraft();
    };
  }, [source.source_id]);
  const goOn = async (event) => {
    event.preventDefault();
    asked.value = true;
    if (!wizard.peek().selection.size) return;
    waiting.value = true;
    await settled();
    waiting.value = false;
    if (await draft.saveChanges("schedule")) to("schedule");
  };
  const again = () => list(source, { again: true });
  const shown = tables.find((table) => table.key === open.value);
  return html`<form class="wide" onSubmit=${goOn} novalidate>
    ${problem && html`<${ProblemNotice} problem=${problem} onRetry=${again} retryLabel="List again" />`}
    ${adviceProblem.value && html`<${Unadvised} tables=${tables} />`}
    ${state === "complete" && html`<${Gone} tables=${tables} selection=${selection} />`}
    ${tables.length > 0
      ? html`<${TableList} tables=${tables} listing=${state === "listing"} onOpen=${(key) => (open.value = key)} onAgain=${again} />`
      : state === "complete"
        ? html`<${NoTables} onAgain=${again} />`
        : state !== "broken" && html`<${Loading} label="Listing the tables" lines=${8} />`}
    ${asked.value && !selection.size && html`<p class="error" role="alert">Choose at least one table.</p>`}
    <${StepFoot} onBack=${() => to("connection")} submit="Go on" busy=${waiting.value || saving}>
      ${waiting.value && looking.value.size > 0
        ? html`<p class="soft" role="status">Looking at ${counted(looking.value.size, "more table")} …</p>
            <button type="button" class="secondary" onClick=${stopLooking}>Don't wait</button>`
        : html`<${Chosen} tables=${tables} selection=${selection} />`}
    <//>
  </form>
  ${shown && html`<${TableDrawer} table=${shown} onClose=${() => (open.value = null)} />`}`;
}

/** Somebody leaves: a draft keeps what was chosen so far. An active source is changed on purpose. */
function keepDraft() {
  const { source, saving, stale } = wizard.peek();
  if (source?.state === "draft" && !saving && !stale) draft.saveChanges("tables");
}

function Chosen({ tables, selection }) {
  const chosen = tables.filter((table) => selection.has(table.key));
  const { rows, bytes: size } = totals(chosen);
  const figures = chosen.length ? `, about ${short(rows)} rows, ${bytes(size)}` : "";
  return html`<p class="soft chosen" role="status">${counted(selection.size, "table")} chosen${figures}</p>`;
}

function Unadvised({ tables }) {
  const retry = () => consider(tables);
  const action = html`<button type="button" class="secondary small" onClick=${retry}>Look again</button>
    <button type="button" class="quiet small" onClick=${stopLooking}>Leave it so</button>`;
  const { title, detail } = adviceProblem.value;
  return html`<${Notice}
    tone="warn" title="Some tables could not be looked at. They are read whole, until you choose otherwise."
    detail=${`${title}: ${detail}`} action=${action}
  />`;
}

/** Chosen tables that the database does not list any more. */
function Gone({ tables, selection }) {
  const there = new Set(tables.map((table) => table.key));
  const gone = [...selection].filter(([key]) => !there.has(key)).map(([, table]) => table);
  if (!gone.length) return null;
  const names = gone.slice(0, 5).map((table) => `${table.schema_name}.${table.table_name}`).join(", ");
  const more = gone.length > 5 ? ` and ${count(gone.length - 5)} more` : "";
  const leave = () => change(takenAll, gone, false);
  return html`<${Notice}
    tone="warn" title=${`${counted(gone.length, "chosen table")} can't be seen any more.`}
    detail=${`${names}${more}: dropped, renamed, or hidden from this user. A run would fail.`}
    action=${html`<button type="button" class="secondary small" onClick=${leave}>Leave out</button>`}
  />`;
}

const NoTables = ({ onAgain }) => html`<${Empty}
  title="This user sees no tables"
  action=${html`<button type="button" class="secondary" onClick=${onAgain}>List again</button>`}
>The database answers, but shows this user no table. Create one, or give the user the right to the schema that holds them; then list again.<//>`;
