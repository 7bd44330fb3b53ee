// What the page knows and shows. Components read it and call its methods; it tells them when to draw.
import { parseTime, plain } from "./format";
import { rowsByContainer, rowsByNamespace, Lanes, type Grouping, type Lane, type Row } from "./lanes";
import { readLink, writeLink, type Selection } from "./link";
import { KINDS, Marks } from "./marks";
import { troubles, type Trouble } from "./trouble";
import type { Container, Finding, SnapshotHead, Source, Status } from "./types";

export const MOST_MARKS = 200_000;
const LIVE_MS = 1000;
const CONTAINERS_MS = 5000;
const OVERLAP_MS = 3000; // rows of the last seconds are asked for again: runs of equal events grow
const SHORTEST_MS = 0.05;
const HOUR = 3_600_000;
const LOADED_MS = 7 * 24 * HOUR;

export interface View {
  from: number;
  to: number;
}

export class Controller {
  readonly marks = new Marks();
  lanes = new Lanes([]);
  rows: Row[] = [];
  troubles: Trouble[] = [];
  findings: Finding[] = [];
  snapshots: SnapshotHead[] = [];
  gaps: View[] = []; // times in which nobody observed
  status: Status | null = null;
  error = "";
  loading = true;
  truncated = false; // older events than MOST_MARKS are not on the page

  view: View = { from: 0, to: 1 };
  live: boolean;
  q: string;
  hidden: Set<string>;
  grouping: Grouping;
  open: Set<string>;
  selection: Selection | null;
  utc: boolean;
  focus = ""; // the key of the row that the keyboard is on
  version = 0; // of everything but the view
  searching = false;
  held = false; // by a hand: the live tail doesn't pull

  private found: Set<number> | null = null; // ids of events that match `q`
  private containers: Container[] = [];
  private lastSeen = { event: 0, finding: 0, snapshot: 0 };
  private containersAt = 0;
  private newest = 0;
  private readonly listeners = new Set<() => void>();
  private readonly viewListeners = new Set<() => void>();
  private linkTimer = 0;
  private searchTimer = 0;

  constructor(readonly source: Source) {
    const shown = readLink(location.hash);
    this.live = source.live && (shown.live ?? shown.to === 0);
    this.q = shown.q;
    this.hidden = new Set(shown.hidden);
    this.grouping = shown.grouping;
    this.open = new Set(shown.open);
    this.selection = shown.selection;
    this.utc = shown.utc;
    if (shown.from && shown.to > shown.from) this.view = { from: shown.from, to: shown.to };
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  onView(listener: () => void): () => void {
    this.viewListeners.add(listener);
    return () => this.viewListeners.delete(listener);
  }

  // The observer's clock, so that a wrong one in the browser moves nothing.
  now(): number {
    return this.status ? parseTime(this.status.now) : Date.now();
  }
  extent(): View {
    const first = this.marks.length ? this.marks.t[0]! : this.now() - HOUR;
    const earliest = Math.min(first, ...this.findings.slice(0, 1).map((f) => parseTime(f.time)),
      ...this.snapshots.slice(0, 1).map((s) => parseTime(s.time)));
    const last = this.source.live ? this.now() : Math.max(this.newest, earliest + 1);
    const pad = Math.max((last - earliest) * 0.02, 500);
    return { from: earliest - pad, to: last + pad };
  }

  async start(): Promise<void> {
    try {
      this.status = await this.source.status();
      this.lastSeen = this.status.last;
      const since = this.source.live ? this.now() - LOADED_MS : undefined;
      this.containers = await this.source.containers();
      this.containersAt = Date.now();
      this.findings = await this.source.findings(since);
      this.snapshots = await this.source.snapshots(since);
      await this.takeGaps();
      this.rebuild();
      await this.source.marks({ since }, (batch) => {
        this.marks.merge(batch);
        this.truncated = this.marks.length >= MOST_MARKS;
        this.newest = Math.max(this.newest, ...batch.t.slice(0, 1).map((t) => t / 1000));
        if (this.view.from === 0) this.setView(this.firstView());
        this.rebuild();
        return !this.truncated;
      });
      if (this.view.from === 0) this.setView(this.firstView());
      if (this.q) await this.search();
    } catch (error) {
      this.error = String((error as Error).message);
    }
    this.loading = false;
    this.rebuild();
    if (this.source.live) this.tick();
  }

  // An hour, or less if there is less: what is shown first should fill the picture.
  private firstView(): View {
    const all = this.extent();
    return this.source.live ? { from: Math.max(all.from, all.to - HOUR), to: all.to } : all;
  }

  private tick(): void {
    window.setTimeout(async () => {
      if (!document.hidden) await this.refresh();
      this.tick();
    }, LIVE_MS);
  }

  private async refresh(): Promise<void> {
    try {
      const before = this.now();
      const status = await this.source.status();
      this.status = status;
      const { last } = status;
      const moved = last.event !== this.lastSeen.event || last.finding !== this.lastSeen.finding ||
        last.snapshot !== this.lastSeen.snapshot;
      const recovered = this.error !== "";
      this.error = "";
      if (recovered) await this.takeGaps(); // a daemon that was started anew tells since when
      const age = Date.now() - this.containersAt;
      const renew = age > CONTAINERS_MS || (moved && age > LIVE_MS / 2);
      if (renew) {
        this.containers = await this.source.containers();
        this.containersAt = Date.now();
      }
      await this.source.marks({ since: before - OVERLAP_MS }, (batch) => {
        this.marks.merge(batch);
        return batch.next !== null;
      });
      if (last.finding !== this.lastSeen.finding || last.snapshot !== this.lastSeen.snapshot) {
        await this.takeRecords(before);
      }
      this.lastSeen = last;
      if (this.live && !this.held) this.setView(this.shifted(this.now() - before), false);
      if (moved && this.q) await this.search();
      if (renew || recovered) this.rebuild();
    } catch (error) {
      const message = String((error as Error).message);
      if (message !== this.error) {
        this.error = message;
        this.changed();
      }
    }
  }

  private async takeGaps(): Promise<void> {
    const page = await this.source.events({ kinds: ["gap"], limit: 200 });
    // Where a part of the work was not done, events were observed all the same.
    const all = page.events.filter((e) => ((e.gap as { part?: string } | null)?.part ?? "all") === "all");
    this.gaps = all.map((e) => {
      const { from, to } = (e.gap ?? {}) as { from?: string; to?: string };
      return { from: parseTime(from ?? e.time), to: parseTime(to ?? e.time) };
    });
  }

  private async takeRecords(before: number): Promise<void> {
    const merge = <T extends { id: number }>(old: T[], fresh: T[]): T[] => {
      const rows = new Map(old.map((row) => [row.id, row]));
      for (const row of fresh) rows.set(row.id, row);
      return [...rows.values()].sort((a, b) => a.id - b.id);
    };
    const since = before - 60_000; // a look takes a while, and stands at the time when it began
    this.findings = merge(this.findings, await this.source.findings(since));
    this.snapshots = merge(this.snapshots, await this.source.snapshots(since));
  }

  private shifted(by: number): View {
    const end = Math.max(this.now() + (this.view.to - this.view.from) * 0.02, this.view.to + by);
    return { from: end - (this.view.to - this.view.from), to: end };
  }

  rebuild(): void {
    const q = this.q.toLowerCase();
    const hiddenKinds = KINDS.map((kind) => this.hidden.has(kind));
    const { marks, found } = this;
    const matches = (row: object): boolean => !q || JSON.stringify(row).toLowerCase().includes(q);
    this.lanes = new Lanes(this.containers);
    this.lanes.place(marks, () => true, this.findings, this.snapshots);
    this.troubles = troubles(this.lanes.byKey.values(), marks, this.source.live ? this.now() : this.newest || this.now());
    this.lanes.place(
      marks, (i) => !hiddenKinds[marks.kind[i]!] && (found === null || found.has(marks.id[i]!)),
      this.hidden.has("finding") ? [] : this.findings.filter(matches),
      this.hidden.has("snapshot") ? [] : this.snapshots.filter(matches));
    const lanes = this.shownLanes(q);
    this.rows = this.grouping === "container"
      ? rowsByContainer(lanes, this.open, marks)
      : rowsByNamespace(lanes, marks);
    this.changed();
  }

  // In trouble first, then who lives, then by name; the host last.
  private shownLanes(q: string): Lane[] {
    const rank = new Map(this.troubles.map((t, i) => [t.lane.key, i]));
    const order = (lane: Lane): number =>
      rank.get(lane.key) ?? (lane.container === null ? 30000 : lane.lives.some((l) => l.to === Infinity) ? 10000 : 20000);
    const named = (lane: Lane): boolean =>
      [lane.name, lane.pod, lane.container?.id, plain(lane.container?.image)].join(" ").toLowerCase().includes(q);
    return [...this.lanes.byKey.values()]
      .filter((lane) => lane.marks.length > 0 || lane.findings.length > 0 || lane.snapshots.length > 0 ||
        (!q && lane.container !== null && lane.lives.some((l) => l.to === Infinity)) || (q !== "" && named(lane) && lane.container !== null))
      .sort((a, b) => order(a) - order(b) || a.name.localeCompare(b.name));
  }

  changed(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
    this.saveLink();
  }

  hostNamespaces(): Record<string, number | null> {
    return this.status?.host_namespaces ?? {};
  }

  // ---- what people do ---------------------------------------------------------------------------

  setView(view: View, byHand = true): void {
    const size = Math.max(SHORTEST_MS, view.to - view.from);
    this.view = { from: view.from, to: view.from + size };
    // Whoever looks back does not want to be carried away.
    if (byHand && this.live && view.to < this.now() - size * 0.1 && !this.loading) {
      this.live = false;
      this.changed();
    }
    for (const listener of this.viewListeners) listener();
    this.saveLink();
  }
  fit(): void {
    this.setView(this.extent());
  }
  last(ms: number): void {
    const end = this.source.live ? this.now() : this.extent().to;
    this.setView({ from: end - ms, to: end + ms * 0.02 });
  }
  zoom(factor: number, at?: number): void {
    const { from, to } = this.view;
    const middle = at ?? (from + to) / 2;
    this.setView({ from: middle - (middle - from) * factor, to: middle + (to - middle) * factor });
  }
  pan(part: number): void {
    const by = (this.view.to - this.view.from) * part;
    this.setView({ from: this.view.from + by, to: this.view.to + by });
  }
  // Moves only if it isn't in sight.
  reveal(time: number): void {
    const { from, to } = this.view;
    if (time >= from && time <= to) return;
    this.setView({ from: time - (to - from) / 2, to: time + (to - from) / 2 });
  }
  setLive(live: boolean): void {
    this.live = live && this.source.live;
    if (this.live) this.setView(this.shifted(0), false);
    this.changed();
  }
  select(selection: Selection | null): void {
    this.selection = selection;
    if (selection?.type === "container") this.focus = selection.key;
    this.changed();
  }
  toggleKind(kind: string): void {
    if (!this.hidden.delete(kind)) this.hidden.add(kind);
    this.rebuild();
  }
  onlyKind(kind: string, all: readonly string[]): void {
    const alone = all.every((k) => this.hidden.has(k) !== (k === kind));
    this.hidden = alone ? new Set() : new Set(all.filter((k) => k !== kind));
    this.rebuild();
  }
  toggleOpen(key: string): void {
    if (!this.open.delete(key)) this.open.add(key);
    this.rebuild();
  }
  setGrouping(grouping: Grouping): void {
    this.grouping = grouping;
    this.rebuild();
  }
  setUtc(utc: boolean): void {
    this.utc = utc;
    this.changed();
  }
  setQuery(q: string): void {
    this.q = q;
    this.searching = q !== "";
    window.clearTimeout(this.searchTimer);
    if (!q) this.found = null;
    this.searchTimer = window.setTimeout(() => void this.search().then(() => this.rebuild()), q ? 250 : 0);
    this.changed();
  }

  private async search(): Promise<void> {
    const q = this.q;
    if (!q) return;
    const found = new Set<number>();
    try {
      const since = this.marks.length ? this.marks.t[0]! : undefined;
      await this.source.marks({ q, since }, (batch) => {
        for (const id of batch.id) found.add(id);
        return found.size < MOST_MARKS;
      });
      this.error = "";
    } catch (error) {
      this.error = String((error as Error).message);
    }
    if (q !== this.q) return; // a newer one is under way
    this.found = found;
    this.searching = false;
  }

  shownKinds(): string[] | undefined {
    const kinds = KINDS.filter((kind) => !this.hidden.has(kind));
    return kinds.length === KINDS.length ? undefined : kinds;
  }

  link(): string {
    return writeLink({
      from: this.view.from, to: this.view.to, live: this.live, q: this.q, hidden: [...this.hidden],
      grouping: this.grouping, open: [...this.open], selection: this.selection, utc: this.utc,
    });
  }
  private saveLink(): void {
    if (this.linkTimer || this.view.from === 0) return;
    this.linkTimer = window.setTimeout(() => {
      this.linkTimer = 0;
      try {
        history.replaceState(null, "", this.link());
      } catch {
        // A file that was opened from disk may not have an address of its own.
      }
    }, 300);
  }
}
