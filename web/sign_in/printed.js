// Sign-in by the token that `headrace serve` printed. It lives as long as the tab: a reload keeps
// it, closing the tab forgets it. It is no password, and is good for nothing once that server has
// ended.
const KEPT = "headrace.token";

/** What the page begins with: a `token`, whose holder was signed in `before`, or what is `asked`. */
export function begin(_config, enter) {
  addEventListener("hashchange", () => {
    const given = takeFromAddress();
    if (given) enter(given);
  });
  const token = takeFromAddress() ?? sessionStorage.getItem(KEPT);
  return token ? { token, before: true } : { asked: "first" };
}

export const keep = (token) => sessionStorage.setItem(KEPT, token);
export const forget = () => sessionStorage.removeItem(KEPT);
export const lapsed = forget;
export const accountOf = () => null;

/** `#token=…`, with `&to=/m/demo` if a view is meant; the address loses it before anything else. */
function takeFromAddress() {
  if (!location.hash.startsWith("#token=")) return null;
  const given = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", `#${given.get("to") ?? "/"}`);
  return given.get("token") || null;
}
