import { html, useId, useSignal } from "../../html.js";
import { Problem, preflight } from "../../api.js";
import { compact, sameSelection } from "../../selection.js";
import { announce } from "../../parts/live.js";
import { Notice, ProblemNotice } from "../../parts/notice.js";

const TONES = { passed: "good", warned: "warn", failed: "bad" };
const OUTCOMES = {
  passed: "All values that were looked at can be carried.",
  warned: "It would run; something is worth knowing.",
  failed: "A run would fail, unless you follow the advice.",
};

/** What would become of the values, looked at when somebody asks. */
export function Findings({ ids, selection, onChoose }) {
  const id = useId();
  const state = useSignal({ report: null, problem: null, busy: false });
  const look = async (chosen) => {
    state.value = { ...state.peek(), busy: true, problem: null };
    try {
      const report = await preflight({ ...ids, selection: compact(chosen) });
      state.value = { report, problem: null, busy: false };
      announce(OUTCOMES[report.status] ?? "");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      state.value = { report: null, problem, busy: false };
    }
  };
  const follow = (suggested) => {
    onChoose(suggested);
    look(suggested);
  };
  const { report, problem, busy } = state.value;
  return html`<section aria-labelledby=${id}>
    <h3 id=${id}>What would become of the values</h3>
    ${!report && html`<p class="soft">Looks at a sample of the rows for what does not fit where it goes: dates beyond the calendar, numbers with too many digits, values that are too large.</p>`}
    ${problem && html`<${ProblemNotice} problem=${problem} />`}
    ${report && html`<${Report} report=${report} selection=${selection} onFollow=${follow} />`}
    <button type="button" class="secondary small" disabled=${busy} aria-busy=${busy} onClick=${() => look(selection)}>${report ? "Check again" : "Check the values"}</button>
  </section>`;
}

function Report({ report, selection, onFollow }) {
  const { status, sample, obstacles, columns, suggested } = report;
  const odd = columns.filter((column) => column.status !== "passed");
  const better = suggested && status !== "passed" && !sameSelection(suggested, selection);
  return html`<${Notice} tone=${TONES[status]} title=${OUTCOMES[status]} detail=${sample.found}
    action=${better && html`<button type="button" class="secondary small" onClick=${() => onFollow(suggested)}>Follow the advice</button>`}
  >
    ${obstacles.map((sentence) => html`<p key=${sentence}>${sentence}</p>`)}
    ${odd.length > 0 && html`<ul class="findings">${odd.map((column) => html`<li key=${column.name}>
      <code>${column.name}</code> ${column.outcome}
      ${column.advice.length > 0 && html`<span class="soft"> Advice: ${column.advice.map((each) => each.reason).join(" Or: ")}</span>`}
    </li>`)}</ul>`}
  <//>`;
}
