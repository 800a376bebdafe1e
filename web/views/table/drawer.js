import { html } from "../../html.js";
import { describeTable } from "../../api.js";
import { consider } from "../../advice.js";
import { bytes, count } from "../../format.js";
import { isOffered } from "../../layout.js";
import { isUntouched, recommended, untouched } from "../../selection.js";
import { change, taken, wizard } from "../../wizard.js";
import { Drawer } from "../../parts/drawer.js";
import { useLoaded } from "../../parts/loaded.js";
import { Notice, ProblemNotice } from "../../parts/notice.js";
import { Loading } from "../../parts/states.js";
import { Columns } from "./columns.js";
import { facts } from "./facts.js";
import { Filter } from "./filter.js";
import { Findings } from "./findings.js";
import { Layout } from "./layout.js";
import { Modes } from "./modes.js";
import { Sample } from "./sample.js";

/** One table: what it is, and how it is taken. */
export function TableDrawer({ table, onClose }) {
  const { source, selection: all } = wizard.value;
  const ids = {
    model_id: source.model_id, source_id: source.source_id,
    schema_name: table.schema_name, table_name: table.table_name,
  };
  const { value: described, problem, reload } = useLoaded(
    ({ signal }) => describeTable(ids, { signal }), [table.key],
  );
  const chosen = all.get(table.key);
  const selection = described && (chosen && !isUntouched(chosen) ? chosen : recommended(described));
  const choose = (next) => change(taken, table, next);
  const take = () => {
    if (chosen) choose(null);
    else if (selection) choose(selection);
    else {
      choose(untouched(table));
      consider([table]);
    }
  };
  return html`<${Drawer} title=${table.table_name} above=${table.schema_name} onClose=${onClose}>
    <p class="soft">${[table.estimated_rows !== null && `About ${count(table.estimated_rows)} rows`, table.bytes !== null && bytes(table.bytes), facts(table)].filter(Boolean).join(" · ")}</p>
    ${table.comment && html`<p>${table.comment}</p>`}
    <label class="switch take"><input type="checkbox" role="switch" checked=${chosen !== undefined} onChange=${take} />Take this table</label>
    ${!table.readable && html`<${Notice} tone="warn" title="This user may not read it." detail="Choose it all the same if the right will be granted: the last step shows the SQL for it." />`}
    ${problem && html`<${ProblemNotice} problem=${problem} onRetry=${reload} />`}
    ${!described && !problem && html`<${Loading} label="Looking at the table" lines=${6} />`}
    ${described && html`
      <${Modes} described=${described} selection=${selection} onChoose=${choose} />
      <${Columns} described=${described} selection=${selection} onChoose=${choose} />
      <${Filter} described=${described} selection=${selection} onChoose=${choose} />
      ${isOffered(described) && html`<${Layout} described=${described} selection=${selection} onChoose=${choose} />`}
      ${table.readable && html`
        <${Sample} ids=${ids} columns=${described.columns} />
        <${Findings} ids=${ids} selection=${selection} onChoose=${choose} />`}
    `}
  <//>`;
}
