// The rows of the list of tables: filtered, sorted and under their schemas. No DOM, no network.

/** A table as the list holds it, with what is looked up again and again. */
export const listed = (table, key) => ({
  ...table,
  key,
  text: `${table.schema_name}.${table.table_name}`.toLowerCase(),
});

/** Those that contain every word of the search. */
export function matching(tables, search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return tables;
  return tables.filter(({ text }) => words.every((word) => text.includes(word)));
}

const FIGURES = { rows: "estimated_rows", size: "bytes" };

/** As the database lists them by name; by rows or size, with those that are unknown at the end. */
export function ordered(tables, { key, ascending }) {
  if (key === "name") return ascending ? tables : tables.toReversed();
  const figure = FIGURES[key];
  const sign = ascending ? 1 : -1;
  const compare = (one, other) => {
    const [first, second] = [one[figure], other[figure]];
    if (first === second) return 0;
    if (first === null || second === null) return first === null ? 1 : -1;
    return sign * (first - second);
  };
  return tables.toSorted(compare);
}

/** With a row above each schema's tables, which hides them if it is folded. */
export function grouped(tables, folded) {
  const schemas = new Map();
  for (const table of tables) {
    if (!schemas.has(table.schema_name)) schemas.set(table.schema_name, []);
    schemas.get(table.schema_name).push(table);
  }
  return [...schemas].flatMap(([schema, own]) => [
    { key: `schema ${schema}`, schema, tables: own, folded: folded.has(schema) },
    ...(folded.has(schema) ? [] : own),
  ]);
}

export const isGroup = (row) => row.tables !== undefined;

/** `all`, `some` or `none` of what may be read is taken. */
export function takenOf(tables, selection) {
  let taken = 0;
  let open = 0;
  for (const table of tables) {
    if (selection.has(table.key)) taken += 1;
    else if (table.readable) open += 1;
  }
  return { taken, state: taken === 0 ? "none" : open ? "some" : "all" };
}

/** Rows and bytes of some tables, and of how many the database has no estimate. */
export function totals(tables) {
  const sum = (name) => tables.reduce((all, table) => all + (table[name] ?? 0), 0);
  const unknown = tables.filter((table) => table.estimated_rows === null).length;
  return { count: tables.length, rows: sum("estimated_rows"), bytes: sum("bytes"), unknown };
}
