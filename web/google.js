// Sign-in with Google: the page goes there and comes back with an ID token in its fragment
// (OpenID Connect Core 1.0, section 3.2). No script of theirs is loaded.
const AUTHORIZE = "https://accounts.google.com/o/oauth2/v2/auth";
const ASKED = "headrace.google";

/** Go to Google. `quietly` comes back at once, signed in or not, without asking anybody. */
export function leave(clientId, { quietly = false } = {}) {
  const asked = { state: random(), nonce: random(), to: location.hash.replace(/^#/, "") };
  sessionStorage.setItem(ASKED, JSON.stringify(asked));
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: location.origin + location.pathname,
    response_type: "id_token",
    scope: "openid email",
    state: asked.state,
    nonce: asked.nonce,
    ...(quietly ? { prompt: "none" } : {}),
  });
  location.assign(`${AUTHORIZE}?${query}`);
}

/** The ID token with which Google sent the browser back, if it is the answer to our question.
 *
 * The functions check its signature; here it is only held against what was asked.
 */
export function returned() {
  const answer = new URLSearchParams(location.hash.slice(1));
  const asked = JSON.parse(sessionStorage.getItem(ASKED) ?? "null");
  if (!answer.has("state")) return null;
  sessionStorage.removeItem(ASKED);
  history.replaceState(null, "", `#${asked?.to || "/"}`);
  const token = answer.get("id_token");
  if (!asked || !token || answer.get("state") !== asked.state) return null;
  return claims(token)?.nonce === asked.nonce ? token : null;
}

function claims(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return null;
  }
}

function random() {
  return crypto.randomUUID();
}
