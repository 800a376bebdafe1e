// How a table lies in its destination, as a selection's `partition_by` and `cluster_by` say it: rules without DOM.
import { takes } from "./selection.js";

export const MOST_CLUSTERED = 4;
const MOST_PARTITIONS = 10_000;
const SPANS = ["hour", "day", "month", "year"];
const NUMBERS = ["start", "end", "interval"];

/** Whether the destination parts or sorts tables by any of the columns. */
export const isOffered = ({ columns }) => columns.some((column) => column.layouts?.length);

/** The columns that are taken and may part the table. */
export const parting = ({ columns }, selection) =>
  columns.filter((column) => takes(selection, column.name) && column.layouts.some((use) => use !== "cluster"));

/** The columns that are taken and may sort the table. */
export const sorting = ({ columns }, selection) =>
  columns.filter((column) => takes(selection, column.name) && column.layouts.includes("cluster"));

/** How much time a partition by the column may hold. */
export const spansOf = (column) => SPANS.filter((span) => column.layouts.includes(span));

/** Partitions by the column as they begin; a range's numbers are yet to be said. */
export function partitionedBy(column) {
  if (spansOf(column).length) return { column: column.name, granularity: "day" };
  return { column: column.name, range: Object.fromEntries(NUMBERS.map((name) => [name, ""])) };
}

/** What is wrong with the numbers of a range as they were typed, by name; nothing of what is empty. */
export function wrongOf(range) {
  const wrong = {};
  const known = Object.fromEntries(NUMBERS.map((name) => [name, wholeOf(range[name])]));
  for (const name of NUMBERS) {
    if (known[name] === null && String(range[name]).trim() !== "") wrong[name] = { message: "must be a whole number" };
  }
  const { start, end, interval } = known;
  if (start !== null && end !== null && end <= start) wrong.end = { message: "must be more than where it begins" };
  else if (interval !== null && interval < 1) wrong.interval = { message: "must be at least 1" };
  else if (start !== null && end !== null && interval !== null && (end - start) / interval > MOST_PARTITIONS) {
    wrong.interval = { message: `makes more than ${MOST_PARTITIONS.toLocaleString("en")} partitions` };
  }
  return wrong;
}

const wholeOf = (typed) => (/^\s*-?\d+\s*$/.test(typed) ? Number(typed) : null);

/** What of it can be saved: null unless all is said, and right. */
export function whole(partition) {
  if (!partition?.range) return partition;
  const { range } = partition;
  if (NUMBERS.some((name) => wholeOf(range[name]) === null) || Object.keys(wrongOf(range)).length) return null;
  return { ...partition, range: Object.fromEntries(NUMBERS.map((name) => [name, wholeOf(range[name])])) };
}

/** The columns by which rows are sorted, with another one at that place, or none. */
export function withSorted(names, place, name) {
  const others = names.filter((each, at) => at !== place && each !== name);
  return name ? [...others.slice(0, place), name, ...others.slice(place)] : others;
}

/** The layout in words. */
export function inWords({ partition_by: by, cluster_by: sorted = [] }) {
  const parted = by?.granularity ? `one partition for each ${by.granularity} of ${by.column}` : by ? `partitions by ${by.column}` : "";
  const words = [parted, sorted.length ? `sorted by ${sorted.join(", ")}` : ""].filter(Boolean).join(", ");
  return words || "as it comes";
}
