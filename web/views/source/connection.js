import { html, useSignal } from "../../html.js";
import { database, place, who } from "../../connection_form.js";
import { href } from "../../router.js";
import { Editors } from "../../parts/editors.js";
import { Facts } from "../../parts/facts.js";
import { Notice } from "../../parts/notice.js";
import { RotatePassword } from "./rotate.js";

const TYPES = { postgres: "PostgreSQL", mysql: "MySQL or MariaDB", bigquery: "BigQuery" };
const PLACES = { postgres: "Host", mysql: "Host", bigquery: "Project" };
const SECRETS = { bigquery: "Key" };

/** Where the rows come from and go to, and the password, which nobody sees. */
export function Connection({ source, onChange }) {
  const { connection } = source;
  const rotating = useSignal(false);
  const rotated = useSignal(false);
  const step = (name) => href("setup", { model: source.model_id, source: source.source_id, step: name });
  const ask = () => {
    rotated.value = false;
    rotating.value = true;
  };
  const done = () => {
    rotating.value = false;
    rotated.value = true;
    onChange();
  };
  return html`<section class="card" aria-labelledby="connection-title">
    <div class="card-head"><h2 id="connection-title">Connection</h2><${Editors}><a class="small" href=${step("connection")}>Edit<span class="unseen"> the connection</span></a><//></div>
    <${Facts} look="list" facts=${[
      ["Database", database(connection), TYPES[connection.type] ?? connection.type],
      [connection.instance ? "Instance" : PLACES[connection.type], place(connection)],
      ["User", who(connection)],
      connection.login === "iam" ? ["Login", "By IAM, without a password"] : [SECRETS[connection.type] ?? "Password", html`Stored, never shown${" "}<${Editors}><button type="button" class="link" onClick=${ask}>Replace<span class="unseen"> the password</span></button><//>`],
      ["Into", source.dataset, html`dataset of the destination`],
      ["Name", source.name, html`<${Editors}><a href=${step("source")}>Rename</a><//>`],
    ]} />
    ${rotated.value && html`<${Notice} tone="good" title="The new password is stored" detail="It was tested first. The next run uses it." />`}
    ${rotating.value && html`<${RotatePassword} source=${source} onClose=${() => (rotating.value = false)} onDone=${done} onStale=${onChange} />`}
  </section>`;
}

