import { html, useId, useLayoutEffect, useRef } from "../html.js";
import { Icon } from "./icon.js";

/** Something beside what is shown, to be looked at and closed again: over all of a phone.
 *
 * The browser keeps the focus in it, and gives it back. `title` is its heading, `above` stands
 * over it.
 */
export function Drawer({ title, above = null, onClose, children }) {
  const drawer = useRef();
  const heading = useRef();
  const id = useId();
  // An effect would be undone after the element is gone, when nothing gives the focus back.
  useLayoutEffect(() => {
    const element = drawer.current;
    element.showModal();
    heading.current.focus();
    return () => element.close();
  }, []);
  const cancel = (event) => {
    event.preventDefault(); // who shows it takes it away
    onClose();
  };
  const outside = (event) => event.target === drawer.current && onClose();
  return html`<dialog ref=${drawer} class="drawer" aria-labelledby=${id} onCancel=${cancel} onClick=${outside}>
    <div class="sheet">
      <header>
        <div>${above && html`<p class="soft">${above}</p>`}<h2 id=${id} ref=${heading} tabindex="-1">${title}</h2></div>
        <button type="button" class="quiet only-icon" aria-label="Close" onClick=${onClose}><${Icon} name="close" /></button>
      </header>
      ${children}
    </div>
  </dialog>`;
}
