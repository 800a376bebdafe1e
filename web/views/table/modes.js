import { html, useId, useSignal } from "../../html.js";
import { count } from "../../format.js";
import { isSmall, modeOf, recommendedMode, sameNames, withMode } from "../../selection.js";
import { Field } from "../../parts/field.js";
import { Cursors } from "./cursors.js";

const TITLES = {
  full: "The whole table, each time",
  merge: "What is new or changed",
  append: "What is new",
};

/** How a table is read: the mode, and for those that need it the cursor and the key. */
export function Modes({ described, selection, onChoose }) {
  const id = useId();
  const mode = modeOf(selection);
  const best = recommendedMode(described);
  const { table, modes, keys } = described;
  const inOrder = [best, ...modes.filter((advice) => advice !== best)];
  return html`<section aria-labelledby=${id}>
    <h3 id=${id}>How it is read</h3>
    <div class="choices" role="radiogroup" aria-labelledby=${id}>${inOrder.map((advice) => html`<label key=${advice.mode} class="choice">
      <input
        type="radio" name="mode" value=${advice.mode} checked=${mode === advice.mode} disabled=${!advice.possible}
        onChange=${() => onChoose(withMode(selection, advice.mode, described))}
      />
      <span class="title">${TITLES[advice.mode]} <${Tag} advice=${advice} best=${advice === best} /></span>
      <span class="reason">${advice === best && advice.mode === "full" && isSmall(table) && advice !== modes[0]
        ? `With about ${count(table.estimated_rows)} rows that takes no time, and deletes are seen too.`
        : advice.reason}</span>
    </label>`)}</div>
    ${mode !== "full" && html`<${Cursors} described=${described} selection=${selection} onChoose=${onChoose} />`}
    ${mode === "merge" && keys.length > 1 && html`<${Field}
      label="What tells rows apart" kind="choice" value=${JSON.stringify(keyOf(selection, described))}
      choices=${keys.map((key) => ({ value: JSON.stringify(key), description: key.join(", ") }))}
      onInput=${(text) => onChoose({ ...selection, key: keyOrNone(JSON.parse(text), described) })}
    />`}
    ${mode === "merge" && html`<${Field}
      label="Rows that are deleted here" kind="choice" value=${selection.detect_deletes ?? "off"} choices=${DELETES}
      hint="To find them, each run lets your database read all of the table's keys."
      onInput=${(detect_deletes) => onChoose({ ...selection, detect_deletes })}
    />`}
    ${mode !== "full" && html`<${More} selection=${selection} onChoose=${onChoose} />`}
  </section>`;
}

function Tag({ advice, best }) {
  if (best) return html`<span class="tag good">Recommended</span>`;
  if (!advice.possible) return html`<span class="tag">Not possible</span>`;
  return advice.sound ? null : html`<span class="tag warn">Not to be relied on</span>`;
}

const keyOf = (selection, { table }) => (selection.key?.length ? selection.key : table.primary_key);
const keyOrNone = (key, { table }) => (sameNames(key, table.primary_key) ? [] : key);

const DELETES = [
  { value: "off", description: "Stay there" },
  { value: "soft", description: "Are marked there, with the time" },
  { value: "hard", description: "Are deleted there, too" },
];

const NUMBERS = {
  lag_seconds: ["Lag in seconds", "How long before now a window by time ends, so that rows that are committed late are not skipped."],
  look_back: ["Look-back", "How far before the last run reading begins again: seconds for times, days for dates, a difference for numbers."],
};

function More({ selection, onChoose }) {
  const names = modeOf(selection) === "merge" ? ["lag_seconds", "look_back"] : ["lag_seconds"];
  return html`<details>
    <summary>More: rows that come late</summary>
    ${names.map((name) => html`<${Whole}
      key=${name} label=${NUMBERS[name][0]} hint=${NUMBERS[name][1]} value=${selection[name]}
      onNumber=${(number) => onChoose({ ...selection, [name]: number })}
    />`)}
  </details>`;
}

/** A whole number; what is none stays in the field, and is not taken. */
function Whole({ label, hint, value, onNumber }) {
  const typed = useSignal(null);
  const input = (text) => {
    typed.value = text;
    if (/^\s*\d+\s*$/.test(text)) onNumber(Number(text));
  };
  const shown = typed.value ?? (value === undefined ? "" : String(value));
  const wrong = typed.value !== null && !/^\s*\d+\s*$/.test(shown);
  return html`<${Field}
    label=${label} hint=${hint} kind="number" value=${shown} onInput=${input}
    error=${wrong ? { message: "must be a whole number" } : undefined}
  />`;
}
