// When a source runs, as a person says it, and as the functions take it. No DOM, no network.

export const KINDS = [
  { value: "manual", label: "By hand", description: "Only when somebody starts it." },
  { value: "interval", label: "Every few minutes or hours", description: "Again and again, at the same distance." },
  { value: "hourly", label: "Hourly", description: "At a minute of each hour." },
  { value: "daily", label: "Daily", description: "At a time of each day." },
  { value: "weekly", label: "Weekly", description: "On some days, at a time." },
  { value: "cron", label: "Cron expression", description: "Anything else." },
];

// As cron counts them, in the order of a week.
export const DAYS = [
  ["1", "Monday"], ["2", "Tuesday"], ["3", "Wednesday"], ["4", "Thursday"], ["5", "Friday"],
  ["6", "Saturday"], ["0", "Sunday"],
];

const BLANK = {
  kind: "manual", every: "30", unit: "minutes", anchor: null, minute: "0", time: "02:00",
  days: ["1"], expression: "0 2 * * *",
};

const HOURLY = /^(\d{1,2}) \* \* \* \*$/;
const DAILY = /^(\d{1,2}) (\d{1,2}) \* \* \*$/;
const WEEKLY = /^(\d{1,2}) (\d{1,2}) \* \* ([0-6](?:,[0-6])*)$/;

/** The form of a schedule; what the schedule does not say is as a person would begin. */
export function formOf(schedule, timeZone) {
  const blank = { ...BLANK, time_zone: timeZone };
  if (schedule.type === "manual") return blank;
  if (schedule.type === "interval") {
    const { every, unit, anchor = null } = schedule;
    return { ...blank, kind: "interval", every: String(every), unit, anchor };
  }
  const { expression, time_zone } = schedule;
  const form = { ...blank, expression, time_zone };
  const [, minute, hour, days] =
    HOURLY.exec(expression) ?? DAILY.exec(expression) ?? WEEKLY.exec(expression) ?? [];
  if (days) return { ...form, kind: "weekly", time: clock(hour, minute), days: days.split(",") };
  if (hour) return { ...form, kind: "daily", time: clock(hour, minute) };
  if (minute) return { ...form, kind: "hourly", minute: String(Number(minute)) };
  return { ...form, kind: "cron" };
}

const clock = (hour, minute) => `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;

/** The schedule that a form says; `null` while it says none. */
export function scheduleOf(form) {
  return MAKERS[form.kind](form);
}

const MAKERS = {
  manual: () => ({ type: "manual" }),
  interval: ({ every, unit, anchor }) => {
    if (!/^\d+$/.test(every.trim())) return null;
    return { type: "interval", every: Number(every), unit, ...(anchor && { anchor }) };
  },
  hourly: ({ minute, time_zone }) =>
    /^[0-5]?\d$/.test(minute.trim()) ? cron(`${Number(minute)} * * * *`, time_zone) : null,
  daily: ({ time, time_zone }) => at(time, "* * *", time_zone),
  weekly: ({ time, days, time_zone }) =>
    days.length ? at(time, `* * ${days.toSorted().join(",")}`, time_zone) : null,
  cron: ({ expression, time_zone }) =>
    expression.trim() ? cron(expression.trim(), time_zone) : null,
};

const cron = (expression, time_zone) => ({ type: "cron", expression, time_zone });

function at(time, rest, timeZone) {
  const [, hour, minute] = /^(\d{2}):(\d{2})$/.exec(time) ?? [];
  return hour ? cron(`${Number(minute)} ${Number(hour)} ${rest}`, timeZone) : null;
}

/** Whether two schedules want the same; an interval's anchor is set when it is saved. */
export function sameSchedule(one, other) {
  const plain = ({ anchor: _, ...rest }) => JSON.stringify(Object.entries(rest).sort());
  return plain(one) === plain(other);
}
