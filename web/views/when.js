import { Fragment, html, useId, useSignal } from "../html.js";
import { DAYS, KINDS, formOf, scheduleOf } from "../schedule_form.js";
import { Field } from "../parts/field.js";
import { NextRuns } from "./next_runs.js";

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = Intl.supportedValuesOf("timeZone");

/** When the source runs. `onChange` gets the schedule, or null while the form says none. */
export function When({ schedule, wrong, onChange }) {
  const id = useId();
  const form = useSignal(formOf(schedule, HERE));
  const set = (part) => {
    const anchorless = "every" in part || "unit" in part ? { anchor: null } : {};
    form.value = { ...form.peek(), ...anchorless, ...part };
    onChange(scheduleOf(form.peek()));
  };
  const said = scheduleOf(form.value);
  const Fields = FIELDS[form.value.kind];
  return html`<section aria-labelledby=${id}>
    <h2 id=${id}>When it runs</h2>
    <div class="beside">
      <div>
        <div class="choices" role="radiogroup" aria-labelledby=${id}>${KINDS.map(({ value, label, description }) => html`<${Fragment} key=${value}>
          <label class="choice">
            <input type="radio" name="kind" value=${value} checked=${form.value.kind === value} onChange=${() => set({ kind: value })} />
            <span class="title">${label}</span><span class="reason">${description}</span>
          </label>
          ${Fields && form.value.kind === value && html`<div class="inside">
            <${Fields} form=${form.value} set=${set} wrong=${wrong} />
            ${value !== "interval" && html`<${Zone} value=${form.value.time_zone} wrong=${wrong} set=${set} />`}
          </div>`}
        <//>`)}</div>
      </div>
      <${NextRuns} schedule=${said} />
    </div>
  </section>`;
}

const Interval = ({ form, set, wrong }) => html`<div class="pair">
  <${Field} label="Every" kind="number" value=${form.every} error=${wholeNumber(form.every) ?? wrong["schedule.every"] ?? wrong["schedule.interval.every"]} onInput=${(every) => set({ every })} />
  <${Field} label="Unit" kind="choice" value=${form.unit} choices=${["minutes", "hours", "days"].map((value) => ({ value }))} onInput=${(unit) => set({ unit })} />
</div>`;

const Hourly = ({ form, set }) => html`<${Field}
  label="Minute of the hour" kind="number" value=${form.minute} onInput=${(minute) => set({ minute })}
  error=${/^\s*[0-5]?\d\s*$/.test(form.minute) ? undefined : { message: "must be a number from 0 to 59" }}
/>`;

const Time = ({ form, set }) => html`<${Field}
  label="Time" value=${form.time} type="time" onInput=${(time) => set({ time })}
  error=${form.time ? undefined : { message: "is required" }}
/>`;

function Weekly({ form, set }) {
  const toggle = (day) =>
    set({ days: form.days.includes(day) ? form.days.filter((each) => each !== day) : [...form.days, day] });
  return html`<fieldset class="days">
    <legend>Days</legend>
    ${DAYS.map(([value, label]) => html`<label key=${value}><input type="checkbox" checked=${form.days.includes(value)} onChange=${() => toggle(value)} aria-invalid=${form.days.length ? undefined : "true"} />${label}</label>`)}
    ${!form.days.length && html`<p class="error">Choose at least one day.</p>`}
  </fieldset><${Time} form=${form} set=${set} />`;
}

const Expression = ({ form, set, wrong }) => html`<${Field}
  label="Cron expression" value=${form.expression} example="0 2 * * *" maxLength=${100}
  hint="Minute, hour, day of the month, month, weekday. L is the last day of a month, MON#1 its first Monday."
  error=${form.expression.trim() ? (wrong["schedule.cron.expression"] ?? wrong["schedule.expression"]) : { message: "is required" }}
  onInput=${(expression) => set({ expression })}
/>`;

const FIELDS = { interval: Interval, hourly: Hourly, daily: Time, weekly: Weekly, cron: Expression };

function Zone({ value, wrong, set }) {
  const id = useId();
  return html`<${Field}
    label="Time zone" value=${value} list=${id} onInput=${(time_zone) => set({ time_zone })}
    hint=${value === HERE ? "The one of this browser." : `This browser's is ${HERE}.`}
    error=${wrong["schedule.cron.time_zone"] ?? wrong["schedule.time_zone"]}
  /><datalist id=${id}>${ZONES.map((zone) => html`<option key=${zone} value=${zone} />`)}</datalist>`;
}

const wholeNumber = (text) => (/^\s*[1-9]\d*\s*$/.test(text) ? undefined : { message: "must be a whole number" });
