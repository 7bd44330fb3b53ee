// What a namespace looked like at a moment, and what had changed since it was healthy.
import { useState } from "preact/hooks";
import type { Controller } from "./controller";
import { Section } from "./detail";
import { DiffTable } from "./diff_table";
import { bytes, Clock, parseTime, plain } from "./format";
import { keyOf } from "./lanes";
import { ContainerLink, FindingLink, snapshotTitle, When } from "./links";
import { Rows, Value } from "./tree";
import type { Json, JsonObject, Snapshot, SnapshotHead } from "./types";
import { useLoaded } from "./use";

type Columns = [string, string][];

const NET: [string, string, Columns][] = [
  ["Listens", "listeners", [["protocol", "protocol"], ["address", "address"], ["port", "port"], ["path", "path"], ["process.comm", "process"], ["process.pid", "pid"]]],
  ["Links", "links", [["name", "name"], ["kind", "kind"], ["up", "up"], ["carrier", "carrier"], ["mtu", "mtu"], ["master", "master"]]],
  ["Addresses", "addresses", [["link", "link"], ["address", "address"], ["prefix", "/"], ["scope", "scope"]]],
  ["Routes", "routes", [["destination", "to"], ["gateway", "via"], ["link", "link"], ["type", "type"], ["table", "table"]]],
  ["Neighbours", "neighbours", [["address", "address"], ["link", "link"], ["state", "state"], ["mac", "mac"]]],
];
const RULES: Columns = [["family", "family"], ["table", "table"], ["chain", "chain"], ["text", "rule"], ["packets", "packets"]];
const MOUNTS: Columns = [["mount_point", "mount point"], ["fstype", "type"], ["source", "source"], ["options", "options"]];
const PROCESSES: Columns = [["pid", "pid"], ["ns_pid", "inside"], ["state", "state"], ["comm", "command"], ["wait_channel", "waits in"]];
const TABS = ["changes", "net", "mounts", "processes", "limits", "all"] as const;
type Tab = (typeof TABS)[number];

function at(json: Json | undefined, ...path: string[]): Json | undefined {
  return path.reduce<Json | undefined>((v, part) => v && typeof v === "object" && !Array.isArray(v) ? v[part] : undefined, json);
}

function earlier(snapshot: SnapshotHead, controller: Controller): SnapshotHead[] {
  const key = keyOf(snapshot.container);
  return controller.snapshots.filter((s) => s.id < snapshot.id && keyOf(s.container) === key).reverse();
}

function Compare({ snapshot, controller }: { snapshot: Snapshot; controller: Controller }) {
  const others = earlier(snapshot, controller);
  const [from, setFrom] = useState<number | "baseline">("baseline");
  const diff = useLoaded(() => controller.source.diff(from, snapshot.id), [from, snapshot.id]);
  const clock = new Clock(controller.utc);
  return (
    <>
      <label class="compare">compared with{" "}
        <select value={String(from)} data-testid="compare"
          onChange={(event) => {
            const value = (event.target as HTMLSelectElement).value;
            setFrom(value === "baseline" ? value : Number(value));
          }}>
          <option value="baseline">how it looked when it was healthy</option>
          {others.slice(0, 50).map((s) => <option key={s.id} value={s.id}>{clock.time(parseTime(s.time))} {snapshotTitle(s)}</option>)}
        </select>
      </label>
      {diff.value ? <DiffTable rows={diff.value.rows} /> : <p class="nothing">{diff.error || "there is nothing to compare it with"}</p>}
      <Entries record={snapshot.record} controller={controller} />
    </>
  );
}

function Entries({ record, controller }: { record: JsonObject; controller: Controller }) {
  const entries = at(record, "changes", "entries");
  if (!Array.isArray(entries) || entries.length === 0) return null;
  return (
    <Section title="Who had come in since">
      <ul class="came">
        {entries.map((e, n) => (
          <li key={n}>
            <time>{new Clock(controller.utc).time(parseTime(String(at(e, "time"))))}</time>
            <b><bdi>{plain(at(e, "process", "comm"))}</bdi></b> (pid {plain(at(e, "process", "pid"))}) from{" "}
            <bdi>{plain(at(e, "entered_from", "name") ?? "the host")}</bdi>: {plain(at(e, "by"))}
            <code>{plain((at(e, "kinds") as Json[] | undefined)?.join(" "))}</code>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Net({ record }: { record: JsonObject }) {
  const net = at(record, "net");
  if (!net) return <p class="nothing">its network was not looked at</p>;
  return (
    <>
      {NET.map(([title, field, columns]) => {
        const rows = at(net, field);
        return <Section key={field} title={title} note={Array.isArray(rows) ? String(rows.length) : undefined}><Rows rows={rows} columns={columns} /></Section>;
      })}
      <Section title="Packet filter"><Rows rows={at(net, "netfilter", "rules")} columns={RULES} /></Section>
      <Section title="Resolver"><Value value={at(net, "resolv_conf")} /></Section>
    </>
  );
}

function Body({ tab, snapshot, controller }: { tab: Tab; snapshot: Snapshot; controller: Controller }) {
  const { record } = snapshot;
  switch (tab) {
    case "changes":
      return <Compare snapshot={snapshot} controller={controller} />;
    case "net":
      return <Net record={record} />;
    case "mounts":
      return <Rows rows={at(record, "mnt", "mounts")} columns={MOUNTS} />;
    case "processes":
      return <><Rows rows={at(record, "pid", "processes")} columns={PROCESSES} /><Section title="PID 1"><Value value={at(record, "pid", "init")} /></Section></>;
    case "limits":
      return <Value value={at(record, "cgroup")} />;
    case "all":
      return <Value value={record} />;
  }
}

export function SnapshotPanel({ id, controller }: { id: number; controller: Controller }) {
  const { value: snapshot, error } = useLoaded(() => controller.source.snapshot(id), [id]);
  const [chosen, setTab] = useState<Tab | null>(null);
  if (!snapshot) return <p class="nothing">{error || "loading"}</p>;
  const baseline = snapshot.rule === "baseline";
  const tab = chosen ?? (baseline ? "net" : "changes");
  const findings = controller.findings.filter((f) => f.snapshot === id);
  const namespaces = at(snapshot.record, "target", "namespaces");
  return (
    <>
      <div class="title snapshot">
        <span class="sort">snapshot {snapshot.id} · {snapshotTitle(snapshot)}{snapshot.severity ? ` · ${plain(snapshot.severity)}` : ""} · {bytes(snapshot.raw_bytes)}</span>
        <h2><bdi>{plain(snapshot.summary || `${plain(snapshot.target)}, ${baseline ? "healthy" : "looked at"}`)}</bdi></h2>
        <span><ContainerLink of={snapshot.container} controller={controller} /> <When time={snapshot.time} controller={controller} /> <code>net:[{plain(at(namespaces, "net"))}]</code></span>
      </div>
      {findings.map((f) => <FindingLink key={f.id} finding={f} controller={controller} />)}
      <div class="tabs" role="tablist">
        {TABS.map((name) => <button key={name} role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>{name}</button>)}
      </div>
      <Body tab={tab} snapshot={snapshot} controller={controller} />
    </>
  );
}
