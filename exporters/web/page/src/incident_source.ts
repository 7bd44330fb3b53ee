// An exported incident as a source: the data stands in the page itself, and nothing is fetched.
import { parseTime } from "./format";
import type {
  Container, Diff, EventQuery, EventRow, Finding, MarkBatch, Snapshot, SnapshotHead, Source, Status,
} from "./types";

type IncidentEvent = EventRow & { container_ref: number; entered_ref: number };
type IncidentSnapshot = Snapshot & { baseline: Diff | null };

export interface Incident {
  format: string;
  nsobserver: string;
  host: string;
  host_namespaces: Record<string, number | null>;
  exported: string;
  since: string | null;
  until: string | null;
  container: string | null;
  truncated: string[];
  containers: Container[];
  findings: Finding[];
  snapshots: IncidentSnapshot[];
  events: IncidentEvent[];
}

// null: the page is not an export.
export function incidentInPage(): Incident | null {
  const data = document.getElementById("incident")?.textContent;
  if (!data) return null;
  const incident = JSON.parse(data) as Incident;
  return incident.format === "nsobserver-incident" ? incident : null;
}

const NS_KINDS = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

export class IncidentSource implements Source {
  readonly live = false;
  private readonly text = new Map<number, string>();

  constructor(readonly incident: Incident) {}

  private found<T>(row: T | undefined, what: string, id: number): T {
    if (row === undefined) throw new Error(`${what} ${id} is not in this file`);
    return row;
  }
  private textOf(event: IncidentEvent): string {
    let text = this.text.get(event.id);
    if (text === undefined) {
      text = JSON.stringify(event).toLowerCase();
      this.text.set(event.id, text);
    }
    return text;
  }
  private matching(query: EventQuery): IncidentEvent[] {
    const q = query.q?.toLowerCase();
    const name = query.container;
    const is = (c: { name: string; id: string } | null): boolean =>
      name === "host" ? c === null : c !== null && (c.id === name || c.name === name);
    return this.incident.events.filter((e) =>
      (query.since === undefined || parseTime(e.last_time) >= query.since) &&
      (query.until === undefined || parseTime(e.time) < query.until) &&
      (query.kinds === undefined || query.kinds.includes(e.kind)) &&
      (query.before === undefined || e.id < query.before) &&
      (!name || is(e.container) || (e.entered_from !== null && is(e.entered_from))) &&
      (!q || this.textOf(e).includes(q))).reverse();
  }

  async status(): Promise<Status> {
    const { nsobserver, host, host_namespaces, exported, events, findings, snapshots } = this.incident;
    const last = (rows: { id: number }[]): number => rows[rows.length - 1]?.id ?? 0;
    return {
      version: nsobserver, host, host_namespaces, now: exported, heartbeat: exported,
      last: { event: last(events), finding: last(findings), snapshot: last(snapshots) },
    };
  }
  async containers(): Promise<Container[]> {
    return this.incident.containers;
  }
  async marks(query: EventQuery, take: (batch: MarkBatch) => boolean): Promise<void> {
    const kinds: (string | null)[] = [null];
    const batch: MarkBatch = {
      kinds, ns_kinds: NS_KINDS, id: [], t: [], duration: [], kind: [], count: [], container: [],
      entered: [], ns_kind: [], ns: [], next: null,
    };
    for (const e of this.matching(query)) {
      let kind = kinds.indexOf(e.kind);
      if (kind < 0) kind = kinds.push(e.kind) - 1;
      const ns = /^(\w+):(\d+)/.exec(e.view.namespace);
      batch.id.push(e.id);
      batch.t.push(parseTime(e.time) * 1000);
      batch.duration.push((parseTime(e.last_time) - parseTime(e.time)) * 1000);
      batch.kind.push(kind);
      batch.count.push(e.count);
      batch.container.push(e.container_ref);
      batch.entered.push(e.entered_ref);
      batch.ns_kind.push(ns ? Math.max(0, NS_KINDS.indexOf(ns[1]!)) : 3);
      batch.ns.push(ns ? Number(ns[2]) : 0);
    }
    take(batch);
  }
  async findings(): Promise<Finding[]> {
    return this.incident.findings;
  }
  async snapshots(): Promise<SnapshotHead[]> {
    return this.incident.snapshots;
  }
  async events(query: EventQuery): Promise<{ events: EventRow[]; next: number | null }> {
    const rows = this.matching(query);
    const limit = query.limit ?? 100;
    const events = rows.slice(0, limit);
    return { events, next: rows.length > limit ? events[events.length - 1]!.id : null };
  }
  async event(id: number): Promise<EventRow> {
    return this.found(this.incident.events.find((e) => e.id === id), "event", id);
  }
  async finding(id: number): Promise<Finding> {
    return this.found(this.incident.findings.find((f) => f.id === id), "finding", id);
  }
  async snapshot(id: number): Promise<Snapshot> {
    return this.found(this.incident.snapshots.find((s) => s.id === id), "snapshot", id);
  }
  async diff(from: number | "baseline", to: number): Promise<Diff | null> {
    const diff = this.incident.snapshots.find((s) => s.id === to)?.baseline ?? null;
    return from === "baseline" || diff?.from === from ? diff : null;
  }
}
