// Sign-in with Google: the browser goes there and comes back with an ID token in the address's
// fragment (OpenID Connect Core 1.0, section 3.2). No script and no frame of theirs is loaded. The
// functions check the token; here it is only held against what was asked.
import { whenCalm } from "./calm.js";
import * as second from "./second_window.js";

const ASKED = "headrace.asked"; // of this tab, until the answer comes
const ACCOUNT = "headrace.account"; // who signed in last: a hint, and no secret
const EARLY = 300; // seconds before its end from which on a token is replaced

let signIn = null;

/** What the page begins with: a `token`, or what is `asked` of the person, with the `trouble`. */
export function begin(config) {
  signIn = config;
  const answer = takeFromAddress();
  if (answer && second.isForAnother(answer)) {
    second.handOver(answer);
    return { asked: "handing_over" };
  }
  if (answer) {
    const asked = JSON.parse(sessionStorage.getItem(ASKED) ?? "null");
    sessionStorage.removeItem(ASKED);
    const { token, trouble } = judged(answer, asked);
    history.replaceState(null, "", `#${asked?.to || "/"}`);
    return token ? { token } : { asked: "first", trouble };
  }
  if (knownAccount()) {
    leave({ prompt: "none" });
    return { asked: "leaving" };
  }
  return { asked: "first" };
}

/** A token is taken: whose it is is remembered, and it is replaced before it ends. */
export function keep(token) {
  const { email, iat, exp } = claims(token);
  localStorage.setItem(ACCOUNT, email);
  whenCalm((exp - iat - EARLY) * 1000, (exp - iat) * 1000, () => leave({ prompt: "none" }));
}

/** The service takes a token no longer; whose it was stays known. */
export const lapsed = () => {};

export const forget = () => localStorage.removeItem(ACCOUNT);

/** The address of whom a token is for. */
export const accountOf = (token) => claims(token).email;

/** Go to Google, and come back to the same view. Nothing that is in memory stays.
 *
 * `prompt`: `none` comes back at once, signed in or not, without asking anybody; `select_account`
 * lets somebody else sign in.
 */
export function leave({ prompt } = {}) {
  const asked = { ...second.question(), prompt, to: location.hash.replace(/^#/, "") };
  sessionStorage.setItem(ASKED, JSON.stringify(asked));
  const target = address(asked, { prompt, account: prompt !== "select_account" && knownAccount() });
  // What nobody asked for leaves no trace in the history.
  if (prompt === "none") location.replace(target);
  else location.assign(target);
}

/** Have somebody sign in again while this page stays as it is: `{ token }` or `{ trouble }`. */
export async function inSecondWindow() {
  const account = knownAccount();
  const found = await second.ask((asked) => address(asked, { account }), judged);
  if (!found.token || accountOf(found.token) === account) return found;
  return { trouble: "another_account" };
}

/** What of an answer: a token, if it is the answer to this question; else what is the trouble. */
export function judged(answer, asked) {
  if (!asked || answer.get("state") !== asked.state) return { trouble: "not_asked" };
  if (answer.has("error")) {
    // Nobody was asked for anything, so nothing went wrong.
    if (asked.prompt === "none") return { trouble: null };
    return { trouble: answer.get("error") === "access_denied" ? "denied" : "failed" };
  }
  const token = answer.get("id_token");
  const said = claims(token);
  if (!said || said.nonce !== asked.nonce || !said.email) return { trouble: "not_asked" };
  return { token };
}

function address({ state, nonce }, { prompt, account }) {
  const query = new URLSearchParams({
    client_id: signIn.client_id,
    redirect_uri: location.origin + location.pathname,
    response_type: "id_token",
    scope: "openid email",
    state,
    nonce,
    ...(prompt && { prompt }),
    ...(account && { login_hint: account }),
  });
  return `${signIn.address}?${query}`;
}

/** The answer that the browser came back with, or null. The address has lost it then. */
function takeFromAddress() {
  const answer = new URLSearchParams(location.hash.slice(1));
  if (!answer.has("state")) return null;
  history.replaceState(null, "", "#/");
  return answer;
}

function claims(token) {
  try {
    const bytes = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))));
  } catch {
    return null;
  }
}

const knownAccount = () => localStorage.getItem(ACCOUNT);
