import { html, useSignal } from "../../html.js";
import { deleteSource } from "../../api.js";
import { counted } from "../../format.js";
import { go } from "../../router.js";
import { ActionProblem, useAction } from "../../parts/action.js";
import { Dialog } from "../../parts/dialog.js";
import { Field } from "../../parts/field.js";
import { announce } from "../../parts/live.js";

/** The end of a source, which nobody reaches by mistake. */
export function DeleteSource({ source, live }) {
  const asking = useSignal(false);
  return html`<section class="card" aria-labelledby="delete-title">
    <div class="card-head"><h2 id="delete-title">Delete</h2></div>
    <p class="soft">The connection, its password and its history go. The tables in the destination stay.</p>
    <button type="button" class="danger small" onClick=${() => (asking.value = true)}>Delete this source …</button>
    ${asking.value && html`<${Ask} source=${source} live=${live} onClose=${() => (asking.value = false)} />`}
  </section>`;
}

function Ask({ source, live, onClose }) {
  const name = useSignal("");
  const tried = useSignal(false);
  const { model_id: model, source_id: id } = source;
  const remove = useAction(async () => {
    await deleteSource(model, id);
    announce(`${source.name} is deleted.`);
    go("dashboard", { model });
  });
  const same = name.value.trim() === source.name.trim();
  const submit = (event) => {
    event.preventDefault();
    tried.value = true;
    if (same) remove.run();
    else event.currentTarget.querySelector("input").focus();
  };
  const tables = counted(source.selection.length, "table");
  return html`<${Dialog} title=${`Delete ${source.name}?`} onClose=${onClose}>
    <form onSubmit=${submit} novalidate>
      <p class="list-title">What goes, for good</p>
      <ul class="plain-list bad">
        <li>the connection and its stored password</li>
        <li>the selection of ${tables} and the schedule</li>
        <li>all runs with their logs${live && " – the one under way is cancelled"}</li>
      </ul>
      <p class="list-title">What stays</p>
      <ul class="plain-list good">
        <li>what was brought: the tables in <code>${source.dataset}</code>, which any other source may replace from then on</li>
        <li>the database itself, in which nothing is changed</li>
      </ul>
      <${Field} label=${`Type “${source.name}” to confirm`} value=${name.value} onInput=${(text) => (name.value = text)} autofocus
        error=${tried.value && !same ? { message: `This is not the source’s name` } : null} />
      <${ActionProblem} action=${remove} />
      <footer class="dialog-foot">
        <button type="button" class="secondary" onClick=${onClose}>Keep it</button>
        <button type="submit" class="danger" aria-busy=${remove.pending ? "true" : undefined}>${remove.pending ? "Deleting …" : "Delete it for good"}</button>
      </footer>
    </form>
  <//>`;
}
