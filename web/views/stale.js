import { html, useEffect, useRef, useSignal } from "../html.js";
import { Problem, getSource } from "../api.js";
import { differences } from "../compare.js";
import * as draft from "../draft.js";
import { resumed, wizard } from "../wizard.js";
import { bring } from "../parts/bring.js";
import { Notice, ProblemNotice } from "../parts/notice.js";

/** Somebody saved the same source elsewhere; nothing of theirs is overwritten unseen. */
export function Stale() {
  const found = useSignal(null);
  const problem = useSignal(null);
  const place = useRef();
  // It stands at the top; whoever has just tried to save is at the bottom.
  useEffect(() => bring(place.current, "nearest"), []);
  const trying = (work) => async () => {
    problem.value = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.value = error;
    }
  };
  const compare = trying(async () => {
    const { model, source } = wizard.peek();
    const there = resumed(await getSource(model, source.source_id));
    found.value = differences(wizard.peek(), there);
  });
  const buttons = html`<button type="button" class="secondary small" onClick=${trying(draft.reload)}>Show what was saved there</button>
    ${found.value === null
      ? html`<button type="button" class="secondary small" onClick=${compare}>Compare</button>`
      : html`<button type="button" class="secondary small" onClick=${trying(draft.keep)}>Go on with what is here</button>`}`;
  return html`<div ref=${place}><${Notice}
    tone="warn" title="This source was changed elsewhere." code="source_stale" action=${buttons}
    detail="It was saved in another tab or by somebody else after you opened it here. Nothing of that was overwritten, and what you entered last was not saved."
  >
    ${found.value && html`<${Differences} lines=${found.value} />`}
    ${problem.value && html`<${ProblemNotice} problem=${problem.value} />`}
  <//></div>`;
}

const Differences = ({ lines }) => lines.length === 0
  ? html`<p role="status">What is here and what was saved there are the same.</p>`
  : html`<div class="scroller" role="region" aria-label="Differences" tabindex="0"><table>
      <thead><tr><th scope="col">Differs</th><th scope="col">Here, not saved</th><th scope="col">Saved there</th></tr></thead>
      <tbody>${lines.map(({ what, here, there }) => html`<tr key=${what}><th scope="row">${what}</th><td>${here}</td><td>${there}</td></tr>`)}</tbody>
    </table></div>`;
