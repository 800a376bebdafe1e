import { html, useLayoutEffect, useRef, useSignal } from "../html.js";

const BEYOND = 8; // rows that are there before they come into sight

/** A table of any length, of which only what is in sight is there.
 *
 * `rows` and `keyOf(row)`; `columns`: `[{ key, label, render(row), width, align, sort, narrow }]`,
 * `width` as of a grid's track, `narrow: false` for what a phone leaves out. `sorted: { key,
 * ascending }` with `onSort(key)`. Arrows, Page and Home and End move between rows; Space calls
 * `onToggle(row)`, Enter and a click `onOpen(row)`. `isSelected(row)` makes rows selectable.
 * What `across(row)` gives, if anything, stands in place of the row's cells.
 */
export function WindowedTable({
  label, rows, keyOf, columns, rowHeight = 44, height = "min(32rem, 60vh)",
  sorted = null, onSort, onToggle, onOpen, isSelected, across = () => null,
}) {
  const box = useRef();
  const top = useSignal(0);
  const room = useSignal(600);
  const active = useSignal(0);
  useLayoutEffect(() => {
    const seen = new ResizeObserver(() => (room.value = box.current.clientHeight));
    seen.observe(box.current);
    return () => seen.disconnect();
  }, []);

  const last = rows.length - 1;
  const current = Math.max(0, Math.min(active.value, last));
  const from = Math.max(0, Math.floor(top.value / rowHeight) - BEYOND);
  const to = Math.min(last, Math.ceil((top.value + room.value) / rowHeight) + BEYOND);
  // The active row stays, wherever it is: it holds the focus.
  const shown = [];
  if (current < from && rows.length) shown.push(current);
  for (let at = from; at <= to; at += 1) shown.push(at);
  if (current > to) shown.push(current);

  const page = Math.max(1, Math.floor(room.value / rowHeight) - 2);
  const steps = {
    ArrowDown: current + 1, ArrowUp: current - 1,
    PageDown: current + page, PageUp: current - page,
    Home: 0, End: last,
  };
  const move = (to) => {
    active.value = Math.max(0, Math.min(to, last));
    const [above, below] = [active.value * rowHeight, (active.value + 1) * rowHeight];
    const element = box.current;
    const space = element.clientHeight - rowHeight; // the head covers the first of it
    if (above < element.scrollTop) element.scrollTop = above;
    else if (below > element.scrollTop + space) element.scrollTop = below - space;
    requestAnimationFrame(() => element.querySelector("[tabindex='0'][role=row]")?.focus());
  };
  const keyed = (event) => {
    if (!event.target.matches("[role=row]")) return;
    const row = rows[current];
    if (event.key in steps) move(steps[event.key]);
    else if (event.key === " " && onToggle) onToggle(row);
    else if (event.key === "Enter" && onOpen) onOpen(row);
    else return;
    event.preventDefault();
  };

  const tracks = { "--tracks": columns.map((column) => column.width ?? "1fr").join(" ") };
  const narrowTracks = columns.filter((column) => column.narrow !== false);
  tracks["--narrow-tracks"] = narrowTracks.map((column) => column.width ?? "1fr").join(" ");
  return html`<div
    ref=${box} class="windowed" role="grid" aria-label=${label} aria-rowcount=${rows.length + 1}
    aria-multiselectable=${isSelected ? "true" : undefined} style=${{ height, ...tracks }}
    onScroll=${(event) => (top.value = event.currentTarget.scrollTop)} onKeyDown=${keyed}
  >
    <div role="row" class="head" aria-rowindex="1" style=${{ height: `${rowHeight}px` }}>
      ${columns.map((column) => html`<${Head} key=${column.key} ...${{ column, sorted, onSort }} />`)}
    </div>
    <div role="rowgroup" style=${{ height: `${rows.length * rowHeight}px` }}>
      ${shown.map((at) => html`<div
        key=${keyOf(rows[at])} role="row" aria-rowindex=${at + 2} tabindex=${at === current ? 0 : -1}
        aria-selected=${isSelected ? String(isSelected(rows[at])) : undefined}
        class=${onOpen ? "opens" : ""}
        style=${{ height: `${rowHeight}px`, transform: `translateY(${at * rowHeight}px)` }}
        onFocus=${() => (active.value = at)}
        onClick=${(event) => event.target.closest("button, input, a, label") || onOpen?.(rows[at])}
      >
        <${Cells} row=${rows[at]} columns=${columns} across=${across} />
      </div>`)}
    </div>
  </div>`;
}

function Cells({ row, columns, across }) {
  const whole = across(row);
  if (whole) return html`<div role="gridcell" class="across" aria-colspan=${columns.length}>${whole}</div>`;
  return columns.map((column) => html`<div key=${column.key} role="gridcell" class=${cell(column)}>${column.render(row)}</div>`);
}

function Head({ column, sorted, onSort }) {
  const here = sorted?.key === column.key;
  const order = here ? (sorted.ascending ? "ascending" : "descending") : undefined;
  return html`<div role="columnheader" class=${cell(column)} aria-sort=${order}>
    ${column.sort && onSort
      ? html`<button type="button" class="plain" onClick=${() => onSort(column.key)}>${column.label}<span class="arrow" aria-hidden="true">${here ? (sorted.ascending ? "↑" : "↓") : ""}</span></button>`
      : column.label}
  </div>`;
}

const cell = (column) =>
  `${column.align === "end" ? "end" : ""} ${column.narrow === false ? "wide-only" : ""}`.trim();
