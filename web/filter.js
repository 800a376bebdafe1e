// Which rows of a table are taken, as a selection's `filter` says it: rules without DOM.

/** The comparisons of a condition, and how a person reads them. */
export const COMPARISONS = [
  { value: "=", description: "is" },
  { value: "!=", description: "is not" },
  { value: "<", description: "is less than" },
  { value: "<=", description: "is at most" },
  { value: ">", description: "is more than" },
  { value: ">=", description: "is at least" },
  { value: "in", description: "is one of" },
  { value: "is null", description: "is missing (NULL)" },
  { value: "is not null", description: "is there (not NULL)" },
];

export const takesValue = ({ comparison }) => !["is null", "is not null"].includes(comparison);

/** What a field shows of a condition's values; several have commas between. */
export const shownValues = ({ comparison, values }) =>
  comparison === "in" ? values.map(quoted).join(", ") : values[0] ?? "";
const quoted = (value) => (/^\s|\s$|[",]/.test(value) || value === "" ? `"${value.replaceAll('"', '""')}"` : value);

/** The condition with what was typed; a value with a comma in it stands in double quotes. */
export function withTyped(condition, text) {
  const values = condition.comparison === "in" ? several(text) : [text];
  return { ...condition, values };
}

function several(text) {
  const found = [...text.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g)];
  const values = found.map(([, inQuotes, bare]) => inQuotes?.replaceAll('""', '"') ?? bare.trim());
  return values.filter((value, place) => value !== "" || found[place][1] !== undefined);
}

/** The condition compared otherwise, with the values that fit. */
export function withComparison(condition, comparison) {
  const changed = { ...condition, comparison };
  if (!takesValue(changed)) return { ...changed, values: [] };
  if (comparison === "in") return { ...changed, values: condition.values.filter(Boolean) };
  return { ...changed, values: [condition.values[0] ?? ""] };
}

/** Whether a condition says enough to be saved. */
export const isWhole = (condition) => !takesValue(condition) || condition.values.length > 0;

/** A condition in words. */
export function inWords({ column, comparison, values }) {
  const { description } = COMPARISONS.find((each) => each.value === comparison);
  return [column, description, values.join(", ")].join(" ").trim();
}
