import { html } from "../html.js";
import { CopyBlock, CopyButton } from "./copy.js";
import { Icon } from "./icon.js";

const ICONS = { bad: "failed", warn: "warned", good: "passed", info: "info" };

/** Something to know, with its next step.
 *
 * `tone`: bad, warn, good, info. `copy` is what to copy for the next step. Children stand below.
 * A bad one is read out at once.
 */
export function Notice({ tone = "info", title, detail, hint, code, copy, action, children }) {
  return html`<div class="notice ${tone}" role=${tone === "bad" ? "alert" : undefined}>
    <span class="mark"><${Icon} name=${ICONS[tone]} /></span>
    <div class="body">
      ${title && html`<p class="title">${title}</p>`}
      ${detail && html`<p>${detail}</p>`}
      ${hint && html`<p>${hint}</p>`}
      ${copy && html`<${CopyBlock} text=${copy} what="what to paste" />`}
      ${children}
      ${(code || action) &&
      html`<div class="foot">
        ${action}
        ${code && html`<span class="code"><code>${code}</code> <${CopyButton} text=${code} what="the error's code" /></span>`}
      </div>`}
    </div>
  </div>`;
}

/** A Problem, with a button that tries again if there is something to try. */
export const ProblemNotice = ({ problem, onRetry, retryLabel = "Try again" }) => html`<${Notice}
  tone="bad"
  title=${problem.title}
  detail=${problem.detail}
  hint=${problem.hint}
  code=${problem.code}
  action=${onRetry && html`<button type="button" class="secondary small" onClick=${onRetry}>${retryLabel}</button>`}
/>`;
