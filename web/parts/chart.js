import { html, useEffect, useRef, useSignal } from "../html.js";

// What went well stands back behind what did not.
const FILLS = {
  good: (colour) => `${colour("good")}a6`,
  bad: (colour) => colour("bad"),
  plain: (colour) => colour("control-line"),
  live: (colour) => colour("live"),
};
const LEAST = 0.03; // of the highest bar: a short one is seen, too
const FEWEST = 12; // slots, so that two bars are no walls

/** Bars in a row, the oldest first, by uPlot, which is brought when the first chart is shown.
 *
 * `bars`: `[{ value, tone, when, title }]`, tones as of a badge; `when` stands below, `title` is
 * said of the bar under the pointer. `label` says in words what they show: the figures themselves
 * belong in a table beside it. A click on a bar, or above it, calls `onPick(index)`.
 */
export function Bars({ bars, format, label, height = 140, onPick = null }) {
  const place = useRef();
  const pointed = useSignal(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  const drawn = JSON.stringify(bars);
  useEffect(() => {
    const mine = new AbortController();
    const element = place.current;
    let plot = null;
    const draw = async () => {
      const { default: UPlot } = await import("../vendor/uplot.js");
      if (mine.signal.aborted) return;
      plot?.destroy();
      const chart = options(UPlot, element, { bars, format, height, pointed });
      plot = new UPlot(chart, columns(bars), element);
      plot.over.addEventListener("click", () => {
        if (bars[plot.cursor.idx]) pick.current?.(plot.cursor.idx);
      });
    };
    draw();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw, { signal: mine.signal });
    const sized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    sized.observe(element);
    return () => {
      mine.abort();
      sized.disconnect();
      plot?.destroy();
    };
  }, [drawn, height]);
  const title = bars[pointed.value]?.title;
  return html`<figure class="chart ${onPick ? "picks" : ""}">
    <div ref=${place} class="plot" style=${{ minHeight: `${height}px` }} role="img" aria-label=${label} />
    <figcaption aria-hidden="true">${title ?? "\u00a0"}</figcaption>
  </figure>`;
}

function columns(bars) {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  return [bars.map((_, at) => at), bars.map((bar) => Math.max(bar.value, most * LEAST))];
}

function options(UPlot, element, { bars, format, height, pointed }) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const fills = bars.map(({ tone }) => FILLS[tone](colour));
  const each = { unit: 3, values: () => fills }; // 3: a colour for each bar
  const axis = { stroke: colour("ink-soft"), ticks: { show: false }, font: "12px system-ui" };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: false, range: () => [-0.5, Math.max(bars.length, FEWEST) - 0.5] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        space: 80,
        incrs: [1, 2, 5, 10, 15, 20, 30],
        values: (_, places) => places.map((at) => bars[at]?.when ?? ""),
      },
      {
        ...axis,
        grid: { stroke: colour("line"), width: 1 },
        size: 64,
        space: 30,
        values: (_, ticks) => ticks.map((tick) => (tick ? format(tick) : "0")),
      },
    ],
    series: [
      {},
      {
        points: { show: false },
        width: 0,
        paths: UPlot.paths.bars({ size: [0.7, 28], radius: 0.15, disp: { fill: each } }),
      },
    ],
    hooks: { setCursor: [(plot) => (pointed.value = plot.cursor.idx)] },
  };
}
