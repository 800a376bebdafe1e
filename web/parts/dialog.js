import { html, useId, useLayoutEffect, useRef } from "../html.js";
import { Icon } from "./icon.js";

/** A question that has to be answered first. The browser keeps the focus in it, and gives it back.
 *
 * Without `onClose` it can't be left but through what is in it. `actions` are its buttons.
 */
export function Dialog({ title, onClose = null, actions = null, children }) {
  const dialog = useRef();
  const id = useId();
  // An effect would be undone after the element is gone, when nothing gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element.showModal();
    return () => element.close();
  }, []);
  const cancel = (event) => {
    event.preventDefault(); // who shows it takes it away
    onClose?.();
  };
  return html`<dialog ref=${dialog} aria-labelledby=${id} onCancel=${cancel}>
    <article>
      <header>
        <h2 id=${id}>${title}</h2>
        ${onClose && html`<button type="button" class="quiet only-icon" aria-label="Close" onClick=${onClose}><${Icon} name="close" /></button>`}
      </header>
      ${children}
      ${actions && html`<footer>${actions}</footer>`}
    </article>
  </dialog>`;
}
