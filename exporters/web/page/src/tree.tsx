// JSON as people read it.
import { plain } from "./format";
import type { Json } from "./types";

const DEEPEST = 8;
const MOST = 200;

export function Value({ value, depth = 0 }: { value: Json | undefined; depth?: number }) {
  if (value === null || value === undefined) return <span class="null">–</span>;
  if (typeof value !== "object") {
    return <span class={typeof value}><bdi>{plain(value)}</bdi></span>;
  }
  if (depth > DEEPEST) return <span class="null">…</span>;
  const entries = Array.isArray(value) ? value.map((v, i) => [String(i), v] as const) : Object.entries(value);
  if (entries.length === 0) return <span class="null">none</span>;
  if (Array.isArray(value) && value.every((v) => typeof v !== "object")) {
    return <span><bdi>{plain(value.slice(0, MOST).join(", "))}</bdi></span>;
  }
  return (
    <dl class="tree">
      {entries.slice(0, MOST).map(([key, inner]) => (
        <div key={key}>
          <dt><bdi>{plain(key)}</bdi></dt>
          <dd><Value value={inner} depth={depth + 1} /></dd>
        </div>
      ))}
      {entries.length > MOST && <div><dt>…</dt><dd>{entries.length - MOST} more</dd></div>}
    </dl>
  );
}

// A list of objects as a table with the named columns.
export function Rows({ rows, columns }: { rows: Json | undefined; columns: [string, string][] }) {
  if (!Array.isArray(rows)) return <p class="nothing">not looked at</p>;
  if (rows.length === 0) return <p class="nothing">none</p>;
  const cell = (row: Json, path: string): Json | undefined =>
    path.split(".").reduce<Json | undefined>((at, part) =>
      at && typeof at === "object" && !Array.isArray(at) ? at[part] : undefined, row);
  const text = (value: Json | undefined): string =>
    value === null || value === undefined ? "" : value === true ? "yes" : value === false ? "no" : typeof value === "object" ? JSON.stringify(value) : String(value);
  return (
    <div class="scroll">
      <table>
        <thead><tr>{columns.map(([path, name]) => <th key={path}>{name}</th>)}</tr></thead>
        <tbody>
          {rows.slice(0, MOST).map((row, n) => (
            <tr key={n}>{columns.map(([path]) => <td key={path}><bdi>{plain(text(cell(row, path)))}</bdi></td>)}</tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && <p class="nothing">{rows.length - MOST} more</p>}
    </div>
  );
}
