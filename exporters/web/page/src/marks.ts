// The events as columns, oldest first: 100,000 of them are a few megabytes and one pass a frame.
import type { MarkBatch } from "./types";

// In the order in which they are drawn: what matters most lies on top.
export const KINDS = [
  "process_exec", "process_exit", "cgroup_change", "namespace_change", "container_start",
  "container_exit", "loss", "gap", "signal", "file_failure", "bind_failure", "packet_drop",
  "dns_failure", "connect_failure", "entry", "oom_kill",
] as const;
export type Kind = (typeof KINDS)[number];

export const KIND_NAMES: Record<Kind, string> = {
  process_exec: "exec", process_exit: "process exit", cgroup_change: "cgroup change",
  namespace_change: "namespace change", container_start: "start", container_exit: "exit",
  loss: "lost events", gap: "gap", signal: "signal", file_failure: "file failure",
  bind_failure: "bind failure", packet_drop: "packet drop", dns_failure: "DNS failure",
  connect_failure: "connect failure", entry: "entered by hand", oom_kill: "OOM kill",
};

export class Marks {
  length = 0;
  id = new Float64Array(0);
  t = new Float64Array(0); // milliseconds since 1970
  end = new Float64Array(0);
  kind = new Uint8Array(0); // place in KINDS
  count = new Float64Array(0);
  owner = new Int32Array(0); // container's ref; 0 the host
  entered = new Int32Array(0); // -1: from nowhere
  nsKind = new Uint8Array(0);
  ns = new Float64Array(0);
  nsKinds: string[] = [];
  longest = 0; // of a run of equal events, in milliseconds
  private readonly byId = new Map<number, number>();

  indexOf(id: number): number | undefined {
    return this.byId.get(id);
  }

  // Takes rows in any order; a row that is there already has grown, and is replaced.
  merge(batch: MarkBatch): void {
    this.nsKinds = batch.ns_kinds;
    const kinds = batch.kinds.map((name) => Math.max(0, KINDS.indexOf(name as Kind)));
    const fresh = batch.id.filter((id) => !this.byId.has(id)).length;
    this.reserve(this.length + fresh);
    let sorted = true;
    for (let i = 0; i < batch.id.length; i++) {
      const known = this.byId.get(batch.id[i]!);
      const at = known ?? this.length++;
      this.byId.set(batch.id[i]!, at);
      this.id[at] = batch.id[i]!;
      this.t[at] = batch.t[i]! / 1000;
      this.end[at] = (batch.t[i]! + batch.duration[i]!) / 1000;
      this.longest = Math.max(this.longest, this.end[at]! - this.t[at]!);
      this.kind[at] = kinds[batch.kind[i]!] ?? 0;
      this.count[at] = batch.count[i]!;
      this.owner[at] = batch.container[i]!;
      this.entered[at] = batch.entered[i]!;
      this.nsKind[at] = batch.ns_kind[i]!;
      this.ns[at] = batch.ns[i]!;
      if (known === undefined && at > 0 && this.t[at]! < this.t[at - 1]!) sorted = false;
    }
    if (!sorted) this.sort();
  }

  // The first mark at or after `time`, in a list of marks that is oldest first.
  first(list: Int32Array, time: number): number {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.t[list[middle]!]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private columns(): (Float64Array | Int32Array | Uint8Array)[] {
    return [this.id, this.t, this.end, this.kind, this.count, this.owner, this.entered, this.nsKind, this.ns];
  }
  private assign(columns: (Float64Array | Int32Array | Uint8Array)[]): void {
    [this.id, this.t, this.end, this.kind, this.count, this.owner, this.entered, this.nsKind, this.ns] =
      columns as [Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>, Uint8Array<ArrayBuffer>,
        Float64Array<ArrayBuffer>, Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>, Uint8Array<ArrayBuffer>, Float64Array<ArrayBuffer>];
  }
  private reserve(needed: number): void {
    if (needed <= this.id.length) return;
    const size = Math.max(needed, Math.ceil(this.id.length * 1.5), 1024);
    this.assign(this.columns().map((old) => {
      const Type = old.constructor as { new (n: number): Float64Array };
      const grown = new Type(size);
      grown.set(old as Float64Array);
      return grown;
    }));
  }
  private sort(): void {
    const order = Uint32Array.from({ length: this.length }, (_, i) => i);
    const { t, id } = this;
    order.sort((a, b) => t[a]! - t[b]! || id[a]! - id[b]!);
    this.assign(this.columns().map((old) => {
      const Type = old.constructor as { new (n: number): Float64Array };
      const column = new Type(old.length);
      for (let i = 0; i < order.length; i++) column[i] = old[order[i]!]!;
      return column;
    }));
    for (let i = 0; i < this.length; i++) this.byId.set(this.id[i]!, i);
  }
}
