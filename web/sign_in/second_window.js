// A second window in which somebody signs in while the first one stays as it is, with all that was
// typed. Google sends the second one back to this page, which hands the answer to the first over a
// channel of our own origin; the first alone knows what it has asked.
import { signal } from "../vendor/signals.js";

const CHANNEL = "headrace.sign-in";
const MARK = "window-";
const PATIENCE = 3000;

/** In the second window: null while it hands over, then whether the first one took the answer. */
export const taken = signal(null);

let listening = null;

/** What an answer has to repeat. */
export const question = (mark = "") => ({
  state: mark + crypto.randomUUID(),
  nonce: crypto.randomUUID(),
});

/** Ask in a second window. `address(asked)` is where it goes, `judged(answer, asked)` the result.
 *
 * Gives `{ trouble: "blocked" }` if the browser opens none. While nobody answers it stays open; who
 * asks again is answered by the newer one.
 */
export function ask(address, judged) {
  listening?.close();
  const asked = question(MARK);
  const opened = window.open("", "_blank", "popup,width=520,height=680");
  if (!opened) return Promise.resolve({ trouble: "blocked" });
  opened.opener = null; // what is shown there has no hold on this page
  opened.location = address(asked);
  const channel = (listening = new BroadcastChannel(CHANNEL));
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data.answer?.state !== asked.state) return;
      channel.postMessage({ taken: asked.state });
      channel.close();
      resolve(judged(new URLSearchParams(data.answer), asked));
    };
  });
}

export const isForAnother = (answer) => answer.get("state").startsWith(MARK);

/** In the second window: hand the answer over, and close. */
export function handOver(answer) {
  const channel = new BroadcastChannel(CHANNEL);
  const inVain = setTimeout(() => (taken.value = false), PATIENCE);
  channel.onmessage = ({ data }) => {
    if (data.taken !== answer.get("state")) return;
    clearTimeout(inVain);
    taken.value = true; // shown where a browser lets no page close its window
    window.close();
  };
  channel.postMessage({ answer: Object.fromEntries(answer) });
}
