// What differs between what is shown here and what was saved elsewhere. No DOM, no network.
import { sameSchedule } from "./schedule_form.js";
import { sameSelection } from "./selection.js";

const OPTIONS = { verify: "Verification", parallel: "Chunks at once", drift: "Changed columns", unfit: "Values that do not fit" };

/** A line for each difference: `{ what, here, there }`, in words. */
export function differences(here, there) {
  const lines = [];
  const say = (what, mine, theirs) => {
    if (mine !== theirs) lines.push({ what, here: mine, there: theirs });
  };
  say("Name", here.name, there.name);
  for (const name of new Set([...Object.keys(here.values), ...Object.keys(there.values)])) {
    say(`Connection: ${name}`, here.values[name] || "–", there.values[name] || "–");
  }
  lines.push(...ofTables(here.selection, there.selection));
  say("Dataset", here.dataset, there.dataset);
  if (!sameSchedule(here.schedule, there.schedule)) {
    say("Schedule", scheduleText(here.schedule), scheduleText(there.schedule));
  }
  for (const [name, what] of Object.entries(OPTIONS)) {
    say(what, String(here.options[name]), String(there.options[name]));
  }
  return lines;
}

function ofTables(here, there) {
  const only = (one, other) => [...one].filter(([key]) => !other.has(key)).map(([, table]) => table);
  const both = [...here].filter(([key]) => there.has(key));
  const otherwise = both.filter(([key, table]) => !sameSelection(table, there.get(key)));
  const lines = [];
  const [mine, theirs] = [only(here, there), only(there, here)];
  if (mine.length || theirs.length) {
    lines.push({ what: "Tables on one side alone", here: named(mine), there: named(theirs) });
  }
  if (otherwise.length) {
    const tables = named(otherwise.map(([, table]) => table));
    lines.push({ what: "Tables that are taken otherwise", here: tables, there: tables });
  }
  return lines;
}

const NAMED = 3;
function named(tables) {
  const names = tables.slice(0, NAMED).map((table) => `${table.schema_name}.${table.table_name}`);
  const more = tables.length - names.length;
  return names.join(", ") + (more ? ` and ${more} more` : "") || "–";
}

/** A schedule on one line. */
export function scheduleText(schedule) {
  if (schedule.type === "manual") return "by hand";
  if (schedule.type === "interval") {
    const { every, unit } = schedule;
    return every === 1 ? `every ${unit.slice(0, -1)}` : `every ${every} ${unit}`;
  }
  return `${schedule.expression}, ${schedule.time_zone}`;
}
