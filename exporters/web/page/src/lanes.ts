// Who has a lane, and which marks lie in it.
import { parseTime, plain } from "./format";
import { KINDS, type Marks } from "./marks";
import type { Container, ContainerName, Finding, SnapshotHead } from "./types";

export interface Life {
  from: number;
  to: number; // Infinity: it lives
}

// One container (all its runs), or the host.
export interface Lane {
  key: string; // "runtime/id", "host"
  name: string;
  pod: string;
  runtime: string;
  certain: boolean;
  container: Container | null; // of its last run
  lives: Life[];
  marks: Int32Array;
  findings: Finding[]; // oldest first
  snapshots: SnapshotHead[];
}

// What stands below another in the picture.
export interface Row {
  key: string;
  label: string;
  note: string;
  lane: Lane | null; // null: a namespace of several
  lanes: Lane[];
  depth: 0 | 1;
  canOpen: boolean;
  open: boolean;
  marks: Int32Array;
  findings: Finding[];
  snapshots: SnapshotHead[];
  lives: Life[];
}

export type Grouping = "container" | "namespace";
export const HOST = "host";

export function keyOf(c: ContainerName | null): string {
  return c === null ? HOST : `${c.runtime}/${c.id}`;
}

// How the API is asked for a lane's rows.
export function selectorOf(lane: Lane): string {
  return lane.container ? lane.container.id : HOST;
}

function laneOf(container: Container | null): Lane {
  return {
    key: keyOf(container), name: container ? plain(container.name) : "host",
    pod: container?.pod ? plain(container.pod) : "", runtime: container ? plain(container.runtime) : "",
    certain: container?.certain ?? true, container, lives: [], marks: new Int32Array(0),
    findings: [], snapshots: [],
  };
}

export class Lanes {
  readonly byKey = new Map<string, Lane>();
  private readonly byRef = new Map<number, Lane>();

  constructor(containers: Container[]) {
    this.byKey.set(HOST, laneOf(null));
    this.byRef.set(0, this.byKey.get(HOST)!);
    for (const c of [...containers].sort((a, b) => a.ref - b.ref)) {
      const key = keyOf(c);
      let lane = this.byKey.get(key);
      if (!lane) this.byKey.set(key, (lane = laneOf(c)));
      lane.container = c;
      lane.name = plain(c.name);
      if (c.first_seen) {
        lane.lives.push({ from: parseTime(c.first_seen), to: c.died ? parseTime(c.died) : Infinity });
      }
      this.byRef.set(c.ref, lane);
    }
  }

  of(c: ContainerName | null): Lane {
    const key = keyOf(c);
    let lane = this.byKey.get(key);
    if (!lane) {
      // Its row is gone with age, or not there yet.
      const unknown = { ...c!, ref: -1, init_pid: null, namespaces: {}, generation: 1, health: null,
        blind_spots: null, first_seen: null, last_seen: null, died: null } as Container;
      this.byKey.set(key, (lane = laneOf(unknown)));
    }
    return lane;
  }
  ofRef(ref: number): Lane | undefined {
    return this.byRef.get(ref);
  }

  // Gives each lane its marks: those that `visible` holds for.
  place(marks: Marks, visible: (i: number) => boolean, findings: Finding[], snapshots: SnapshotHead[]): void {
    const lists = new Map<Lane, number[]>();
    const add = (lane: Lane | undefined, i: number): void => {
      if (!lane) return;
      const list = lists.get(lane);
      if (list) list.push(i);
      else lists.set(lane, [i]);
    };
    for (let i = 0; i < marks.length; i++) {
      if (!visible(i)) continue;
      const owner = marks.owner[i]!;
      const from = marks.entered[i]!;
      add(this.byRef.get(owner), i);
      if (from > 0 && from !== owner) add(this.byRef.get(from), i); // it came out of that one
    }
    for (const lane of this.byKey.values()) {
      lane.marks = Int32Array.from(lists.get(lane) ?? []);
      lane.findings = [];
      lane.snapshots = [];
    }
    for (const f of findings) this.of(f.container).findings.push(f);
    for (const s of snapshots) this.of(s.container).snapshots.push(s);
  }
}

function subRows(lane: Lane, marks: Marks): Row[] {
  const groups = new Map<string, number[]>();
  for (const i of lane.marks) {
    const inode = marks.ns[i]!;
    if (inode === 0) continue;
    const key = `${marks.nsKinds[marks.nsKind[i]!] ?? "?"}:[${inode}]`;
    const list = groups.get(key);
    if (list) list.push(i);
    else groups.set(key, [i]);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b)).map(([key, list]) => ({
    key: `${lane.key} ${key}`, label: key, note: "", lane, lanes: [lane], depth: 1, canOpen: false,
    open: false, marks: Int32Array.from(list), findings: [], snapshots: [], lives: [],
  }));
}

function laneRow(lane: Lane, open: boolean): Row {
  return {
    key: lane.key, label: `${lane.pod ? `${lane.pod}/` : ""}${lane.name}${lane.certain ? "" : "?"}`,
    note: lane.runtime, lane, lanes: [lane], depth: 0, canOpen: lane.marks.length > 0, open,
    marks: lane.marks, findings: lane.findings, snapshots: lane.snapshots, lives: lane.lives,
  };
}

export function rowsByContainer(lanes: Lane[], open: Set<string>, marks: Marks): Row[] {
  return lanes.flatMap((lane) => {
    const row = laneRow(lane, open.has(lane.key));
    return row.open ? [row, ...subRows(lane, marks)] : [row];
  });
}

// One row for each namespace that something happened in, of whichever containers have it.
export function rowsByNamespace(lanes: Lane[], marks: Marks): Row[] {
  const rows = new Map<string, Row & { list: number[] }>();
  for (const lane of lanes) {
    for (const sub of subRows(lane, marks)) {
      let row = rows.get(sub.label);
      if (!row) rows.set(sub.label, (row = { ...sub, key: sub.label, lane: null, lanes: [], depth: 0, list: [] }));
      row.lanes.push(lane);
      row.list.push(...sub.marks);
      row.lives.push(...lane.lives);
      if (sub.label.startsWith("net")) row.findings = [...row.findings, ...lane.findings];
      if (sub.label.startsWith("net")) row.snapshots = [...row.snapshots, ...lane.snapshots];
    }
  }
  return [...rows.values()].map((row) => ({
    ...row, lane: row.lanes.length === 1 ? row.lanes[0]! : null,
    note: row.lanes.map((l) => l.name).join(", "),
    marks: Int32Array.from([...new Set(row.list)].sort((a, b) => marks.t[a]! - marks.t[b]!)),
  })).sort((a, b) => a.label.localeCompare(b.label));
}

export const OOM = KINDS.indexOf("oom_kill");
export const FAILURES = new Set<number>(
  (["oom_kill", "connect_failure", "dns_failure", "packet_drop", "bind_failure", "file_failure"] as const)
    .map((k) => KINDS.indexOf(k)));
