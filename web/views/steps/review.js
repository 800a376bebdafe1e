import { html, useEffect, useSignal } from "../../html.js";
import * as api from "../../api.js";
import * as draft from "../../draft.js";
import { go } from "../../router.js";
import { adopt } from "../../stored.js";
import { wizard } from "../../wizard.js";
import { Notice, ProblemNotice } from "../../parts/notice.js";
import { Estimate } from "../review/estimate.js";
import { Rights } from "../review/rights.js";
import { Summary } from "../review/summary.js";
import { StepFoot, pending } from "./foot.js";

/** 5: everything on one page, and the start. */
export function ReviewStep({ types, to }) {
  const { source, saving } = wizard.value;
  const problem = useSignal(null);
  const busy = useSignal(null);
  const key = useSignal(crypto.randomUUID());
  const { model_id: model, source_id: id, state } = source;
  const target = { model, source: id };
  useEffect(() => {
    if (state === "draft") draft.saveChanges("review");
  }, []);
  const finish = async (wish) => {
    busy.value = wish;
    problem.value = null;
    try {
      if (!(await draft.saveChanges("review"))) return;
      if (state === "draft") adopt(await api.changeState(model, id, "activate"));
      if (wish === "run") {
        const run = await api.startRun(model, id, key.value);
        go("run", { ...target, run: run.run_id });
      } else go("source", target);
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      problem.value = error;
    } finally {
      busy.value = null;
    }
  };
  const submit = (event) => {
    event.preventDefault();
    finish("run");
  };
  return html`<form class="wide review" onSubmit=${submit} novalidate>
    <${Summary} types=${types} target=${target} />
    <${Estimate} source=${source} />
    <${Rights} source=${source} />
    ${state === "paused" && html`<${Notice} title="This source is paused." detail="What you changed is saved, and holds once it is resumed." />`}
    ${problem.value && html`<${ProblemNotice} problem=${problem.value} />`}
    <${StepFoot} onBack=${() => to("schedule")} submit=${LABELS[state].run} busy=${busy.value !== null || saving}>
      <button
        type="button" class="secondary" onClick=${() => finish("stay")}
        ...${pending(busy.value !== null || saving, busy.value === "stay")}
      >${LABELS[state].stay}</button>
    <//>
  </form>`;
}

const LABELS = {
  draft: { stay: "Activate", run: "Activate and run now" },
  active: { stay: "Save", run: "Save and run now" },
  paused: { stay: "Save", run: null },
};
