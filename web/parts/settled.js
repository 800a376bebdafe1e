import { useEffect, useSignal } from "../html.js";

/** A value as it was when it last stayed the same for a moment, such as while somebody types. */
export function useSettled(value, milliseconds = 300) {
  const settled = useSignal(value);
  useEffect(() => {
    const timer = setTimeout(() => (settled.value = value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled.value;
}
