import { html, useEffect, useRef } from "../html.js";
import { config } from "../api.js";
import { moves } from "../router.js";

/** The heading of a view or step. It names the tab, and takes the focus when the view changes. */
export function Heading({ title, children, level = 1 }) {
  const heading = useRef();
  useEffect(() => {
    document.title = `${title} · ${config.value.brand.name}`;
    if (moves.peek() > 0) heading.current.focus();
  }, [title]);
  const text = children ?? title;
  return level === 1
    ? html`<h1 ref=${heading} tabindex="-1">${text}</h1>`
    : html`<h2 ref=${heading} tabindex="-1">${text}</h2>`;
}
