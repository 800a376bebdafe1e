// Which fields of a connection are asked for: those of the way in which the database is named, and
// those that another field calls for. Values and rules, as in wizard.js.

/** `host` or `instance`: the way that is chosen, if this service knows it. */
export const wayOf = (state, type) =>
  type.ways?.some(({ value }) => value === state.way) ? state.way : "host";

export const connectionFields = (state, type) =>
  type.connection.filter(({ way }) => !way || way === wayOf(state, type));

/** None if nothing has to prove who logs in, as with a login by IAM. */
export function credentialFields(state, type) {
  const asked = new Map(connectionFields(state, type).map((field) => [field.name, field]));
  const holds = ({ field, value }) =>
    !asked.has(field) || (state.values[field] || asked.get(field).default) === value;
  return type.credentials.filter(({ only_if: condition }) => !condition || holds(condition));
}

/** The way that a connection's values are of. */
export const wayIn = ({ instance }) => (instance ? "instance" : "host");

/** Where the server of a stored connection is; BigQuery's has a project. */
export const place = ({ host, port, instance, project }) =>
  instance ?? project ?? (port ? `${host}:${port}` : host);

/** The same by its name alone. */
export const server = ({ host, instance, project }) => instance ?? project ?? host;

/** What is read there: a database, or datasets of BigQuery. */
export const database = ({ database: name, datasets }) => name ?? datasets ?? "all datasets";

/** Who logs in there. */
export const who = ({ user, login }) =>
  user ?? (login === "iam" ? "this service’s account" : "its key’s account");
