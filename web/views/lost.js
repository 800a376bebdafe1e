import { html } from "../html.js";
import { config } from "../api.js";
import { href } from "../router.js";
import { Heading } from "../parts/heading.js";

export const Lost = () => html`<div class="narrow">
  <${Heading} title="There is nothing here" />
  <p>This address is none of this page's. It may have been cut off when it was copied.</p>
  <p><a href=${href("dashboard", { model: config.value.model })}>Go to your sources</a></p>
</div>`;
