export function is(found, expected) {
  if (!Object.is(found, expected)) throw new Error(`${shown(found)} is not ${shown(expected)}`);
}

export function same(found, expected) {
  is(shown(found), shown(expected));
}

function shown(value) {
  const inOrder = (_, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, inOrder);
}
