// What differs between two looks, line by line.
import { useState } from "preact/hooks";
import { plain } from "./format";
import type { DiffRow } from "./types";

const SIGNS = { added: "+", removed: "−", changed: "~" };

export function DiffTable({ rows, most = 60 }: { rows: DiffRow[]; most?: number }) {
  const [all, setAll] = useState(false);
  if (rows.length === 0) return <p class="nothing">nothing changed</p>;
  // What is gone or other says more than what is new.
  const order = { removed: 0, changed: 1, added: 2 };
  const sorted = [...rows].sort((a, b) => order[a.what] - order[b.what]);
  const shown = all ? sorted : sorted.slice(0, most);
  return (
    <div class="diff" data-testid="diff">
      {shown.map((row, n) => (
        <div key={n} class={row.what}>
          <span class="sign" aria-label={row.what}>{SIGNS[row.what] ?? "?"}</span>
          <code>{plain(row.section)}</code>
          <bdi>{plain(row.text)}</bdi>
        </div>
      ))}
      {shown.length < sorted.length && <button class="plain" onClick={() => setAll(true)}>{sorted.length - shown.length} more</button>}
    </div>
  );
}
