import { html, useId } from "../../html.js";
import { sameNames } from "../../selection.js";
import { Icon } from "../../parts/icon.js";

const SHOWN = 3;

/** By which column new rows are told: the candidates, the best one first, with what speaks for each. */
export function Cursors({ described, selection, onChoose }) {
  const id = useId();
  const { cursors } = described;
  const chosenAt = cursors.findIndex(({ cursor }) => sameNames(cursor, selection.cursor));
  const shown = Math.max(SHOWN, chosenAt + 1);
  const each = (candidate, at) => html`<${Candidate}
    key=${candidate.cursor.join()} candidate=${candidate} best=${at === 0} checked=${at === chosenAt}
    onChoose=${() => onChoose({ ...selection, cursor: candidate.cursor })}
  />`;
  return html`<h4 id=${id}>By which column</h4>
    <div class="choices" role="radiogroup" aria-labelledby=${id}>${cursors.slice(0, shown).map(each)}</div>
    ${cursors.length > shown && html`<details>
      <summary>Other columns (${cursors.length - shown})</summary>
      <div class="choices" role="radiogroup" aria-labelledby=${id}>${cursors.slice(shown).map((candidate) => each(candidate, -1))}</div>
    </details>`}`;
}

const Candidate = ({ candidate, best, checked, onChoose }) => html`<label class="choice">
  <input type="radio" name="cursor" checked=${checked} onChange=${onChoose} />
  <span class="title"><code>${candidate.cursor.join(", ")}</code> ${best && html`<span class="tag good">Best</span>`}</span>
  <span class="reason">
    ${candidate.evidence.map((sentence) => html`<span key=${sentence} class="for"><${Icon} name="passed" />${sentence}</span>`)}
    ${candidate.misses.map((sentence) => html`<span key=${sentence} class="against"><${Icon} name="skipped" /><span><span class="unseen">Misses: </span>${sentence}</span></span>`)}
    ${candidate.scans && html`<span class="against"><${Icon} name="warned" />Without an index for it, each run reads the whole table in the source.</span>`}
  </span>
</label>`;
