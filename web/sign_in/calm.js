// Moments in which the page may go away and come back without anybody losing anything.
import { route } from "../router.js";

const UNTOUCHED = 60_000;
const LOOK_EVERY = 5_000;
const TOUCHES = ["pointerdown", "keydown", "input", "wheel"];
// What is set up lies in memory until it is saved.
const SETTING_UP = ["new", "setup"];

let touchedAt = Date.now();
let waiting = null;
for (const kind of TOUCHES) {
  addEventListener(kind, () => (touchedAt = Date.now()), { capture: true, passive: true });
}

/** Do something once, in the first calm moment between two times from now on, in milliseconds. */
export function whenCalm(from, until, act) {
  clearTimeout(waiting);
  const end = Date.now() + until;
  const look = () => {
    if (Date.now() >= end) return;
    if (isCalm()) act();
    else waiting = setTimeout(look, LOOK_EVERY);
  };
  waiting = setTimeout(look, Math.max(from, 0));
}

function isCalm() {
  const seen = !document.hidden && Date.now() - touchedAt < UNTOUCHED;
  const opened = document.querySelector("dialog[open]");
  const typed = [...document.querySelectorAll("input, textarea")].some(holdsText);
  return !seen && !opened && !typed && !SETTING_UP.includes(route.peek().name) && navigator.onLine;
}

const holdsText = ({ type, value }) => !["radio", "checkbox"].includes(type) && value !== "";
