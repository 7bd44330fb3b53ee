// The panel beside the picture: what was selected, with all that is known of it.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ContainerPanel } from "./container_panel";
import type { Controller } from "./controller";
import { EventPanel } from "./event_panel";
import { FindingPanel } from "./finding_panel";
import { SnapshotPanel } from "./snapshot_panel";

export function Section({ title, note, children }: { title: string; note?: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}{note && <small>{note}</small>}</h3>
      {children}
    </section>
  );
}

export function Detail({ controller, version }: { controller: Controller; version: number }) {
  const panel = useRef<HTMLElement>(null);
  const s = controller.selection;
  const key = s ? (s.type === "container" ? s.key : `${s.type} ${s.id}`) : "";
  useEffect(() => {
    panel.current?.scrollTo(0, 0);
  }, [key]);
  if (!s) return null;
  return (
    <aside class="detail" ref={panel} aria-label="Details" data-testid="detail">
      <button class="close" onClick={() => controller.select(null)} title="Close (Esc)" aria-label="Close">×</button>
      {s.type === "finding" && <FindingPanel key={key} id={s.id} controller={controller} />}
      {s.type === "event" && <EventPanel key={key} id={s.id} controller={controller} />}
      {s.type === "snapshot" && <SnapshotPanel key={key} id={s.id} controller={controller} />}
      {s.type === "container" && <ContainerPanel key={key} laneKey={s.key} controller={controller} version={version} />}
    </aside>
  );
}
