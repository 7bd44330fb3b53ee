// The keyboard: everything that the mouse can do.
import type { Controller } from "./controller";
import { parseTime } from "./format";
import type { Row } from "./lanes";
import { ENTRY_CASE } from "./trouble";

export const KEYS: [string, string][] = [
  ["j  k  ↓  ↑", "next and previous lane"],
  ["Enter", "the lane's container"],
  ["e", "its namespaces, each in a lane"],
  ["n  p", "next and previous finding"],
  ["→  ←", "next and previous mark of the lane"],
  ["h  l (Shift)", "earlier, later"],
  ["+  −", "zoom"],
  ["0", "everything"],
  ["f", "follow live, or stop"],
  ["g", "lanes by container or namespace"],
  ["/", "search"],
  ["c", "copy the link"],
  ["u  t", "UTC; light or dark"],
  ["Esc", "close, or clear the search"],
];

export interface Doors {
  toggleTheme: () => void;
  toggleHelp: () => void;
  closeHelp: () => boolean; // true: it was open
}

function moveRow(controller: Controller, by: number): void {
  const { rows } = controller;
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row.key === controller.focus);
  const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))]!;
  controller.focus = next.key;
  controller.changed();
  document.querySelector(`[data-row="${CSS.escape(next.key)}"]`)?.scrollIntoView({ block: "nearest" });
}

function focusedRow(controller: Controller): Row | undefined {
  return controller.rows.find((row) => row.key === controller.focus) ?? controller.rows[0];
}

function moveFinding(controller: Controller, by: number): void {
  const all = controller.rows.flatMap((row) => (row.depth === 0 ? row.findings : [])).filter((f) => f.case !== ENTRY_CASE);
  const list = [...new Map(all.map((f) => [f.id, f])).values()].sort((a, b) => a.id - b.id);
  if (list.length === 0) return;
  const s = controller.selection;
  const at = s?.type === "finding" ? list.findIndex((f) => f.id === s.id) : -1;
  const next = at < 0 ? (by > 0 ? list.length - 1 : 0) : Math.min(list.length - 1, Math.max(0, at + by));
  controller.reveal(parseTime(list[next]!.time));
  controller.select({ type: "finding", id: list[next]!.id });
}

function moveMark(controller: Controller, by: number): void {
  const row = focusedRow(controller);
  const { marks, selection } = controller;
  if (!row || row.marks.length === 0) return;
  controller.focus = row.key;
  const from = selection?.type === "event" ? marks.indexOf(selection.id) : undefined;
  const at = from === undefined ? -1 : row.marks.indexOf(from);
  const next = at < 0 ? (by > 0 ? marks.first(row.marks, controller.view.from) : row.marks.length - 1) : at + by;
  const i = row.marks[Math.min(row.marks.length - 1, Math.max(0, next))]!;
  controller.reveal(marks.t[i]!);
  controller.select({ type: "event", id: marks.id[i]! });
}

function openRow(controller: Controller): void {
  const row = focusedRow(controller);
  if (row?.lane) controller.select({ type: "container", key: row.lane.key });
}

function escape(controller: Controller, doors: Doors): void {
  const menu = document.querySelector<HTMLDetailsElement>("details.menu[open]");
  if (doors.closeHelp()) return;
  if (menu) menu.open = false;
  else if (controller.selection) controller.select(null);
  else if (controller.q) controller.setQuery("");
}

export function onKey(event: KeyboardEvent, controller: Controller, doors: Doors): void {
  const target = event.target as HTMLElement;
  const typing = target.matches("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (typing) target.blur();
    else escape(controller, doors);
    return;
  }
  if (typing) return;
  const row = focusedRow(controller);
  const actions: Record<string, () => void> = {
    j: () => moveRow(controller, 1), ArrowDown: () => moveRow(controller, 1),
    k: () => moveRow(controller, -1), ArrowUp: () => moveRow(controller, -1),
    n: () => moveFinding(controller, 1), p: () => moveFinding(controller, -1),
    ArrowRight: () => moveMark(controller, 1), ArrowLeft: () => moveMark(controller, -1),
    h: () => controller.pan(-0.2), l: () => controller.pan(0.2),
    H: () => controller.pan(-0.8), L: () => controller.pan(0.8),
    "+": () => controller.zoom(0.6), "=": () => controller.zoom(0.6),
    "-": () => controller.zoom(1 / 0.6), "0": () => controller.fit(),
    e: () => row?.lane && controller.toggleOpen(row.lane.key),
    f: () => controller.setLive(!controller.live),
    g: () => controller.setGrouping(controller.grouping === "container" ? "namespace" : "container"),
    u: () => controller.setUtc(!controller.utc),
    t: doors.toggleTheme, "?": doors.toggleHelp,
    c: () => document.querySelector<HTMLButtonElement>(".tools button[title*='(c)']")?.click(),
    "/": () => document.getElementById("search")?.focus(),
  };
  // On a button Enter presses it.
  if (event.key === "Enter" && !target.matches("button, summary, a")) actions.Enter = () => openRow(controller);
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
