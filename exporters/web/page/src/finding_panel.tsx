// What nsobserver says is wrong, and on what evidence.
import { useState } from "preact/hooks";
import type { Controller } from "./controller";
import { Section } from "./detail";
import { EventLine } from "./event_list";
import { plain } from "./format";
import { ContainerLink, SnapshotLink, When } from "./links";
import { Value } from "./tree";
import type { EventRow, Finding } from "./types";
import { useLoaded } from "./use";

const EVENTS_SHOWN = 5;

function Copyable({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(text).then(() => setDone(true), () => undefined);
  };
  return <div class="command"><code><bdi>{plain(text)}</bdi></code><button onClick={copy}>{done ? "copied" : "copy"}</button></div>;
}

// One after the other; events that retention has taken are left out.
async function eventsOf(finding: Finding, controller: Controller): Promise<EventRow[]> {
  const rows: EventRow[] = [];
  for (const id of finding.events.slice(0, EVENTS_SHOWN)) {
    const row = await controller.source.event(id).catch(() => null);
    if (row) rows.push(row);
  }
  return rows;
}

export function FindingPanel({ id, controller }: { id: number; controller: Controller }) {
  const known = controller.findings.find((f) => f.id === id) ?? null;
  const loaded = useLoaded(() => known ? Promise.resolve(known) : controller.source.finding(id), [id]);
  const finding = loaded.value ?? known;
  const events = useLoaded(() => finding ? eventsOf(finding, controller) : Promise.resolve([]), [finding?.id]);
  if (!finding) return <p class="nothing">{loaded.error || "loading"}</p>;
  const snapshot = controller.snapshots.find((s) => s.id === finding.snapshot);
  return (
    <>
      <div class={`title finding ${finding.confidence}`}>
        <span class="sort">finding {finding.id} · <code>{plain(finding.case)}</code> · <b class="sure">{finding.confidence}</b></span>
        <h2><bdi>{plain(finding.summary)}</bdi></h2>
        <span><ContainerLink of={finding.container} controller={controller} /> <When time={finding.time} controller={controller} /></span>
      </div>
      {finding.fix && <Section title="What to do"><p class="fix"><bdi>{plain(finding.fix)}</bdi></p></Section>}
      {finding.check && <Section title="Check it"><Copyable text={finding.check} /></Section>}
      <Section title="Evidence" note={`${finding.evidence.length}`}>
        <ol class="evidence">
          {finding.evidence.map((e, n) => (
            <li key={n}>
              <bdi>{plain(e.claim)}</bdi>
              <details open={n === 0}>
                <summary><code>{plain(e.source)}</code></summary>
                <Value value={e.value} />
              </details>
            </li>
          ))}
        </ol>
      </Section>
      <Section title="The record that it was drawn from">
        {snapshot ? <SnapshotLink snapshot={snapshot} controller={controller} />
          : finding.snapshot === null ? <p class="nothing">no snapshot</p>
          : <button class="row" onClick={() => controller.select({ type: "snapshot", id: finding.snapshot! })}>snapshot {finding.snapshot}</button>}
      </Section>
      <Section title="Events" note={finding.events.length > EVENTS_SHOWN ? `the first ${EVENTS_SHOWN} of ${finding.events.length}` : undefined}>
        <div class="lines">
          {(events.value ?? []).map((e) => <EventLine key={e.id} event={e} controller={controller} short />)}
        </div>
      </Section>
    </>
  );
}
