// One event with all of its fields.
import type { Controller } from "./controller";
import { Section } from "./detail";
import { count, duration, parseTime, plain } from "./format";
import { ContainerLink, FindingLink, When } from "./links";
import { KIND_NAMES, type Kind } from "./marks";
import { Value } from "./tree";
import type { EventRow, Json } from "./types";
import { useLoaded } from "./use";

function Run({ event }: { event: EventRow }) {
  if (event.count <= 1) return null;
  const size = parseTime(event.last_time) - parseTime(event.time);
  return <p class="run">{count(event.count)} equal events within {duration(size)}</p>;
}

export function EventPanel({ id, controller }: { id: number; controller: Controller }) {
  const { value: event, error } = useLoaded(() => controller.source.event(id), [id]);
  if (!event) return <p class="nothing">{error || "loading"}</p>;
  const findings = controller.findings.filter((f) => f.events.includes(id));
  const namespaces = (event.namespaces ?? {}) as Record<string, Json>;
  return (
    <>
      <div class={`title event ${event.view.weight}`}>
        <span class="sort">event {event.id} · {KIND_NAMES[event.kind as Kind] ?? plain(event.kind)} · <code>{plain(event.view.namespace)}</code></span>
        <h2><bdi>{plain(event.view.summary)}</bdi></h2>
        <span><ContainerLink of={event.container} controller={controller} /> <When time={event.time} controller={controller} /></span>
        <Run event={event} />
      </div>
      {event.entered_from && (
        <Section title="Its process came in from"><ContainerLink of={event.entered_from} controller={controller} /></Section>
      )}
      {findings.length > 0 && (
        <Section title="What it led to">{findings.map((f) => <FindingLink key={f.id} finding={f} controller={controller} />)}</Section>
      )}
      <Section title="What happened"><Value value={event[event.kind] as Json} /></Section>
      <Section title="Process"><Value value={event.process as Json} /></Section>
      <Section title="Namespaces">
        <p class="inodes">{Object.entries(namespaces).map(([kind, inode]) => <code key={kind}>{kind}:[{String(inode ?? "?")}]</code>)}</p>
      </Section>
    </>
  );
}
