import { html } from "../../html.js";
import { relative } from "../../format.js";
import { href } from "../../router.js";
import { Notice } from "../../parts/notice.js";
import { ResumeRun } from "../run/resume.js";

/** Why the last run failed, and what to do; nothing if it did not. */
export function LastFailure({ run, onRun }) {
  if (run?.state !== "failed") return null;
  const { title, detail, hint, code } = run.error ?? {};
  const at = href("run", { model: run.model_id, source: run.source_id, run: run.run_id });
  return html`<section class="last-failure" aria-label="Why the last run failed"><${Notice}
    tone="bad" title=${`The last run failed ${relative(run.finished_at)}: ${lower(title)}`}
    detail=${detail} hint=${hint} code=${code}
    action=${html`<a href=${at}>Look at the run and its log</a>`}
  ><${ResumeRun} run=${run} onRun=${onRun} /><//></section>`;
}

const lower = (title = "nobody knows why") => title.charAt(0).toLowerCase() + title.slice(1);
