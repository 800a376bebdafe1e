// Who is signed in. No view sees the token; api.js sends it.
import * as google from "./sign_in/google.js";
import * as printed from "./sign_in/printed.js";
import { computed, signal } from "./vendor/signals.js";

const KINDS = { token: printed, google };

/** Null, or why a person is asked to sign in: `first`, `refused` (the service does not take what
 * was entered), `expired`, `not_allowed`; or `leaving` and `handing_over` while windows come and go.
 */
export const asked = signal(null);
export const signedIn = signal(false);
/** Whether the service has yet to say whether it takes what was entered. */
export const checking = signal(false);
/** The address of who signed in, if there is one. */
export const account = signal(null);
/** What went wrong with signing in, as `TROUBLES` of views/entrance.js words it, or a Problem. */
export const trouble = signal(null);
/** Whether the service lets this person change anything. */
export const mayEdit = computed(() => roles.value.includes("editor"));

const roles = signal(["editor"]);
let kind = KINDS.token;
let token = null;
let barred = null;
let waiting = [];

/** Take up what the address or the tab holds, or ask for it. */
export function begin(signIn) {
  kind = KINDS[signIn.kind];
  const found = kind.begin(signIn, enter);
  asked.value = found.asked ?? null;
  trouble.value = found.trouble ?? null;
  signedIn.value = found.before ?? false;
  if (found.token) take(found.token);
}

/** The token, as soon as there is one. */
export function currentToken() {
  if (token) return Promise.resolve(token);
  asked.value ??= "first";
  return new Promise((resolve) => waiting.push(resolve));
}

/** Sign in; what waited for it goes on. */
export function enter(given) {
  take(given);
  checking.value = true;
  for (const resolve of waiting.splice(0)) resolve(given);
}

/** The service took the token, and says which roles its holder has. */
export function accepted(named) {
  checking.value = false;
  asked.value = null;
  trouble.value = null;
  signedIn.value = true;
  roles.value = named.split(", ");
}

/** The service does not take this token, or takes it no longer. */
export function notTaken(shown, problem) {
  if (shown !== token) return;
  asked.value = signedIn.peek() || asked.peek() === "expired" ? "expired" : "refused";
  trouble.value = signedIn.peek() ? null : problem; // that a sign-in ends is no trouble
  kind.lapsed();
  drop();
}

/** The service knows who shows this token, and does not let them in. */
export function notAllowed(shown, problem) {
  if (shown !== token) return;
  asked.value = "not_allowed";
  trouble.value = problem;
  barred = token;
  drop();
}

/** Try once more with whom the service did not let in. */
export function again() {
  asked.value = null;
  enter(barred);
}

export function signOut() {
  drop();
  kind.forget();
  location.assign(location.pathname);
}

function drop() {
  token = null;
  signedIn.value = false;
  checking.value = false;
}

function take(given) {
  token = given;
  account.value = kind.accountOf(given);
  kind.keep(given);
}
