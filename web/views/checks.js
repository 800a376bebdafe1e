import { html } from "../html.js";
import { duration } from "../format.js";
import { CopyBlock } from "../parts/copy.js";
import { Icon } from "../parts/icon.js";
import { Notice, ProblemNotice } from "../parts/notice.js";

// What a layer asks, for a person.
const LABELS = {
  address: "Address is allowed",
  dns: "Name is known",
  tcp: "Port answers",
  protocol: "Database answers",
  tls: "Encryption",
  login: "Login",
  database: "Database is there",
  rights: "Right to read",
  fitness: "Fit for long reads",
};

const OUTCOMES = {
  passed: "The connection works.",
  failed: "The connection does not work yet.",
  running: "Testing …",
  outdated: "Something was changed since this test.",
};

/** The layers of a connection's test, each as soon as it is known. */
export function Checks({ test, layers, saved = false }) {
  const { state, checks, problem } = test;
  if (state === "untested") {
    return html`<section class="checks idle" aria-label="Connection test">
      <p class="soft">The test looks at each layer between here and your tables, from the address to the right to read, and says what to do where it fails. Nothing is written to your database.</p>
    </section>`;
  }
  const done = new Map(checks.map((check) => [check.layer, check]));
  const current = state === "running" ? layers.find((layer) => !done.has(layer)) : null;
  return html`<section class="checks ${state}" aria-label="Connection test" aria-busy=${state === "running"}>
    <p class="outcome" role="status">${OUTCOMES[state]}${state === "passed" && saved ? " The draft is saved." : ""}</p>
    ${problem && html`<${ProblemNotice} problem=${problem} />`}
    <ol>${layers.map((layer) => done.has(layer)
      ? html`<${Layer} key=${layer} check=${done.get(layer)} />`
      : state !== "broken" && html`<li key=${layer} class=${layer === current ? "current" : "waiting"}>
          <span class="mark" aria-hidden="true" /><div class="body"><p class="head"><span>${LABELS[layer] ?? layer}</span></p></div>
        </li>`)}</ol>
  </section>`;
}

const SAID = { passed: "passed", failed: "failed", warned: "to be looked at", skipped: "not tested" };

function Layer({ check }) {
  const { layer, status, milliseconds, found, hint, copy_text: copy, code } = check;
  const open = status === "failed" || status === "warned";
  const skipped = status === "skipped"; // the layer that failed says why
  return html`<li class=${status} tabindex=${status === "failed" ? -1 : undefined}>
    <span class="mark"><${Icon} name=${status} /></span>
    <div class="body">
      <p class="head"><span>${LABELS[layer] ?? layer}<span class="unseen">: ${SAID[status]}</span></span>
        ${skipped && html`<span class="time" aria-hidden="true">${SAID[status]}</span>`}
        ${milliseconds > 0 && html`<span class="time">${duration(milliseconds)}</span>`}</p>
      ${!skipped && html`<p class="found">${found}</p>`}
      ${open && hint && html`<${Notice}
        tone=${status === "failed" ? "bad" : "warn"} title=${status === "failed" ? "What to do" : null} hint=${hint} copy=${copy} code=${code}
      />`}
      ${!open && copy && html`<${CopyBlock} text=${copy} />`}
    </div>
  </li>`;
}
