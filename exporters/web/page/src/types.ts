// The shapes of the API (../../README.md) as the page uses them. All text in them may come from a
// container: it reaches the screen through plain() of format.ts and as text nodes only.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface ContainerName {
  name: string;
  id: string;
  runtime: string;
  image: string | null;
  pod: string | null;
  pod_namespace: string | null;
  certain: boolean;
}

export interface Container extends ContainerName {
  ref: number;
  init_pid: number | null;
  namespaces: Record<string, number | null>;
  generation: number;
  health: string | null;
  blind_spots: string | null;
  first_seen: string | null;
  last_seen: string | null;
  died: string | null;
}

export type Weight = "quiet" | "good" | "note" | "warning" | "error";

export interface EventRow {
  id: number;
  time: string;
  last_time: string;
  kind: string;
  count: number;
  container: ContainerName | null;
  entered_from: ContainerName | null;
  view: { summary: string; weight: Weight; namespace: string };
  [detail: string]: unknown;
}

export interface Evidence {
  claim: string;
  source: string;
  value: Json;
}

export interface Finding {
  id: number;
  time: string;
  case: string;
  container: ContainerName | null;
  summary: string;
  confidence: "certain" | "likely" | "unknown";
  evidence: Evidence[];
  fix: string | null;
  check: string | null;
  events: number[];
  snapshot: number | null;
}

export interface SnapshotHead {
  id: number;
  time: string;
  target: string;
  container: ContainerName | null;
  rule: string | null;
  severity: string | null;
  summary: string | null;
  findings: number[];
  raw_bytes: number;
}

export interface Snapshot extends SnapshotHead {
  record: JsonObject;
}

export interface DiffRow {
  section: string;
  what: "added" | "removed" | "changed";
  path: string;
  before?: Json;
  after?: Json;
  text: string;
}

export interface Diff {
  from: number;
  to: number;
  rows: DiffRow[];
}

export interface Status {
  version: string;
  host: string;
  host_namespaces: Record<string, number | null>;
  now: string;
  heartbeat: string;
  last: { event: number; finding: number; snapshot: number };
}

// Columns of /api/v1/marks; times are microseconds since 1970.
export interface MarkBatch {
  kinds: (string | null)[];
  ns_kinds: string[];
  id: number[];
  t: number[];
  duration: number[];
  kind: number[];
  count: number[];
  container: number[];
  entered: number[];
  ns_kind: number[];
  ns: number[];
  next: number | null;
}

export interface EventQuery {
  since?: number; // milliseconds since 1970, as all times inside the page
  until?: number;
  container?: string;
  kinds?: string[];
  q?: string;
  before?: number;
  limit?: number;
}

// Where the page has its data from: the daemon, or the file that it is itself.
export interface Source {
  readonly live: boolean;
  status(): Promise<Status>;
  containers(): Promise<Container[]>;
  // Newest first, in pages; `take` returns false to stop.
  marks(query: EventQuery, take: (batch: MarkBatch) => boolean): Promise<void>;
  findings(since?: number): Promise<Finding[]>;
  snapshots(since?: number): Promise<SnapshotHead[]>;
  events(query: EventQuery): Promise<{ events: EventRow[]; next: number | null }>;
  event(id: number): Promise<EventRow>;
  finding(id: number): Promise<Finding>;
  snapshot(id: number): Promise<Snapshot>;
  // null: there is nothing to compare with.
  diff(from: number | "baseline", to: number): Promise<Diff | null>;
}
