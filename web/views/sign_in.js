import { html, useEffect, useSignal } from "../html.js";
import { config } from "../api.js";
import * as google from "../google.js";
import * as session from "../session.js";
import { Dialog } from "../parts/dialog.js";
import { Field } from "../parts/field.js";
import { announce } from "../parts/live.js";

const TITLES = {
  first: "Sign in",
  expired: "Sign in again",
  refused: "Sign in",
};

const WAYS = { token: ByToken, google: ByGoogle };

/** Lies over the view, which goes on where it was once the service takes what is entered. */
export function SignIn({ why }) {
  const Way = WAYS[config.value.sign_in.kind];
  return html`<${Dialog} title=${TITLES[why]}>
    ${why === "expired" && html`<p>The service no longer takes your sign-in. Nothing that you entered is lost: you go on where you were.</p>`}
    <${Way} why=${why} />
  <//>`;
}

function ByToken({ why }) {
  const token = useSignal("");
  const wrong = useSignal(null);
  const busy = session.checking.value;
  useEffect(() => {
    if (why !== "refused" || busy) return;
    wrong.value = { message: "The service does not take this token." };
    announce(wrong.value.message);
  }, [why, busy]);
  const enter = (event) => {
    event.preventDefault();
    wrong.value = token.value.trim() ? null : { message: "is required" };
    if (!wrong.value) session.enter(tokenOf(token.value));
  };
  return html`<form onSubmit=${enter} novalidate>
    <p>Open the address that <code>headrace serve</code> printed, or paste it here.</p>
    <${Field}
      label="Address or token" kind="password" value=${token.value} required autocomplete="off"
      error=${wrong.value} onInput=${(text) => (token.value = text)} autofocus
    />
    <button type="submit" aria-busy=${busy ? "true" : undefined} disabled=${busy}>Sign in</button>
  </form>`;
}

function ByGoogle() {
  return html`<p>Your account needs to be on the list of those who may use this service.</p>
    <button type="button" onClick=${() => google.leave(config.value.sign_in.client_id)}>Sign in with Google</button>`;
}

/** The token in what was pasted: the whole address, or the token alone. */
function tokenOf(text) {
  const [, given] = /#token=([^&\s]+)/.exec(text) ?? [];
  return given ? decodeURIComponent(given) : text.trim();
}
