import { html, useEffect, useLayoutEffect, useRef, useSignal } from "../../html.js";
import { count, counted } from "../../format.js";
import { Field } from "../../parts/field.js";
import { ProblemNotice } from "../../parts/notice.js";
import { PLENTY, useLog } from "./log_reader.js";

const LEVELS = [
  { value: "DEFAULT", description: "Everything" },
  { value: "INFO", description: "Information and worse" },
  { value: "WARNING", description: "Warnings and errors" },
  { value: "ERROR", description: "Errors alone" },
];
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});
const TYPED = 300; // ms after the last key before the log is searched
const NEAR = 40; // px from the end that count as being there

/** What the run's job said; it grows while the run is live. */
export function Log({ run, live }) {
  const level = useSignal("DEFAULT");
  const typed = useSignal("");
  const search = useSignal("");
  useEffect(() => {
    const timer = setTimeout(() => (search.value = typed.value.trim()), TYPED);
    return () => clearTimeout(timer);
  }, [typed.value]);
  const log = useLog(run, { level: level.value, search: search.value });
  const filtered = level.value !== "DEFAULT" || search.value !== "";
  return html`<section class="card log" aria-labelledby="log-title">
    <div class="card-head"><h2 id="log-title">Log</h2>
      <span class="soft" role="status">${log.begun ? `${counted(log.read, "line")}${log.ended ? "" : live ? ", following" : ""}` : ""}</span></div>
    <div class="filters">
      <${Field} label="Level" kind="choice" choices=${LEVELS} value=${level.value} onInput=${(value) => (level.value = value)} />
      <${Field} label="Search the log" kind="search" value=${typed.value} onInput=${(text) => (typed.value = text)} />
    </div>
    ${log.problem && html`<${ProblemNotice} problem=${log.problem} onRetry=${log.again} />`}
    ${log.dropped > 0 && html`<p class="soft small">The first ${counted(log.dropped, "line")} are no longer shown. Search to find them.</p>`}
    ${log.lines.length > 0 && html`<${Lines} lines=${log.lines} first=${log.dropped} />`}
    ${log.begun && !log.lines.length && html`<p class="soft">${log.absent ?? (filtered ? "No line fits." : "Nothing was said yet.")}</p>`}
    ${!log.begun && !log.problem && html`<div class="bone" aria-hidden="true" />`}
    ${log.read >= PLENTY && !log.ended && (log.stopped || !live) && html`<p class="more"><button
      type="button" class="quiet small" aria-disabled=${log.stopped ? undefined : "true"} onClick=${log.more}
    >${log.stopped ? "Read on" : "Reading …"}</button></p>`}
  </section>`;
}

/** Stays at the end for who is there, and where it is for who has scrolled up. */
function Lines({ lines, first }) {
  const box = useRef();
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length, first]);
  const scrolled = ({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) =>
    (atEnd.current = scrollTop + clientHeight > scrollHeight - NEAR);
  return html`<div
    ref=${box} class="lines" role="log" aria-live="off" aria-label="Lines of the log" tabindex="0" onScroll=${scrolled}
  ><ol>${lines.map((line, at) => html`<${Line} key=${first + at} line=${line} />`)}</ol></div>`;
}

function Line({ line }) {
  const { time, severity, message, table, chunk, exception } = line;
  const loud = severity !== "DEFAULT" && severity !== "INFO" && severity !== "DEBUG";
  return html`<li class=${severity.toLowerCase()}>
    ${time && html`<time datetime=${time}>${TIME.format(new Date(time))}</time>`}
    <span class="message">${loud && html`<b>${severity.charAt(0)}${severity.slice(1).toLowerCase()}</b> `}${message}
      ${table && html` <span class="where">${table}${chunk ? `, chunk ${chunk}` : ""}</span>`}
      ${exception && html`<details><summary>Where it came from (${count(exception.split("\n").length)} lines)</summary><pre tabindex="0">${exception}</pre></details>`}
    </span>
  </li>`;
}
