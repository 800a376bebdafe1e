// What each address shows. A view is brought when it is first shown, so that nobody waits for
// those that are not; the others follow while nothing else is to be done.
import { html, useEffect, useSignal } from "./html.js";
import { Problem } from "./api.js";
import { Failure, Loading } from "./parts/states.js";

const VIEWS = {
  dashboard: async () => (await import("./views/dashboard.js")).Dashboard,
  new: async () => (await import("./views/wizard.js")).Wizard,
  setup: async () => (await import("./views/wizard.js")).Wizard,
  source: async () => (await import("./views/source.js")).Source,
  run: async () => (await import("./views/run.js")).Run,
  lost: async () => (await import("./views/lost.js")).Lost,
};

const here = new Map();

/** The view of this name, with the address's parts as its props. */
export function View({ name, params }) {
  const arrived = useSignal(0);
  const problem = useSignal(null);
  const Shown = here.get(name);
  useEffect(() => {
    if (Shown) return;
    problem.value = null;
    bring(name).then(
      () => (arrived.value += 1),
      () => (problem.value = missing()),
    );
  }, [name, Shown]);
  arrived.value; // drawn anew when it is there
  if (Shown) return html`<${Shown} ...${params} />`;
  return problem.value
    ? html`<${Failure} problem=${problem.value} onRetry=${() => location.reload()} />`
    : html`<${Loading} label="Loading the page" />`;
}

/** Bring the views that nobody has asked for yet, when the browser has nothing else to do. */
export function bringTheOthers() {
  const later = globalThis.requestIdleCallback ?? ((work) => setTimeout(work, 2000));
  for (const name of Object.keys(VIEWS)) {
    later(() => navigator.onLine && bring(name).catch(() => {})); // asked for again when shown
  }
}

async function bring(name) {
  here.set(name, here.get(name) ?? (await VIEWS[name]()));
}

const missing = () =>
  new Problem({
    code: "page_incomplete",
    title: "A part of the page did not arrive",
    detail: "The browser could not load the files of this view.",
    hint: "See whether you are online, and load the page again. What you saved is kept.",
  });
