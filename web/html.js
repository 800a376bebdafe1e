// What every view imports: templates, hooks and signals, from one place.
import { h } from "./vendor/preact.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export { Fragment, render } from "./vendor/preact.js";
export {
  useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState,
} from "./vendor/hooks.js";
export {
  batch, computed, effect, signal, useComputed, useSignal, useSignalEffect,
} from "./vendor/signals.js";
