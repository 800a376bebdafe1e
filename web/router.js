// The address of each view. It lies in the fragment, because a bucket serves one file alone.
import { signal } from "./vendor/signals.js";

const ROUTES = {
  dashboard: "/m/:model",
  new: "/m/:model/new/:step",
  source: "/m/:model/sources/:source",
  setup: "/m/:model/sources/:source/set-up/:step",
  run: "/m/:model/sources/:source/runs/:run",
};

export const LOST = { name: "lost", params: {} };

/** The view that is shown: `{ name, params }`, `lost` for an address that is none of ours. */
export const route = signal(LOST);
/** How many addresses were shown before; 0 while the page is where it was opened. */
export const moves = signal(0);

/** The fragment of a view's address, such as `#/m/demo/new/source`. */
export function href(name, params = {}) {
  const fill = (part) => (part.startsWith(":") ? encodeURIComponent(params[part.slice(1)]) : part);
  return `#${ROUTES[name].split("/").map(fill).join("/")}`;
}

/** What a fragment stands for. */
export function parse(fragment) {
  const segments = fragment.replace(/^#/, "").split("/");
  for (const [name, path] of Object.entries(ROUTES)) {
    const params = match(path.split("/"), segments);
    if (params) return { name, params };
  }
  return LOST;
}

/** Show a view; `replace` puts it in the place of the one before in the browser's history. */
export function go(name, params, { replace = false } = {}) {
  const target = href(name, params);
  if (target === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  show();
}

/** Follow the address from now on. An address without a fragment is the model's dashboard. */
export function follow(model) {
  if (["", "#", "#/"].includes(location.hash)) {
    history.replaceState(null, "", href("dashboard", { model }));
  }
  route.value = parse(location.hash);
  addEventListener("hashchange", show);
  addEventListener("popstate", show);
}

function show() {
  const next = parse(location.hash);
  if (JSON.stringify(next) === JSON.stringify(route.peek())) return;
  moves.value += 1;
  route.value = next;
}

function match(pattern, segments) {
  if (pattern.length !== segments.length) return null;
  const params = {};
  for (const [at, part] of pattern.entries()) {
    if (!part.startsWith(":")) {
      if (part !== segments[at]) return null;
    } else if (!segments[at]) {
      return null;
    } else {
      try {
        params[part.slice(1)] = decodeURIComponent(segments[at]);
      } catch {
        return null;
      }
    }
  }
  return params;
}
