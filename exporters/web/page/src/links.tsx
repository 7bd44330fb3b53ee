// Buttons that lead from one thing to another.
import type { Controller } from "./controller";
import { ago, Clock, cut, parseTime, plain } from "./format";
import { keyOf } from "./lanes";
import type { ContainerName, Finding, SnapshotHead } from "./types";

export function ContainerLink({ of, controller }: { of: ContainerName | null; controller: Controller }) {
  const name = of ? `${of.pod ? `${plain(of.pod)}/` : ""}${plain(of.name)}${of.certain ? "" : "?"}` : "host";
  return (
    <button class="plain" onClick={() => controller.select({ type: "container", key: keyOf(of) })}>
      <bdi>{name}</bdi>
    </button>
  );
}

export function FindingLink({ finding, controller }: { finding: Finding; controller: Controller }) {
  return (
    <button class={`row finding ${finding.confidence}`} data-finding={finding.id}
      onClick={() => {
        controller.reveal(parseTime(finding.time));
        controller.select({ type: "finding", id: finding.id });
      }}>
      <span><code>{plain(finding.case)}</code> <i>{finding.confidence}</i><time>{new Clock(controller.utc).time(parseTime(finding.time))}</time></span>
      <bdi>{plain(finding.summary)}</bdi>
    </button>
  );
}

export function snapshotTitle(s: SnapshotHead): string {
  if (s.rule === "baseline") return "healthy, after its start";
  return s.rule ? plain(s.rule) : "by hand";
}

export function SnapshotLink({ snapshot, controller }: { snapshot: SnapshotHead; controller: Controller }) {
  const at = parseTime(snapshot.time);
  return (
    <button class={`row snapshot ${snapshot.rule === "baseline" ? "baseline" : ""}`} data-snapshot={snapshot.id}
      onClick={() => {
        controller.reveal(at);
        controller.select({ type: "snapshot", id: snapshot.id });
      }}>
      <span><code>{snapshotTitle(snapshot)}</code><time>{new Clock(controller.utc).time(at)}</time></span>
      <bdi>{cut(plain(snapshot.summary ?? ""), 160)}</bdi>
    </button>
  );
}

export function When({ time, controller }: { time: string; controller: Controller }) {
  const at = parseTime(time);
  return (
    <span class="when"><time>{new Clock(controller.utc).full(at)}</time> <small>{ago(Math.max(0, controller.now() - at))}</small></span>
  );
}
