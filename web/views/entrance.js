// What stands in place of every view while nobody is signed in with Google.
import { html } from "../html.js";
import { Problem, config } from "../api.js";
import * as session from "../session.js";
import { leave } from "../sign_in/google.js";
import { taken } from "../sign_in/second_window.js";
import { CopyBlock } from "../parts/copy.js";
import { Heading } from "../parts/heading.js";
import { Notice, ProblemNotice } from "../parts/notice.js";
import { Loading } from "../parts/states.js";

const TROUBLES = {
  denied: ["You were not signed in", "Google says that you cancelled. You can try again at any time."],
  failed: ["Google could not sign you in", "Try again. If it fails again, tell whoever runs this service: the page's client or its address may not be set up with Google."],
  not_asked: ["That sign-in was not asked for here", "The answer does not belong to a question of this tab, so it was thrown away. Sign in again; if you followed a link to get here, be wary of where it came from."],
  blocked: ["The browser opened no window", "Allow pop-up windows for this page, then try again. Nothing is lost meanwhile."],
  another_account: ["That is another account", "What is open here belongs to the account named above, so it goes on with that one alone."],
};

/** What went wrong with signing in, if anything did. */
export function Trouble() {
  const trouble = session.trouble.value;
  if (!trouble) return null;
  if (trouble instanceof Problem) return html`<${ProblemNotice} problem=${trouble} />`;
  const [title, detail] = TROUBLES[trouble];
  return html`<${Notice} tone="bad" title=${title} detail=${detail} />`;
}

/** By why somebody is asked to sign in; where it is not named the view stays. */
export const ENTRANCES = {
  first: Welcome,
  refused: Welcome,
  not_allowed: NotAllowed,
  leaving: Leaving,
  handing_over: HandingOver,
};

const Google = ({ prompt, label, secondary }) => html`<button
  type="button" class=${secondary ? "secondary" : ""} onClick=${() => leave({ prompt })}
>${label}</button>`;

function Welcome() {
  const { brand } = config.value;
  return html`<div class="narrow entrance">
    <${Heading} title="Sign in to ${brand.name}" />
    <p class="lead">Use the Google account for which you were given access.</p>
    <${Trouble} />
    <p class="go-on"><${Google} prompt=${session.trouble.value ? "select_account" : undefined} label="Sign in with Google" /></p>
  </div>`;
}

function NotAllowed() {
  const { brand, contact } = config.value;
  const who = session.account.value;
  const request = `Please give ${who} access to ${brand.name} at ${location.origin}${location.pathname}`;
  return html`<div class="narrow entrance">
    <${Heading} title="You have no access yet" />
    <p class="lead">You are signed in as <strong>${who}</strong>, who may not use ${brand.name} here.</p>
    <p>${contact
      ? html`Ask <strong>${contact}</strong> to give you access.`
      : "Ask whoever runs this service to give you access."} You can send them this:</p>
    <${CopyBlock} text=${request} what="a request for access" />
    <p class="go-on">
      <${Google} prompt="select_account" label="Sign in as somebody else" />
      <button type="button" class="secondary" onClick=${session.again}>Try again</button>
    </p>
    <details>
      <summary>For whoever runs this service</summary>
      <p>${session.trouble.value.detail} ${session.trouble.value.hint}</p>
      <p class="soft"><code>${session.trouble.value.code}</code></p>
    </details>
  </div>`;
}

function Leaving() {
  return html`<div class="narrow entrance">
    <${Heading} title="Signing in" />
    <${Loading} label="Signing in with Google" lines=${2} />
  </div>`;
}

const HANDED = new Map([
  [null, ["Signing in", "The window that you came from goes on in a moment."]],
  [true, ["You are signed in", "Close this window, and go on in the one that you came from."]],
  [false, ["Nobody waits for this sign-in", "The window that asked for it is gone."]],
]);

function HandingOver() {
  const [title, text] = HANDED.get(taken.value);
  return html`<div class="narrow entrance">
    <${Heading} title=${title} />
    <p class="lead" role="status">${text}</p>
    ${taken.value === false && html`<p><a href=${location.pathname}>Go to ${config.value.brand.name}</a></p>`}
  </div>`;
}
