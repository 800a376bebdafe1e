// The page's frame: it begins here, and shows the view that the address asks for.
import { html, render } from "./html.js";
import * as api from "./api.js";
import * as router from "./router.js";
import * as session from "./session.js";
import { LiveRegion } from "./parts/live.js";
import { Notice, ProblemNotice } from "./parts/notice.js";
import { SignIn, entrance } from "./views/sign_in.js";
import { View, bringTheOthers } from "./views.js";

const place = document.getElementById("app");

function App() {
  const { name, params } = router.route.value;
  const why = session.asked.value;
  const Entrance = why && entrance(why);
  const { brand, model } = api.config.value;
  const toContent = (event) => {
    event.preventDefault(); // the fragment is the view's address
    document.getElementById("content").focus();
  };
  return html`
    <a class="skip" href="#content" onClick=${toContent}>Skip to the content</a>
    <header class="frame">
      <a class="brand" href=${router.href("dashboard", { model: params.model ?? model })}>
        <img src="icon.svg" alt="" width="24" height="24" />${brand.name}
      </a>
      ${params.model && !Entrance && html`<span class="model">${params.model}</span>`}
      ${session.signedIn.value && html`<${Who} />`}
    </header>
    ${!api.online.value && html`<section class="banner" aria-label="Network"><${Notice}
      tone="warn" title="You are offline." detail="What you see may be out of date. Nothing that you entered is lost."
    /></section>`}
    <main id="content" tabindex="-1">${Entrance ? html`<${Entrance} />` : html`<${View} name=${name} params=${params} />`}</main>
    ${why && !Entrance && html`<${SignIn} why=${why} />`}
    <${LiveRegion} />
  `;
}

const Who = () => html`<div class="who">
  ${!session.mayEdit.value && html`<span class="view-only" title="You see everything and change nothing.">View only</span>`}
  ${session.account.value && html`<span class="account" title=${session.account.value}>${session.account.value}</span>`}
  <button type="button" class="quiet small" onClick=${session.signOut}>Sign out</button>
</div>`;

async function begin() {
  place.replaceChildren();
  try {
    const config = await api.configure();
    session.begin(config.sign_in);
    router.follow(config.model);
    render(html`<${App} />`, place);
    bringTheOthers();
  } catch (problem) {
    if (!(problem instanceof api.Problem)) throw problem;
    render(html`<main class="narrow"><${ProblemNotice} problem=${problem} onRetry=${retry} /></main>`, place);
  }
}

function retry() {
  render(null, place);
  begin();
}

begin();
