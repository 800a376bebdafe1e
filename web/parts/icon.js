import { html } from "../html.js";

// Strokes on a grid of 24, drawn for this page.
const PATHS = {
  passed: "M5 12.5l4.500 4.500L19 7.500",
  failed: "M7 7l10 10M17 7L7 17",
  warned: "M12 8v5M12 16.500v.01M12 3.500L2.500 20h19z",
  skipped: "M7 12h10",
  info: "M12 11v6M12 7.500v.01",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  add: "M12 5v14M5 12h14",
  search: "M10.500 17a6.500 6.500 0 100-13 6.500 6.500 0 000 13zM15.500 15.500L20 20",
  next: "M9 5l7 7-7 7",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  database: "M4 6.500C4 5 7.600 4 12 4s8 1 8 2.500S16.400 9 12 9 4 8 4 6.500zM4 6.500v11C4 19 7.600 20 12 20s8-1 8-2.500v-11M4 12c0 1.500 3.600 2.500 8 2.500s8-1 8-2.500",
};

/** A picture that says nothing that is not also said in words. */
export const Icon = ({ name }) => html`<svg
  class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"
><path d=${PATHS[name]} /></svg>`;
