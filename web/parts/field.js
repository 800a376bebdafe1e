import { html, useId } from "../html.js";

/** A labelled field, with what is wrong with it beside it.
 *
 * `kind`: text, number, choice, long_text, password, search. `onInput(text)` gets each change;
 * `onPaste(text)` may take a pasted text itself, by saying true. `error`: `{ message, suggestion,
 * hint }`; the suggestion is a button. `choices`: `[{ value, description }]`. What else is given
 * goes to the control.
 */
export function Field({
  label, kind = "text", value, onInput, onPaste, hint, error, required, choices, example,
  minimum, maximum, maxLength, ...rest
}) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const control = {
    id,
    required,
    "aria-describedby": described || undefined,
    "aria-invalid": error ? "true" : undefined,
    onInput: (event) => onInput(event.currentTarget.value),
    ...rest,
  };
  const paste = (event) => {
    if (onPaste?.(event.clipboardData.getData("text"))) event.preventDefault();
  };
  return html`<div class="field ${kind}">
    <label for=${id}>${label}${required === false && html` <span class="optional">optional</span>`}</label>
    ${CONTROLS[kind]({ control, value, choices, example, minimum, maximum, maxLength, paste })}
    ${error && html`<p class="error" id="${id}-error">${sentence(label, error)}
      ${error.suggestion && html` <button type="button" class="link" onClick=${() => onInput(error.suggestion)}>Use ${error.suggestion}</button>`}</p>`}
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
  </div>`;
}

const line = (type, extra = {}) => ({ control, value, example, maxLength, paste }) => html`<input
  type=${type} value=${value} placeholder=${example} maxlength=${maxLength} autocomplete="off"
  autocapitalize="none" spellcheck=${false} onPaste=${paste} ...${extra} ...${control}
/>`;

const CONTROLS = {
  text: line("text"),
  search: line("search"),
  // A number field of the browser's hides what it does not understand, and scrolls values away.
  number: line("text", { inputmode: "numeric" }),
  password: line("password", { autocomplete: "new-password" }),
  long_text: ({ control, value, example }) => html`<textarea
    rows="4" value=${value} placeholder=${example} spellcheck=${false} ...${control}
  />`,
  choice: ({ control, value, choices }) => html`<select value=${value} ...${control}>
    ${choices.map((choice) => html`<option key=${choice.value} value=${choice.value} selected=${choice.value === value}>${choice.description ?? choice.value}</option>`)}
  </select>`,
};

/** The functions say `is required` of a field; beside it that is a sentence. */
function sentence(label, { message, hint }) {
  if (!message) return hint;
  const verb = /^(is|must|may|has|needs|can't|was|holds|belongs)\b/.test(message);
  const said = verb ? `${label} ${message}` : message;
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? "" : "."}`;
}
