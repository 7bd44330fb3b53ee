// Which containers are in trouble now, worst first.
import type { Controller } from "./controller";
import { ago, count } from "./format";
import { WINDOW_MS, type Trouble } from "./trouble";

function Card({ trouble, controller }: { trouble: Trouble; controller: Controller }) {
  const { lane, finding } = trouble;
  const chosen = controller.selection?.type === "container" && controller.selection.key === lane.key;
  return (
    <button class={`card ${trouble.level}`} aria-pressed={chosen} data-container={lane.name}
      onClick={() => {
        controller.reveal(trouble.last);
        controller.select({ type: "container", key: lane.key });
      }}>
      <span class="who">
        <span class={`dot ${trouble.level}`} />
        <b><bdi>{lane.pod ? `${lane.pod}/` : ""}{lane.name}{lane.certain ? "" : "?"}</bdi></b>
        <small>{lane.runtime}{trouble.alive ? "" : " · ended"}</small>
        <time>{ago(Math.max(0, controller.now() - trouble.last))}</time>
      </span>
      <span class="what"><bdi>{trouble.text}</bdi></span>
      <span class="more">
        {finding && <code>{finding.case}</code>}
        {finding && finding.confidence !== "certain" && <i>{finding.confidence}</i>}
        {trouble.cases > 1 && <span>{trouble.cases} causes</span>}
        {trouble.failures > 0 && <span>{count(trouble.failures)} failed</span>}
      </span>
    </button>
  );
}

export function TroubleCards({ controller }: { controller: Controller }) {
  const { troubles, loading } = controller;
  const minutes = WINDOW_MS / 60_000;
  const running = [...controller.lanes.byKey.values()].filter((l) => l.container && l.lives.some((x) => x.to === Infinity)).length;
  return (
    <section class="trouble" aria-label="In trouble now">
      <h2>
        {troubles.length ? `${troubles.length} in trouble` : loading ? "Looking" : "Nothing is wrong"}
        <small>{source(controller, minutes)} · {running} running</small>
      </h2>
      <div class="cards">
        {troubles.map((t) => <Card key={t.lane.key} trouble={t} controller={controller} />)}
      </div>
    </section>
  );
}

function source(controller: Controller, minutes: number): string {
  return controller.source.live ? `last ${minutes} min` : `last ${minutes} min of the incident`;
}
