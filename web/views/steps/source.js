import { html, useRef, useSignal } from "../../html.js";
import * as draft from "../../draft.js";
import { change, chosen, named, wizard } from "../../wizard.js";
import { Field } from "../../parts/field.js";
import { Icon } from "../../parts/icon.js";
import { StepFoot } from "./foot.js";

/** 1: which kind of database it is, and what it shall be called. */
export function SourceStep({ types, to }) {
  const state = wizard.value;
  const asked = useSignal(false);
  const wrongName = asked.value && !state.name.trim() ? { message: "is required" } : state.wrong.name;
  const wrongType = asked.value && !state.type;
  const form = useRef();
  const goOn = async (event) => {
    event.preventDefault();
    asked.value = true;
    const lacking = state.type ? "input[type=text]" : "input[type=radio]";
    if (!state.type || !state.name.trim()) form.current.querySelector(lacking).focus();
    else if (state.source === null || (await draft.saveChanges("source"))) to("connection");
  };
  const before = types.types.find((type) => type.type === state.type);
  return html`<form ref=${form} onSubmit=${goOn} novalidate>
    <fieldset class="cards" aria-describedby=${wrongType ? "wrong-type" : undefined}>
      <legend>Which database is it?</legend>
      ${types.types.map((type) => html`<label key=${type.type} class="card">
        <input
          type="radio" name="type" value=${type.type} checked=${state.type === type.type}
          disabled=${state.source !== null && state.type !== type.type}
          onChange=${() => change(chosen, type, before)}
        />
        <${Icon} name="database" /><span>${type.label}</span>
      </label>`)}
    </fieldset>
    ${wrongType && html`<p class="error" id="wrong-type">Choose the kind of database.</p>`}
    <${Field}
      label="Name" value=${state.name} required maxLength=${255} error=${wrongName}
      hint="As you and others will find it, such as “Shop” or “CRM, Europe”."
      onInput=${(text) => change(named, text)}
    />
    <${StepFoot} submit="Go on" busy=${state.saving} />
  </form>`;
}
