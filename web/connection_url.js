// A connection as people write it: postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=… or
// postgresql://USER@/DATABASE?instance=PROJECT:REGION:NAME or bigquery://PROJECT/DATASET
// It is taken apart here, so that a password in it travels nowhere but with the form's other
// fields.

// What the databases' own clients call the modes of TLS, and the options that name one.
const TLS_OPTIONS = ["sslmode", "ssl-mode"];
// Of an instance of Cloud SQL, and what the form calls them.
const OF_INSTANCE = { instance: "instance", "ip-type": "ip_type", login: "login" };
// Of BigQuery, and what the form calls them. Without a login it is the service's own account.
const OF_BIGQUERY = { login: "login", "billing-project": "billing_project", location: "location" };
// Browsers take no address without a host.
const NO_HOST = "none.invalid";
const MYSQL_MODES = {
  DISABLED: "disable",
  REQUIRED: "require",
  VERIFY_CA: "verify-ca",
  VERIFY_IDENTITY: "verify-full",
};

/** The type of source that a text is a URL of, or null if it is no such URL. */
export function typeOfUrl(text, types) {
  const scheme = /^\s*([a-z]+):\/\//i.exec(text)?.[1].toLowerCase();
  return types.find((type) => type.url_schemes.includes(scheme)) ?? null;
}

/** `{ values, secrets }` with what the URL says, or null if it can't be told apart safely. */
export function fromUrl(text) {
  // Browsers know none of the schemes; as one of ftp they take the rest apart as any address.
  const plain = text.trim().replace(/^[a-z]+:/i, "ftp:");
  const url = parsed(plain.replace(/^(ftp:\/\/(?:[^/?#]*@)?)\/(?=[^?#]*\?.*instance=)/, `$1${NO_HOST}/`));
  const path = url?.pathname.slice(1);
  // What stands in front of a further / or @ may be a piece of a password, and no host.
  if (!url || /[/@]/.test(path + url.search) || url.hash) return null;
  if (/^\s*bigquery:/i.test(text)) return ofBigquery(url, path);
  const mode = TLS_OPTIONS.map((name) => url.searchParams.get(name)).find((given) => given);
  const values = {
    host: url.hostname === NO_HOST ? "" : decoded(url.hostname).replace(/^\[|\]$/g, ""),
    port: url.port,
    database: decoded(path),
    user: decoded(url.username),
    tls: mode ? (MYSQL_MODES[mode.toUpperCase()] ?? mode) : "",
  };
  for (const [option, name] of Object.entries(OF_INSTANCE)) {
    values[name] = url.searchParams.get(option) ?? "";
  }
  const given = Object.entries(values).filter(([, value]) => value !== "");
  const secrets = url.password ? { password: decoded(url.password) } : {};
  return { values: Object.fromEntries(given), secrets };
}

/** bigquery://PROJECT/DATASET; a key never stands in a URL. */
function ofBigquery(url, path) {
  if (url.username || url.password || url.port) return null;
  const values = { project: decoded(url.hostname), datasets: decoded(path), login: "iam" };
  for (const [option, name] of Object.entries(OF_BIGQUERY)) {
    if (url.searchParams.has(option)) values[name] = url.searchParams.get(option);
  }
  const given = Object.entries(values).filter(([, value]) => value !== "");
  return { values: Object.fromEntries(given), secrets: {} };
}

function parsed(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
