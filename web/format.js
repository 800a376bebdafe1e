// Numbers and times as this browser's locale writes them; words are English, as the page is.
const COUNT = new Intl.NumberFormat();
const SHORT = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const TENTHS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });
const ONE = new Intl.PluralRules("en");

const BYTES = ["B", "kB", "MB", "GB", "TB", "PB"];
const SPANS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** 1,234,567 */
export const count = (number) => COUNT.format(number);

/** 1.2M */
export const short = (number) => SHORT.format(number);

/** `1 table`, `2 tables` */
export const counted = (number, noun, nouns = `${noun}s`) =>
  `${count(number)} ${ONE.select(number) === "one" ? noun : nouns}`;

/** 1.2 MB */
export function bytes(number) {
  const power = number < 1 ? 0 : Math.min(Math.floor(Math.log10(number) / 3), BYTES.length - 1);
  return `${TENTHS.format(number / 1000 ** power)} ${BYTES[power]}`;
}

/** `5 ms`, `1.2 s`, `4 min 5 s`, `2 h 5 min` */
export function duration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 10_000) return `${TENTHS.format(milliseconds / 1000)} s`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${count(Math.floor(seconds / 3600))} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `in 5 minutes`, `2 hours ago`, `just now` */
export function relative(moment, now = Date.now()) {
  const seconds = (new Date(moment) - now) / 1000;
  const [unit, size] = SPANS.find(([, span]) => Math.abs(seconds) >= span) ?? [];
  if (!unit) return seconds > 0 ? "in less than a minute" : "just now";
  return RELATIVE.format(Math.trunc(seconds / size), unit);
}

/** 24 Nov 2026, 11:30, with the order and words of the locale */
export const moment = (value) => MOMENT.format(new Date(value));
