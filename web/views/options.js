import { html } from "../html.js";
import { Field } from "../parts/field.js";

const CHOICES = {
  verify: ["Proof", [
    ["counts", "Numbers of rows agree, chunk by chunk"],
    ["digest", "The values of each column agree, too (a second pass over the rows)"],
  ]],
  drift: ["When columns change", [
    ["add", "Take new columns and wider types; removed ones become empty"],
    ["freeze", "Leave new columns out, fail on the rest"],
    ["fail", "Fail on any difference"],
  ]],
  unfit: ["Values that do not fit their type", [
    ["fail", "Fail, and say which"],
    ["null", "Put NULL in their place, and count them"],
    ["text", "Carry the column as text"],
  ]],
};
const MOST = 32;

/** What holds for all tables, and is right for most as it is. */
export function Options({ options, wrong, onChange }) {
  const names = ["verify", "parallel", "drift", "unfit"];
  return html`<details class="options" open=${names.some((name) => name in wrong) || undefined}>
    <summary>More: proof, speed, and what may change</summary>
    <div class="narrow">
      ${Object.entries(CHOICES).map(([name, [label, choices]]) => html`<${Field}
        key=${name} label=${label} kind="choice" value=${options[name]} error=${wrong[name]}
        choices=${choices.map(([value, description]) => ({ value, description }))} onInput=${(value) => onChange(name, value)}
      />`)}
      <${Field}
        label="Chunks read at once" kind="choice" value=${String(options.parallel)} error=${wrong.parallel}
        choices=${Array.from({ length: MOST }, (_, at) => ({ value: String(at + 1) }))}
        hint="Each takes a connection of its own to your database." onInput=${(value) => onChange("parallel", Number(value))}
      />
    </div>
  </details>`;
}
