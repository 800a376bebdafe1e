import { html, useEffect, useSignal } from "../html.js";
import { Icon } from "./icon.js";
import { announce } from "./live.js";

const SHOWN = 2000;

/** Puts a text into the clipboard. `what` says what is copied, for who can't see what is beside. */
export function CopyButton({ text, what = "", label = "Copy" }) {
  const state = useSignal("idle");
  useEffect(() => {
    if (state.value === "idle") return undefined;
    const timer = setTimeout(() => (state.value = "idle"), SHOWN);
    return () => clearTimeout(timer);
  }, [state.value]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      state.value = "copied";
      announce("Copied.");
    } catch {
      state.value = "refused";
      announce("The browser does not let this page copy. Select the text instead.");
    }
  };
  const words = { idle: label, copied: "Copied", refused: "Select it instead" }[state.value];
  return html`<button
    type="button" class="quiet small" onClick=${copy} aria-label=${`${words}${what && ` ${what}`}`}
  ><${Icon} name=${state.value === "copied" ? "passed" : "copy"} />${words}</button>`;
}

/** Something to be copied as it stands: SQL, a line of a file, an address. */
export const CopyBlock = ({ text, what = "the text" }) => html`<div class="copy-block">
  <pre tabindex="0" role="region" aria-label=${`To copy: ${what}`}><code>${text}</code></pre>
  <${CopyButton} text=${text} what=${what} />
</div>`;
