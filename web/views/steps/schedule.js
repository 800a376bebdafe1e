import { html, useRef, useSignal } from "../../html.js";
import * as draft from "../../draft.js";
import { change, decided, scheduled, wizard } from "../../wizard.js";
import { Destination } from "../destination.js";
import { Options } from "../options.js";
import { When } from "../when.js";
import { StepFoot } from "./foot.js";

/** 4: where the rows go, and when. */
export function ScheduleStep({ to }) {
  const state = wizard.value;
  const form = useRef();
  const unsaid = useSignal(false); // whether the form says no schedule yet
  const goOn = async (event) => {
    event.preventDefault();
    if (!unsaid.value && (await draft.saveChanges("review"))) to("review");
    else requestAnimationFrame(() => form.current?.querySelector("[aria-invalid=true]")?.focus());
  };
  const schedule = (next) => {
    unsaid.value = next === null;
    if (next) change(scheduled, next);
  };
  return html`<form ref=${form} class="wide" onSubmit=${goOn} novalidate>
    <${Destination} state=${state} />
    <${When} schedule=${state.schedule} wrong=${state.wrong} onChange=${schedule} />
    <${Options} options=${state.options} wrong=${state.wrong} onChange=${(name, value) => change(decided, name, value)} />
    <${StepFoot} onBack=${() => to("tables")} submit="Go on" busy=${state.saving} />
  </form>`;
}
