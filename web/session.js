// Who is signed in. No view sees the token; api.js sends it.
//
// The token that `headrace serve` printed lives as long as the tab: a reload keeps it, closing the
// tab forgets it. It is no password, and is good for nothing once that server has ended. An ID
// token of Google's is kept in memory alone.
import { signal } from "./vendor/signals.js";
import * as google from "./google.js";

const KEPT = "headrace.token";
const KINDS = {
  token: { recall: () => sessionStorage.getItem(KEPT), keep: keepToken },
  google: { recall: google.returned, keep: () => {} },
};

/** Null, or why a person is asked to sign in: `first`, `refused` (mistyped), or `expired`. */
export const asked = signal(null);
export const signedIn = signal(false);
/** Whether the service has yet to say whether it takes what was entered. */
export const checking = signal(false);

let kind = KINDS.token;
let token = null;
let waiting = [];

/** Take the token out of the address, or recall the one of before the reload. */
export function begin(signIn) {
  kind = KINDS[signIn.kind];
  token = takeFromAddress() ?? kind.recall();
  signedIn.value = token !== null;
  if (token) kind.keep(token);
  else asked.value = "first";
  addEventListener("hashchange", () => {
    const given = takeFromAddress();
    if (given) enter(given);
  });
}

/** The token, as soon as there is one. `refused` is one that the service did not take. */
export function currentToken(refused = null) {
  if (token && token !== refused) return Promise.resolve(token);
  if (token) {
    asked.value = signedIn.peek() ? "expired" : "refused";
    forget();
  }
  checking.value = false;
  asked.value ??= "first";
  return new Promise((resolve) => waiting.push(resolve));
}

/** Sign in; what waited for it goes on. */
export function enter(given) {
  token = given;
  kind.keep(given);
  checking.value = true;
  for (const resolve of waiting.splice(0)) resolve(given);
}

/** The service took the token. */
export function accepted() {
  checking.value = false;
  asked.value = null;
  signedIn.value = true;
}

export function signOut() {
  forget();
  location.assign(location.pathname);
}

function forget() {
  token = null;
  signedIn.value = false;
  sessionStorage.removeItem(KEPT);
}

function keepToken(given) {
  sessionStorage.setItem(KEPT, given);
}

/** `#token=…`, with `&to=/m/demo` if a view is meant; the address loses it before anything else. */
function takeFromAddress() {
  if (!location.hash.startsWith("#token=")) return null;
  const given = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", `#${given.get("to") ?? "/"}`);
  return given.get("token") || null;
}
