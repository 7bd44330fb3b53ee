// The picture: rows of marks on a canvas. Reads everything, changes nothing; one call a frame, and its
// work is bounded by the marks in sight plus the pixels.
import { parseTime } from "./format";
import type { View } from "./controller";
import type { Row } from "./lanes";
import type { Selection } from "./link";
import { KINDS, type Marks } from "./marks";
import type { Palette } from "./palette";
import { ENTRY_CASE } from "./trouble";
import type { Finding, SnapshotHead } from "./types";

export const ROW_HEIGHT = 38;
export const SUB_HEIGHT = 24;
const BIN = 3; // pixels that marks share
const SIGN_Y = 10; // of findings and snapshots in a row

export function heightOf(row: Row): number {
  return row.depth === 0 ? ROW_HEIGHT : SUB_HEIGHT;
}

export interface Scene {
  marks: Marks;
  rows: Row[];
  tops: number[]; // of each row, and the end of the last
  gaps: View[]; // times in which nobody observed
  view: View;
  selection: Selection | null;
  focus: string;
  hoverX: number; // -1: nowhere
  now: number;
}

export interface Size {
  width: number;
  height: number;
  scrollTop: number;
}

export type Hit =
  | { type: "finding"; row: Row; finding: Finding }
  | { type: "snapshot"; row: Row; snapshot: SnapshotHead }
  | { type: "event"; row: Row; mark: number; beside: number };

export function topsOf(rows: Row[]): number[] {
  const tops = [0];
  for (const row of rows) tops.push(tops[tops.length - 1]! + heightOf(row));
  return tops;
}

// The bins of one row, used again by the next: nothing is allocated in a frame.
let binKind = new Int8Array(0);
let binCount = new Float64Array(0);

function fillBins(scene: Scene, row: Row, width: number): number {
  const bins = Math.ceil(width / BIN) + 1;
  if (binKind.length < bins) {
    binKind = new Int8Array(bins);
    binCount = new Float64Array(bins);
  }
  binKind.fill(-1, 0, bins);
  binCount.fill(0, 0, bins);
  const { marks, view } = scene;
  const { t, end, kind, count } = marks;
  const list = row.marks;
  const scale = width / (view.to - view.from) / BIN;
  for (let at = marks.first(list, view.from - marks.longest); at < list.length; at++) {
    const i = list[at]!;
    const start = t[i]!;
    if (start > view.to) break;
    if (end[i]! < view.from) continue;
    const bin = Math.max(0, ((start - view.from) * scale) | 0);
    if (kind[i]! > binKind[bin]!) binKind[bin] = kind[i]!;
    binCount[bin] = binCount[bin]! + count[i]!;
    const until = Math.min(bins - 1, ((end[i]! - view.from) * scale) | 0);
    if (until > bin && binKind[until]! < kind[i]!) binKind[until] = kind[i]!;
    if (until > bin) binCount[until] = binCount[until]! + 1;
  }
  return bins;
}

function drawMarks(c: CanvasRenderingContext2D, scene: Scene, row: Row, y: number, width: number, p: Palette): void {
  const bins = fillBins(scene, row, width);
  const bottom = y + heightOf(row) - 4;
  const most = row.depth === 0 ? 20 : 16;
  let kind = -1;
  for (let bin = 0; bin < bins; bin++) {
    const k = binKind[bin]!;
    if (k < 0) continue;
    if (k !== kind) {
      kind = k;
      c.fillStyle = p.kinds[KINDS[k]!];
    }
    const height = Math.min(most, 8 + Math.log2(binCount[bin]!) * 2);
    c.fillRect(bin * BIN, bottom - height, BIN - 0.5, height);
  }
}

// Runs of equal events: a line from the first to the last.
function drawRuns(c: CanvasRenderingContext2D, scene: Scene, row: Row, y: number, width: number, p: Palette): void {
  const { marks, view } = scene;
  if (marks.longest === 0) return;
  const scale = width / (view.to - view.from);
  const bottom = y + heightOf(row) - 6;
  let drawn = 0;
  for (let at = marks.first(row.marks, view.from - marks.longest); at < row.marks.length && drawn < 2000; at++) {
    const i = row.marks[at]!;
    if (marks.t[i]! > view.to) break;
    const from = (marks.t[i]! - view.from) * scale;
    const to = (marks.end[i]! - view.from) * scale;
    if (to - from < 2 * BIN || to < 0) continue;
    c.fillStyle = p.kinds[KINDS[marks.kind[i]!]!];
    c.globalAlpha = 0.45;
    c.fillRect(Math.max(0, from), bottom - 3, Math.min(width, to) - Math.max(0, from), 3);
    c.globalAlpha = 1;
    drawn += 1;
  }
}

function diamond(c: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  c.beginPath();
  c.moveTo(x, y - r);
  c.lineTo(x + r, y);
  c.lineTo(x, y + r);
  c.lineTo(x - r, y);
  c.closePath();
}

function triangle(c: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  c.beginPath();
  c.moveTo(x, y - r);
  c.lineTo(x + r, y + r * 0.8);
  c.lineTo(x - r, y + r * 0.8);
  c.closePath();
}

// A look that a rule asked for is an anomaly; the look at the healthy container is what later ones are
// compared with; the rest was made by hand.
function drawSnapshot(c: CanvasRenderingContext2D, s: SnapshotHead, x: number, y: number, p: Palette): void {
  if (s.rule === "baseline") {
    c.strokeStyle = p.baseline;
    c.lineWidth = 1.6;
    c.beginPath();
    c.arc(x, y, 4, 0, Math.PI * 2);
    c.stroke();
  } else if (s.rule === null) {
    c.fillStyle = p.snapshot;
    c.fillRect(x - 3.5, y - 3.5, 7, 7);
  } else {
    c.fillStyle = s.severity === "info" ? p.snapshot : p.warning;
    triangle(c, x, y, 4.5);
    c.fill();
  }
}

function drawSigns(c: CanvasRenderingContext2D, scene: Scene, row: Row, y: number, width: number, p: Palette): void {
  const { view, selection } = scene;
  const scale = width / (view.to - view.from);
  const placed = (time: string): number => (parseTime(time) - view.from) * scale;
  let last = -100;
  for (const s of row.snapshots) {
    const x = placed(s.time);
    const chosen = selection?.type === "snapshot" && selection.id === s.id;
    if (x < -8 || x > width + 8 || (x - last < 1 && !chosen)) continue;
    last = x;
    drawSnapshot(c, s, x, y + SIGN_Y, p);
    if (chosen) ring(c, x, y + SIGN_Y, p);
  }
  last = -100;
  const byRank = row.findings.filter((f) => f.case === ENTRY_CASE);
  byRank.push(...row.findings.filter((f) => f.case !== ENTRY_CASE));
  for (const f of byRank) {
    const x = placed(f.time);
    const chosen = selection?.type === "finding" && selection.id === f.id;
    if (x < -8 || x > width + 8 || (Math.abs(x - last) < 1 && !chosen)) continue;
    last = x;
    // That somebody came in is told beside what is wrong, not above it.
    const entry = f.case === ENTRY_CASE;
    diamond(c, x, y + SIGN_Y, entry ? 4 : 6);
    c.fillStyle = entry ? p.kinds.entry : f.confidence === "certain" ? p.finding : f.confidence === "likely" ? p.likely : p.dim;
    c.fill();
    c.strokeStyle = p.back;
    c.lineWidth = 1;
    c.stroke();
    if (chosen) ring(c, x, y + SIGN_Y, p);
  }
}

function ring(c: CanvasRenderingContext2D, x: number, y: number, p: Palette): void {
  c.strokeStyle = p.text;
  c.lineWidth = 2;
  c.beginPath();
  c.arc(x, y, 9, 0, Math.PI * 2);
  c.stroke();
}

function drawLives(c: CanvasRenderingContext2D, scene: Scene, row: Row, y: number, width: number, p: Palette): void {
  const scale = width / (scene.view.to - scene.view.from);
  const middle = y + heightOf(row) - 7;
  c.fillStyle = p.life;
  for (const life of row.lives) {
    const from = Math.max(0, (life.from - scene.view.from) * scale);
    const to = Math.min(width, (Math.min(life.to, scene.now) - scene.view.from) * scale);
    if (to > from) c.fillRect(from, middle, Math.max(1, to - from), 2);
  }
}

function drawGaps(c: CanvasRenderingContext2D, scene: Scene, size: Size, p: Palette): void {
  const { view } = scene;
  const scale = size.width / (view.to - view.from);
  c.fillStyle = p.gap;
  for (const gap of scene.gaps) {
    const from = (gap.from - view.from) * scale;
    const to = (gap.to - view.from) * scale;
    if (to < 0 || from > size.width) continue;
    c.fillRect(Math.max(0, from), 0, Math.max(1, Math.min(size.width, to) - Math.max(0, from)), size.height);
  }
}

function drawSelectedEvent(c: CanvasRenderingContext2D, scene: Scene, row: Row, y: number, width: number, p: Palette): void {
  if (scene.selection?.type !== "event") return;
  const i = scene.marks.indexOf(scene.selection.id);
  if (i === undefined || !row.marks.includes(i)) return;
  const x = ((scene.marks.t[i]! - scene.view.from) / (scene.view.to - scene.view.from)) * width;
  c.strokeStyle = p.text;
  c.lineWidth = 1.5;
  c.strokeRect(x - 3.5, y + heightOf(row) - 27, 8, 25);
}

export function draw(c: CanvasRenderingContext2D, scene: Scene, size: Size, p: Palette): void {
  c.fillStyle = p.back;
  c.fillRect(0, 0, size.width, size.height);
  for (let n = 0; n < scene.rows.length; n++) {
    const row = scene.rows[n]!;
    const y = scene.tops[n]! - size.scrollTop;
    if (y + heightOf(row) < 0) continue;
    if (y > size.height) break;
    const focused = row.key === scene.focus;
    if (focused || n % 2 === 1) {
      c.fillStyle = focused ? p.focus : p.row;
      c.fillRect(0, y, size.width, heightOf(row));
    }
    drawLives(c, scene, row, y, size.width, p);
    drawRuns(c, scene, row, y, size.width, p);
    drawMarks(c, scene, row, y, size.width, p);
    drawSigns(c, scene, row, y, size.width, p);
    drawSelectedEvent(c, scene, row, y, size.width, p);
  }
  drawGaps(c, scene, size, p);
  const now = ((scene.now - scene.view.from) / (scene.view.to - scene.view.from)) * size.width;
  if (now > 0 && now < size.width) {
    c.fillStyle = p.snapshot;
    c.fillRect(now, 0, 1, size.height);
  }
  if (scene.hoverX >= 0) {
    c.fillStyle = p.dim;
    c.fillRect(scene.hoverX, 0, 1, size.height);
  }
}

function wrong(list: Finding[]): Finding[] {
  return list.filter((f) => f.case !== ENTRY_CASE);
}

function nearest<T extends { time: string }>(list: T[], scene: Scene, width: number, x: number): T | null {
  let best: T | null = null;
  let distance = 9;
  for (const item of list) {
    const at = ((parseTime(item.time) - scene.view.from) / (scene.view.to - scene.view.from)) * width;
    if (Math.abs(at - x) < distance) {
      distance = Math.abs(at - x);
      best = item;
    }
  }
  return best;
}

// What lies under a point of the canvas.
export function hit(scene: Scene, size: Size, x: number, y: number): Hit | null {
  const n = scene.tops.findIndex((top) => top > y + size.scrollTop) - 1;
  const row = scene.rows[n];
  if (!row) return null;
  if (y + size.scrollTop - scene.tops[n]! < 20) {
    const finding = nearest(wrong(row.findings), scene, size.width, x) ?? nearest(row.findings, scene, size.width, x);
    if (finding) return { type: "finding", row, finding };
    const snapshot = nearest(row.snapshots, scene, size.width, x);
    if (snapshot) return { type: "snapshot", row, snapshot };
  }
  const { marks, view } = scene;
  const ms = (view.to - view.from) / size.width;
  const time = view.from + x * ms;
  let best = -1;
  let beside = 0;
  for (let at = marks.first(row.marks, time - 6 * ms); at < row.marks.length; at++) {
    const i = row.marks[at]!;
    if (marks.t[i]! > time + 6 * ms) break;
    beside += 1;
    const nearer = best < 0 || marks.kind[i]! > marks.kind[best]! ||
      (marks.kind[i] === marks.kind[best] && Math.abs(marks.t[i]! - time) < Math.abs(marks.t[best]! - time));
    if (nearer) best = i;
  }
  return best < 0 ? null : { type: "event", row, mark: best, beside };
}
