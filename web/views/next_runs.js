import { html, useEffect, useId, useSignal } from "../html.js";
import { previewSchedule } from "../api.js";
import { scheduleText } from "../compare.js";
import { relative } from "../format.js";
import { useLoaded } from "../parts/loaded.js";
import { Notice, ProblemNotice } from "../parts/notice.js";
import { Loading } from "../parts/states.js";
import { useSettled } from "../parts/settled.js";

/** A schedule in words, and the next five times at which the source would run. */
export function NextRuns({ schedule }) {
  const id = useId();
  const wish = useSettled(schedule && JSON.stringify(schedule));
  const { value, problem } = useLoaded(
    ({ signal }) => (wish ? previewSchedule(JSON.parse(wish), { signal }) : null), [wish],
  );
  return html`<section class="next-runs" aria-labelledby=${id}>
    <h3 id=${id}>Next runs</h3>
    ${schedule === null
      ? html`<p class="soft">Shown once the schedule is complete.</p>`
      : html`<p role="status"><${Words} schedule=${schedule} /></p>
        ${problem && (problem.fields?.length ? html`<${Wrong} fields=${problem.fields} />` : html`<${ProblemNotice} problem=${problem} />`)}
        ${!value && !problem && html`<${Loading} label="Working out the next runs" lines=${5} />`}
        ${value && (value.runs.length
          ? html`<ol>${value.runs.map((run) => html`<li key=${run.at}><time datetime=${run.at}>${run.words}</time> <span class="soft">${relative(run.at)}</span>${run.note && html`<small>${run.note}</small>`}</li>`)}</ol>`
          : html`<p class="soft">It runs when somebody starts it, here or through the API.</p>`)}`}
  </section>`;
}

function Wrong({ fields }) {
  return html`<${Notice} tone="bad" title="This schedule can't be taken." detail=${fields.map(({ path, message }) => `${path.split(".").pop().replace("_", " ")} ${message}`).join("; ")} />`;
}

/** `At 02:00, only on Monday, Europe/Berlin` */
export function Words({ schedule }) {
  const words = useSignal(null);
  const text = scheduleText(schedule);
  useEffect(() => {
    words.value = null;
    if (schedule.type !== "cron") return;
    inWords(schedule.expression).then((found) => (words.value = found && `${found}, ${schedule.time_zone}`));
  }, [text]);
  const shown = words.value ?? text;
  return `${shown.charAt(0).toUpperCase()}${shown.slice(1)}.`;
}

/** The library is brought when the first expression is shown; it knows itself as a global. */
async function inWords(expression) {
  await import("../vendor/cronstrue.js");
  try {
    return globalThis.cronstrue.toString(expression, { use24HourTimeFormat: true });
  } catch {
    return null; // the functions say what is wrong with it
  }
}
