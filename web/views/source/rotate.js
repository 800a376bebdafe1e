import { html, useEffect, useRef, useSignal } from "../../html.js";
import { Problem, saveDraft, sourceTypes, testConnection } from "../../api.js";
import { server, who } from "../../connection_form.js";
import { blank, byPath, checked, testBegun, testBroken, testEnded } from "../../wizard.js";
import { Dialog } from "../../parts/dialog.js";
import { Field } from "../../parts/field.js";
import { announce } from "../../parts/live.js";
import { useLoaded } from "../../parts/loaded.js";
import { Notice, ProblemNotice } from "../../parts/notice.js";
import { Checks } from "../checks.js";

/** Puts another password in the place of the stored one, once the database has taken it.
 *
 * `onStale()` loads the source anew, which somebody has changed meanwhile.
 */
export function RotatePassword({ source, onClose, onDone, onStale }) {
  const types = useLoaded(sourceTypes, []);
  const form = useRef();
  const running = useRef(null);
  const password = useSignal("");
  const state = useSignal({ ...blank(source.model_id), saving: false });
  useEffect(() => () => running.current?.abort(), []);
  const type = types.value?.types.find((each) => each.type === source.connection.type);
  const secret = type?.credentials[0];
  // The field comes after the dialog, which would have given it the focus.
  useEffect(() => form.current.querySelector("input")?.focus(), [secret?.name]);
  const busy = state.value.test.state === "running" || state.value.saving;
  const wrong = state.value.wrong[`credentials.${secret?.name}`] ?? state.value.wrong.credentials;
  const change = (rule, ...given) => (state.value = rule(state.peek(), ...given));

  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    if (!password.value) {
      change((now) => ({ ...now, wrong: byPath([{ path: "credentials", message: "is required" }]) }));
      form.current.querySelector("input").focus();
      return;
    }
    const mine = (running.current = new AbortController());
    const credentials = { [secret.name]: password.value };
    try {
      const passed = await tested(source.connection, credentials, change, mine.signal);
      if (!passed) {
        form.current?.querySelector("[aria-invalid=true]")?.focus();
        return;
      }
      change((now) => ({ ...now, saving: true, problem: null }));
      await stored(source, credentials, mine.signal);
    } catch (problem) {
      if (mine.signal.aborted) return;
      if (!(problem instanceof Problem)) throw problem;
      const failed = (now) => ({ ...now, saving: false, problem });
      if (state.peek().saving) change(failed);
      else change(testBroken, problem);
      return;
    }
    password.value = "";
    announce("The new password is stored.");
    onDone();
  };
  const stale = state.value.problem?.code === "source_stale";
  const reread = () => {
    change((now) => ({ ...now, problem: null }));
    onStale();
  };
  return html`<${Dialog} title="Replace the password" onClose=${onClose}>
    <form ref=${form} onSubmit=${submit} novalidate>
      <p>It is tested as ${who(source.connection)} on ${server(source.connection)} first. The stored one stays in use unless the database takes the new one.</p>
      ${types.problem && html`<${ProblemNotice} problem=${types.problem} onRetry=${types.reload} />`}
      ${secret && html`<${Field} label=${`New ${secret.label.toLowerCase()}`} kind="password" value=${password.value} required
        error=${wrong} onInput=${(text) => (password.value = text)} disabled=${busy} />`}
      ${stale
        ? html`<${Notice} tone="warn" title="This source was changed elsewhere" code="source_stale"
            detail="The password was tested, and not stored. Look at what was changed, and try again."
            action=${html`<button type="button" class="secondary small" onClick=${reread}>Show what was saved there</button>`} />`
        : state.value.problem && html`<${ProblemNotice} problem=${state.value.problem} />`}
      <footer class="dialog-foot">
        <button type="button" class="secondary" onClick=${onClose}>Cancel</button>
        <button type="submit" disabled=${!secret} aria-busy=${busy ? "true" : undefined}>${busy ? "Testing …" : "Test and store"}</button>
      </footer>
      ${state.value.test.state !== "untested" && html`<${Checks} test=${state.value.test} layers=${types.value.layers} />`}
    </form>
  <//>`;
}

/** Whether the database takes the password; each layer is shown as it is done. */
async function tested(connection, credentials, change, signal) {
  change(testBegun);
  let passed = true;
  for await (const [, check] of testConnection({ connection, credentials }, { signal })) {
    change(checked, check);
    if (check.status === "failed") passed = false;
  }
  change(testEnded);
  return passed;
}

const stored = ({ model_id, source_id, etag }, credentials, signal) =>
  saveDraft({ model_id, source_id, etag, credentials }, { signal });
