import { html, useEffect, useId, useSignal } from "../../html.js";
import { Problem, testSource } from "../../api.js";
import { CopyBlock } from "../../parts/copy.js";
import { Notice, ProblemNotice } from "../../parts/notice.js";
import { Loading } from "../../parts/states.js";

const BLANK = { checks: [], state: "running", problem: null };

/** Whether the stored user may read all that was chosen; if not, the SQL that grants it. */
export function Rights({ source }) {
  const id = useId();
  const asked = useSignal(0);
  const test = useSignal(BLANK);
  useEffect(() => {
    const mine = new AbortController();
    test.value = BLANK;
    look(source, test, mine.signal);
    return () => mine.abort();
  }, [source.etag, asked.value]);
  const { checks, state, problem } = test.value;
  const again = () => (asked.value += 1);
  const odd = checks.filter((check) => ["failed", "warned"].includes(check.status));
  const rights = checks.find((check) => check.layer === "rights");
  return html`<section aria-labelledby=${id}>
    <h2 id=${id}>Connection and rights</h2>
    ${problem && html`<${ProblemNotice} problem=${problem} onRetry=${again} />`}
    ${state === "running" && !odd.length && html`<${Loading} label="Looking at the rights" lines=${2} />`}
    ${state === "done" && rights?.status === "passed" && html`<${Notice} tone="good" title=${rights.found} />`}
    ${odd.map((check) => html`<${Notice}
      key=${check.layer} tone=${check.status === "failed" ? "bad" : "warn"} title=${check.found} hint=${check.hint}
      copy=${check.copy_text} code=${check.code}
      action=${check.status === "failed" && html`<button type="button" class="secondary small" onClick=${again}>Look again</button>`}
    />`)}
    ${rights?.grants && html`<details>
      <summary>SQL for a user who may read these tables and nothing else</summary>
      <${CopyBlock} text=${rights.grants.create} what="the SQL that makes the user" />
    </details>`}
  </section>`;
}

async function look({ model_id, source_id }, test, signal) {
  try {
    for await (const [, check] of testSource({ model_id, source_id }, { signal })) {
      if (signal.aborted) return;
      test.value = { ...test.peek(), checks: [...test.peek().checks, check] };
    }
    test.value = { ...test.peek(), state: "done" };
  } catch (problem) {
    if (signal.aborted) return;
    if (!(problem instanceof Problem)) throw problem;
    test.value = { ...test.peek(), state: "broken", problem };
  }
}
