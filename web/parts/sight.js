/** Resolves as soon as somebody can see the page; never, once `signal` is aborted. */
export function inSight(signal) {
  if (document.visibilityState === "visible") return Promise.resolve();
  return new Promise((resolve) =>
    document.addEventListener("visibilitychange", resolve, { once: true, signal }),
  );
}

const SETTLED = 500; // ms: the network may be said to be back before it is

/** Resolves after a while, or as soon as the network is back, or `signal` is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", back);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    const back = () => setTimeout(end, SETTLED);
    addEventListener("online", back);
    signal.addEventListener("abort", end);
  });
}
