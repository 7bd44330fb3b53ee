// Which containers are in trouble now: the first question of whoever opens the page.
import { parseTime, plain } from "./format";
import { FAILURES, OOM, type Lane } from "./lanes";
import type { Marks } from "./marks";
import type { Finding } from "./types";

export type Level = "critical" | "warning";

export interface Trouble {
  lane: Lane;
  level: Level;
  finding: Finding | null; // the newest, of what is surest
  text: string;
  cases: number; // different ones
  failures: number; // events of the window, each of a run counted
  last: number;
  alive: boolean;
}

export const WINDOW_MS = 15 * 60 * 1000;
const SURE = { certain: 2, likely: 1, unknown: 0 };
// That somebody looked or came in is worth knowing, and no trouble by itself.
export const ENTRY_CASE = "ns-entry";

function best(findings: Finding[]): Finding | null {
  let chosen: Finding | null = null;
  for (const f of findings) {
    const better = chosen === null || SURE[f.confidence] > SURE[chosen.confidence] ||
      (SURE[f.confidence] === SURE[chosen.confidence] && f.id > chosen.id);
    if (better) chosen = f;
  }
  return chosen;
}

function troubleOf(lane: Lane, marks: Marks, from: number, now: number): Trouble | null {
  const findings = lane.findings.filter((f) => {
    const at = parseTime(f.time);
    return at >= from && at <= now;
  });
  let failures = 0;
  let killed = false;
  let last = 0;
  for (let at = marks.first(lane.marks, from - WINDOW_MS); at < lane.marks.length; at++) {
    const i = lane.marks[at]!;
    if (!FAILURES.has(marks.kind[i]!) || marks.end[i]! < from || marks.t[i]! > now) continue;
    failures += marks.count[i]!;
    killed ||= marks.kind[i] === OOM;
    last = Math.max(last, Math.min(marks.end[i]!, now));
  }
  const bad = findings.filter((f) => f.case !== ENTRY_CASE);
  if (bad.length === 0 && failures === 0) return null;
  const finding = best(bad);
  for (const f of bad) last = Math.max(last, parseTime(f.time));
  const sure = bad.some((f) => f.confidence === "certain");
  return {
    lane, finding, failures, last,
    level: killed || sure ? "critical" : "warning",
    text: finding ? plain(finding.summary) : killed ? "killed: out of memory" : "calls fail",
    cases: new Set(bad.map((f) => f.case)).size,
    alive: lane.container === null || lane.lives.some((l) => l.to === Infinity),
  };
}

// The worst and newest first.
export function troubles(lanes: Iterable<Lane>, marks: Marks, now: number): Trouble[] {
  const found: Trouble[] = [];
  for (const lane of lanes) {
    const trouble = troubleOf(lane, marks, now - WINDOW_MS, now);
    if (trouble) found.push(trouble);
  }
  const rank = (t: Trouble): number => (t.level === "critical" ? 2 : 0) + (t.alive ? 1 : 0);
  return found.sort((a, b) => rank(b) - rank(a) || b.last - a.last);
}
