import { html, useRef, useSignal } from "../../html.js";
import { fromUrl, typeOfUrl } from "../../connection_url.js";
import * as draft from "../../draft.js";
import {
  change, chosen, hasStoredSecret, pasted, typed, typedSecret, unsaved, wizard,
} from "../../wizard.js";
import { Field } from "../../parts/field.js";
import { announce } from "../../parts/live.js";
import { Checks } from "../checks.js";
import { StepFoot } from "./foot.js";

/** 2: how the database is reached, and whether it is. */
export function ConnectionStep({ types, to }) {
  const state = wizard.value;
  const form = useRef();
  const type = types.types.find((each) => each.type === state.type);
  const replacing = useSignal(false);
  const busy = state.test.state === "running" || state.saving;
  const stored = hasStoredSecret(state) && !replacing.value;
  const clean = !unsaved(state);

  const paste = (text) => {
    const known = typeOfUrl(text, types.types);
    const parts = known && fromUrl(text);
    if (!parts) return false;
    if (known.type !== state.type && state.source === null) change(chosen, known, type);
    change(pasted, parts);
    announce("The form was filled from the connection URL.");
    return true;
  };
  const submit = async (event) => {
    event.preventDefault();
    if (clean && stored) {
      to("tables");
      return;
    }
    if (await draft.test(type)) replacing.value = false;
    else form.current?.querySelector("[aria-invalid=true]")?.focus();
  };
  const fields = (more) => type.connection.filter((field) => field.more === more);
  const each = (field) => html`<${Field}
    key=${field.name} ...${shown(field)} value=${state.values[field.name] ?? ""} onPaste=${paste}
    required=${field.required || (field.default !== null ? undefined : false)} error=${state.wrong[`connection.${field.name}`]}
    onInput=${(text) => change(typed, field.name, text)}
  />`;
  const wrongMore = fields(true).some((field) => `connection.${field.name}` in state.wrong);
  return html`<div class="beside">
    <form ref=${form} onSubmit=${submit} novalidate>
      <p class="lead">Have a connection URL? Paste it into any field.</p>
      <div class="fields">${fields(false).map(each)}
        ${type.credentials.map((field) => stored
          ? html`<${Stored} key=${field.name} label=${field.label} onReplace=${() => (replacing.value = true)} />`
          : html`<${Field}
              key=${field.name} ...${shown(field)} value=${state.secrets[field.name] ?? ""} required onPaste=${paste}
              error=${state.wrong[`credentials.${field.name}`] ?? state.wrong.credentials}
              onInput=${(text) => change(typedSecret, field.name, text)}
            />`)}
      </div>
      <details open=${wrongMore || undefined}>
        <summary>More: encryption and certificates</summary>
        ${fields(true).map(each)}
      </details>
      <${StepFoot} onBack=${() => to("source")} submit=${clean && stored ? "Go on to tables" : "Test connection"} busy=${busy}>
        ${busy && html`<button type="button" class="secondary" onClick=${draft.stopTest}>Stop</button>`}
      <//>
    </form>
    <${Checks} test=${state.test} layers=${types.layers} saved=${clean} />
  </div>`;
}

const Stored = ({ label, onReplace }) => html`<div class="field stored">
  <span class="label">${label}</span>
  <p>Stored, and never shown again. <button type="button" class="link" onClick=${onReplace}>Replace it</button></p>
</div>`;

const shown = ({ name, label, kind, description, example, minimum, maximum, max_length, choices }) => ({
  name, label, kind, hint: description, example, minimum, maximum, maxLength: max_length, choices,
});
