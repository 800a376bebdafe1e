import { html, useEffect, useRef } from "../html.js";

/** A chart of uPlot's, which is brought when the first one is shown.
 *
 * `data`: `[seconds, values, …]`; `series`: `[{ label, format }, …]`, a line each. `label` says
 * in words what it shows; the figures themselves belong in a table beside it. `onPick(index)` is
 * called for a click on a point.
 */
export function Chart({ data, series, label, height = 180, onPick = null }) {
  const place = useRef();
  useEffect(() => {
    let plot = null;
    let gone = false;
    const fit = () => plot?.setSize({ width: place.current.clientWidth, height });
    const sized = new ResizeObserver(fit);
    import("../vendor/uplot.js").then(({ default: UPlot }) => {
      if (gone) return;
      plot = new UPlot(options(place.current, { series, height }), data, place.current);
      if (onPick) plot.over.addEventListener("click", () => onPick(plot.cursor.idx));
      sized.observe(place.current);
    });
    return () => {
      gone = true;
      sized.disconnect();
      plot?.destroy();
    };
  }, [data, series, height]);
  return html`<figure class="chart"><div ref=${place} role="img" aria-label=${label} /></figure>`;
}

function options(element, { series, height }) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: colour("ink-soft"), grid: { stroke: colour("line"), width: 1 } };
  const lines = ["accent", "warn", "good", "bad"];
  return {
    width: element.clientWidth,
    height,
    axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map(series[0].format ?? String) }],
    series: [
      {},
      ...series.map(({ label, format = String }, at) => ({
        label,
        stroke: colour(lines[at % lines.length]),
        width: 2,
        points: { show: true, size: 6 },
        value: (_, value) => (value === null ? "–" : format(value)),
      })),
    ],
  };
}
