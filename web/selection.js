// What is taken of one table, as save_draft takes it: rules without DOM or network.

/** So few rows are read whole in no time, and then deletes are seen too. */
export const FEW_ROWS = 10_000;

export const isSmall = ({ estimated_rows: rows }) => rows !== null && rows < FEW_ROWS;

/** A table that nobody has said anything about; without a mode it takes the advice when it comes. */
export const untouched = ({ schema_name, table_name }) => ({ schema_name, table_name });
export const isUntouched = (selection) => !("mode" in selection);
export const modeOf = (selection) => selection?.mode ?? "full";

/** The same without what says nothing, so that thousands of tables fit into one request. */
export function compact(selection) {
  const said = Object.entries(selection).filter(([name, value]) => !saysNothing(name, value, selection));
  return Object.fromEntries(said);
}

function saysNothing(name, value, selection) {
  if (value === null || (typeof value === "object" && Object.keys(value).length === 0)) return true;
  return modeOf(selection) === "full" && ["mode", "lag_seconds", "look_back", "detect_deletes"].includes(name);
}

export const sameSelection = (one, other) => sorted(compact(one)) === sorted(compact(other));
const sorted = (value) => JSON.stringify(Object.entries(value).sort());

/** The mode to begin with: that of the advice, unless the table is small. */
export function recommendedMode({ table, modes }) {
  const full = modes.find((advice) => advice.mode === "full");
  return isSmall(table) && full?.sound ? full : modes[0];
}

/** The selection with another mode, and with what the advice names for it. */
export function withMode(selection, mode, described) {
  const { cursor: _, key: __, look_back: ___, detect_deletes: ____, ...rest } = selection;
  if (mode === "full") return { ...rest, mode };
  const advice = described.modes.find((each) => each.mode === mode);
  const cursor = advice.cursor.length ? advice.cursor : described.cursors[0].cursor;
  if (mode === "append") return withColumns({ ...rest, mode, cursor }, described);
  const [first] = described.keys;
  const named = advice.key.length || sameNames(first, described.table.primary_key) ? advice.key : first;
  return withColumns({ ...rest, mode, cursor, key: named }, described);
}

/** What it would be if nobody chose anything. */
export const recommended = (described) => ({
  ...withMode(untouched(described.table), recommendedMode(described).mode, described),
  ...(leftOut(described).length && { columns: fitting(described) }),
});

const fitting = ({ columns }) => columns.filter((each) => each.destination_type).map((each) => each.name);
const leftOut = ({ columns }) =>
  columns.some((each) => each.destination_type) ? columns.filter((each) => !each.destination_type) : [];

/** The columns without which the mode can't work, each with the reason. */
export function needed(selection, described) {
  const mode = modeOf(selection);
  const reasons = new Map();
  if (mode === "merge") {
    const key = selection.key?.length ? selection.key : described.table.primary_key;
    for (const name of key) reasons.set(name, "tells rows apart");
  }
  for (const name of selection.cluster_by ?? []) reasons.set(name, "sorts the table there");
  if (selection.partition_by) reasons.set(selection.partition_by.column, "parts the table there");
  return reasons;
}

export const takes = (selection, column) => selection.columns?.includes(column) ?? true;

/** Take a column or leave it out; all of them are `null`, so that later ones come too. */
export function withColumn(selection, column, wanted, described) {
  const all = described.columns.map((each) => each.name);
  const names = all.filter((name) => (name === column ? wanted : takes(selection, name)));
  return { ...selection, columns: names.length === all.length ? null : names };
}

function withColumns(selection, described) {
  if (!selection.columns) return selection;
  const needs = needed(selection, described);
  const all = described.columns.map((each) => each.name);
  const names = all.filter((name) => takes(selection, name) || needs.has(name));
  return { ...selection, columns: names.length === all.length ? null : names };
}

export const sameNames = (one, other) => JSON.stringify(one ?? []) === JSON.stringify(other ?? []);

/** How a table is taken, for a row of a list: what, and by which columns. */
export function how(selection) {
  const by = (selection.cursor ?? []).join(", ");
  return { full: ["Whole", ""], append: ["New rows", by], merge: ["New and changed", by] }[modeOf(selection)];
}
