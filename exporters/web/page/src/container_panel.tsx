// One container: what is wrong with it, who entered it, what had changed, what it shares.
import type { Controller } from "./controller";
import { Section } from "./detail";
import { EventLine } from "./event_list";
import { ago, Clock, duration, plain } from "./format";
import { HOST, selectorOf, type Lane } from "./lanes";
import { FindingLink, SnapshotLink, When } from "./links";
import { DiffTable } from "./diff_table";
import { ENTRY_CASE } from "./trouble";
import type { EventRow, Finding, SnapshotHead } from "./types";
import { useLoaded } from "./use";

const SHOWN = 12;
const ENTRIES = 3;

// Those that the kernel's or our own words call an entry: nsenter, exec of an engine, `nsobserver enter`.
async function entriesOf(lane: Lane, controller: Controller): Promise<EventRow[]> {
  const page = await controller.source.events({
    container: selectorOf(lane), kinds: ["entry", "namespace_change"], limit: 1000,
  });
  const kernel = (e: EventRow): boolean => {
    const change = e.namespace_change as { operation?: string; target?: { id: string } | null } | undefined;
    return change?.operation === "setns" && (e.entered_from !== null || change.target?.id === lane.container?.id);
  };
  return page.events.filter((e) => e.kind === "entry" || kernel(e));
}

function sharedWith(lane: Lane, controller: Controller): [string, number, string][] {
  const own = lane.container?.namespaces ?? {};
  const hosts = controller.hostNamespaces();
  const others = [...controller.lanes.byKey.values()].filter((l) =>
    l.key !== lane.key && l.container && l.lives.some((x) => x.to === Infinity));
  return Object.entries(own).filter(([, inode]) => inode).map(([kind, inode]) => {
    const names = others.filter((l) => l.container!.namespaces[kind] === inode).map((l) => l.name);
    const text = hosts[kind] === inode ? "the host's" : names.length > 3 ? `shared with ${names.length}` : names.length ? `shared with ${names.join(", ")}` : "its own";
    return [kind, inode!, text];
  });
}

// The newest of each case first; what is the same again stands behind it.
function byCase(findings: Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const f of [...findings].reverse()) groups.set(f.case, [...(groups.get(f.case) ?? []), f]);
  return [...groups.values()];
}

function Case({ findings, controller }: { findings: Finding[]; controller: Controller }) {
  const [newest, ...others] = findings;
  return (
    <>
      <FindingLink finding={newest!} controller={controller} />
      {others.length > 0 && (
        <details class="again">
          <summary>{others.length} more of {plain(newest!.case)}</summary>
          {others.slice(0, SHOWN).map((f) => <FindingLink key={f.id} finding={f} controller={controller} />)}
        </details>
      )}
    </>
  );
}

function Facts({ lane, controller }: { lane: Lane; controller: Controller }) {
  const c = lane.container!;
  const clock = new Clock(controller.utc);
  const life = lane.lives[lane.lives.length - 1];
  const alive = life?.to === Infinity;
  return (
    <dl class="facts">
      <div><dt>State</dt><dd>{alive ? `running for ${duration(Math.max(0, controller.now() - (life?.from ?? 0)))}` : life ? `ended ${ago(controller.now() - life.to)} after ${duration(life.to - life.from)}` : "unknown"}{c.health ? `, ${plain(c.health)}` : ""}</dd></div>
      <div><dt>Started</dt><dd>{life ? clock.full(life.from) : "?"}{lane.lives.length > 1 ? ` (${lane.lives.length} starts)` : ""}</dd></div>
      {c.image && <div><dt>Image</dt><dd><bdi>{plain(c.image)}</bdi></dd></div>}
      {c.pod && <div><dt>Pod</dt><dd><bdi>{plain(c.pod_namespace ?? "")}{c.pod_namespace ? "/" : ""}{plain(c.pod)}</bdi></dd></div>}
      <div><dt>Id</dt><dd><code>{plain(c.id).slice(0, 24)}</code></dd></div>
      {c.init_pid && <div><dt>PID</dt><dd>{c.init_pid}</dd></div>}
      {c.blind_spots && <div><dt>Not seen</dt><dd><bdi>{plain(c.blind_spots)}</bdi></dd></div>}
    </dl>
  );
}

// A look because somebody came in holds little that can have changed: one for another reason is better.
function tellingLook(lane: Lane): SnapshotHead | undefined {
  const looks = lane.snapshots.filter((s) => s.rule !== "baseline").reverse();
  return looks.find((s) => s.rule !== "namespace_entry") ?? looks[0];
}

function Changes({ lane, controller }: { lane: Lane; controller: Controller }) {
  const last = tellingLook(lane);
  const diff = useLoaded(() => last ? controller.source.diff("baseline", last.id) : Promise.resolve(null), [last?.id]);
  if (!last) return <p class="nothing">it was not looked into{lane.snapshots.length ? " since it was healthy" : ""}</p>;
  if (!diff.value) return <p class="nothing">{diff.error || "no healthy look to compare with"}</p>;
  return (
    <>
      <p class="note">between the healthy look and <When time={last.time} controller={controller} /></p>
      <DiffTable rows={diff.value.rows} most={8} />
    </>
  );
}

export function ContainerPanel({ laneKey, controller, version }: { laneKey: string; controller: Controller; version: number }) {
  const lane = controller.lanes.byKey.get(laneKey);
  const entries = useLoaded(() => lane ? entriesOf(lane, controller) : Promise.resolve([]), [laneKey, controller.status?.last.event]);
  void version;
  if (!lane) return <p class="nothing">{controller.loading ? "loading" : "no such container in this timeline"}</p>;
  const wrong = byCase(lane.findings.filter((f) => f.case !== ENTRY_CASE));
  const entered = lane.findings.filter((f) => f.case === ENTRY_CASE).reverse();
  const snapshots = [...lane.snapshots].reverse();
  const came = entries.value ?? [];
  return (
    <>
      <div class="title container">
        <span class="sort">{lane.key === HOST ? "the host" : `container · ${lane.runtime}`}{lane.certain ? "" : " · its name is a guess"}</span>
        <h2><bdi>{lane.pod ? `${lane.pod}/` : ""}{lane.name}</bdi></h2>
      </div>
      {lane.container && <Facts lane={lane} controller={controller} />}
      <Section title="What is wrong">
        {wrong.length === 0 && <p class="nothing">nothing was found</p>}
        {wrong.map((group) => <Case key={group[0]!.case} findings={group} controller={controller} />)}
      </Section>
      {lane.container && <Section title="Changed since it was healthy"><Changes lane={lane} controller={controller} /></Section>}
      <Section title="Who came in" note={entered.length ? `${entered.length} noticed` : came.length > SHOWN ? `the newest ${SHOWN} of ${came.length}` : undefined}>
        {entered.slice(0, ENTRIES).map((f) => <FindingLink key={f.id} finding={f} controller={controller} />)}
        {came.length === 0 && entered.length === 0 && <p class="nothing">{entries.error || "nobody"}</p>}
        <div class="lines entries">{came.slice(0, SHOWN).map((e) => <EventLine key={e.id} event={e} controller={controller} short />)}</div>
      </Section>
      <Section title="Looked into" note={snapshots.length > SHOWN ? `the newest ${SHOWN} of ${snapshots.length}` : undefined}>
        {snapshots.length === 0 && <p class="nothing">never</p>}
        {snapshots.slice(0, SHOWN).map((s) => <SnapshotLink key={s.id} snapshot={s} controller={controller} />)}
      </Section>
      {lane.container && (
        <Section title="Namespaces">
          <table class="namespaces"><tbody>
            {sharedWith(lane, controller).map(([kind, inode, text]) => (
              <tr key={kind}><th>{kind}</th><td><code>{inode}</code></td><td class={text === "its own" ? "own" : ""}><bdi>{text}</bdi></td></tr>
            ))}
          </tbody></table>
        </Section>
      )}
    </>
  );
}
