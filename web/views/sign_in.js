import { html, useEffect, useSignal } from "../html.js";
import { config } from "../api.js";
import * as session from "../session.js";
import { inSecondWindow } from "../sign_in/google.js";
import { Dialog } from "../parts/dialog.js";
import { Field } from "../parts/field.js";
import { announce } from "../parts/live.js";
import { ENTRANCES, Trouble } from "./entrance.js";

const TITLES = {
  first: "Sign in",
  expired: "Sign in again",
  refused: "Sign in",
};

const WAYS = { token: ByToken, google: ByGoogle };

/** What stands in place of the view while nobody is signed in, or null if the view stays. */
export const entrance = (why) => (config.value.sign_in.kind === "google" && ENTRANCES[why]) || null;

/** Lies over the view, which goes on where it was once the service takes what is entered. */
export function SignIn({ why }) {
  const Way = WAYS[config.value.sign_in.kind];
  return html`<${Dialog} title=${TITLES[why]}>
    ${why === "expired" && html`<p>The service no longer takes your sign-in. Nothing that you entered is lost: you go on where you were.</p>`}
    <${Way} />
  <//>`;
}

function ByToken() {
  const token = useSignal("");
  const wrong = useSignal(null);
  const busy = session.checking.value;
  const refused = session.trouble.value;
  useEffect(() => {
    if (!refused || busy) return;
    wrong.value = { message: "The service does not take this token." };
    announce(wrong.value.message);
  }, [refused, busy]);
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
  const asking = useSignal(false);
  const busy = session.checking.value;
  const ask = async () => {
    session.trouble.value = null;
    asking.value = true;
    const { token, trouble } = await inSecondWindow();
    asking.value = false;
    if (token) session.enter(token);
    else session.trouble.value = trouble;
  };
  return html`
    <p>A second window opens, and closes by itself when you have signed in${session.account.value && html` as <strong>${session.account.value}</strong>`}.</p>
    <${Trouble} />
    <button type="button" onClick=${ask} aria-busy=${busy ? "true" : undefined} disabled=${busy} autofocus>Sign in with Google</button>
    <p role="status">${asking.value && "Waiting for the other window. If you have closed it, open it again."}</p>
  `;
}

/** The token in what was pasted: the whole address, or the token alone. */
function tokenOf(text) {
  const [, given] = /#token=([^&\s]+)/.exec(text) ?? [];
  return given ? decodeURIComponent(given) : text.trim();
}
