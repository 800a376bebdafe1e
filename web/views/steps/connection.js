import { html, useRef, useSignal } from "../../html.js";
import { connectionFields, credentialFields, wayOf } from "../../connection_form.js";
import { fromUrl, typeOfUrl } from "../../connection_url.js";
import * as draft from "../../draft.js";
import {
  change, chosen, hasStoredSecret, missing, namedBy, pasted, typed, typedSecret, unsaved, wizard,
} from "../../wizard.js";
import { bring } from "../../parts/bring.js";
import { Field } from "../../parts/field.js";
import { announce } from "../../parts/live.js";
import { Checks } from "../checks.js";
import { StepFoot } from "./foot.js";

/** 2: how the database is reached, and whether it is. */
export function ConnectionStep({ types, to }) {
  const state = wizard.value;
  const form = useRef();
  const results = useRef();
  const type = types.types.find((each) => each.type === state.type);
  const replacing = useSignal(false);
  const busy = state.test.state === "running" || state.saving;
  const stored = hasStoredSecret(state) && !replacing.value;
  const kept = stored && state.source.connection.login !== "iam";
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
    const complete = Object.keys(missing(state, type)).length === 0;
    const below = complete && isBelow(results.current, form.current);
    if (below) bring(foot(), "start");
    if (await draft.test(type)) replacing.value = false;
    requestAnimationFrame(() => show(below));
  };
  const foot = () => form.current.querySelector(".step-foot");
  /** The test is done: the focus goes to what is to be done now, and is not lost in any case. */
  const show = (below) => {
    if (!form.current) return; // somebody has left
    const failed = results.current.querySelector("li.failed");
    const names = Object.keys(wizard.peek().wrong).map((path) => path.split(".").at(-1));
    const wrong = names.map((name) => form.current.elements[name]).find(Boolean);
    if (below && failed) {
      failed.focus({ preventScroll: true });
      bring(failed, "start");
    } else if (wrong) wrong.focus();
    else if (document.activeElement === document.body) submitButton().focus({ preventScroll: true });
    const passed = wizard.peek().test.state === "passed";
    if (passed && !below) bring(results.current.querySelector(".outcome"), "nearest");
  };
  const submitButton = () => foot().querySelector("[type=submit]");
  const stop = () => {
    draft.stopTest();
    submitButton().focus();
  };
  const fields = (more) => connectionFields(state, type).filter((field) => field.more === more);
  const each = (field) => html`<${Field}
    key=${field.name} ...${shown(field)} value=${state.values[field.name] ?? ""} onPaste=${paste}
    required=${field.required || (field.default !== null ? undefined : false)} error=${state.wrong[`connection.${field.name}`]}
    onInput=${(text) => change(typed, field.name, text)}
  />`;
  const wrongMore = fields(true).some((field) => `connection.${field.name}` in state.wrong);
  return html`<div class="beside">
    <form ref=${form} onSubmit=${submit} novalidate>
      <p class="lead">Have a connection URL? Paste it into any field.</p>
      ${type.ways?.length > 0 && html`<${Ways} ways=${type.ways} chosen=${wayOf(state, type)} />`}
      <div class="fields">${fields(false).map(each)}
        ${credentialFields(state, type).map((field) => kept
          ? html`<${Stored} key=${field.name} label=${field.label} onReplace=${() => (replacing.value = true)} />`
          : html`<${Field}
              key=${field.name} ...${shown(field)} value=${state.secrets[field.name] ?? ""} required onPaste=${paste}
              error=${state.wrong[`credentials.${field.name}`] ?? state.wrong.credentials}
              onInput=${(text) => change(typedSecret, field.name, text)}
            />`)}
      </div>
      ${fields(true).length > 0 && html`<details open=${wrongMore || undefined}>
        <summary>More: encryption and certificates</summary>
        ${fields(true).map(each)}
      </details>`}
      <${StepFoot} onBack=${() => to("source")} submit=${clean && stored ? "Go on to tables" : "Test connection"} busy=${busy}>
        ${busy && html`<button type="button" class="secondary" onClick=${stop}>Stop</button>`}
      <//>
    </form>
    <div ref=${results}><${Checks} test=${state.test} layers=${types.layers} saved=${clean} /></div>
  </div>`;
}

/** By what the database is named. */
const Ways = ({ ways, chosen: way }) => html`<fieldset class="ways">
  <legend class="unseen">How is the database reached?</legend>
  ${ways.map(({ value, description }) => html`<label key=${value}>
    <input type="radio" name="way" value=${value} checked=${value === way} onChange=${() => change(namedBy, value)} />
    ${description}
  </label>`)}
</fieldset>`;

/** Whether one stands under the other, as on a narrow screen, and not beside it. */
const isBelow = (one, other) =>
  one.getBoundingClientRect().top >= other.getBoundingClientRect().bottom;

const Stored = ({ label, onReplace }) => html`<div class="field stored">
  <span class="label">${label}</span>
  <p>Stored, and never shown again. <button type="button" class="link" onClick=${onReplace}>Replace it</button></p>
</div>`;

const shown = ({ name, label, kind, description, example, minimum, maximum, max_length, choices }) => ({
  name, label, kind, hint: description, example, minimum, maximum, maxLength: max_length, choices,
});
