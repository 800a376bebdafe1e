// A table of 20,000 rows on a page of its own.
import { html, render, signal } from "/html.js";
import { WindowedTable } from "/parts/windowed.js";

const rows = Array.from({ length: 20_000 }, (_, at) => ({
  name: `table_${String(at).padStart(5, "0")}`, rows: at * 7,
}));
const chosen = signal(new Set());
const opened = signal("");
const filter = signal("");

function toggle({ name }) {
  const next = new Set(chosen.value);
  if (!next.delete(name)) next.add(name);
  chosen.value = next;
}

const columns = [
  { key: "name", label: "Table", width: "2fr", sort: true, render: (row) => row.name },
  { key: "rows", label: "Rows", align: "end", narrow: false, render: (row) => row.rows },
];

const Table = () => html`<h1>Tables</h1>
  <label>Filter <input value=${filter.value} onInput=${(e) => (filter.value = e.currentTarget.value)} /></label>
  <p>${chosen.value.size} chosen, ${opened.value} opened</p>
  <${WindowedTable}
    label="Tables" rows=${rows.filter((row) => row.name.includes(filter.value))} keyOf=${(row) => row.name}
    columns=${columns} isSelected=${(row) => chosen.value.has(row.name)} onToggle=${toggle}
    onOpen=${(row) => (opened.value = row.name)}
  />`;

export function show() {
  const place = document.getElementById("content");
  place.replaceChildren();
  render(html`<${Table} />`, place);
}
