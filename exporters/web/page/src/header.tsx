// The bar above everything: whose timeline, which range, search, filters, live tail, export.
import { useState } from "preact/hooks";
import type { Controller } from "./controller";
import { ago, Clock, parseTime, plain } from "./format";
import { KINDS, KIND_NAMES, type Kind } from "./marks";
import { palette } from "./palette";

const RANGES: [string, number][] = [["5m", 300_000], ["15m", 900_000], ["1h", 3_600_000], ["6h", 21_600_000], ["24h", 86_400_000]];
const STALE_MS = 90_000; // the daemon writes its heartbeat well within

interface Props {
  controller: Controller;
  dark: boolean;
  toggleTheme: () => void;
  showHelp: () => void;
}

function State({ controller }: { controller: Controller }) {
  const { status, source, error } = controller;
  if (error) return <span class="state bad" role="alert">{plain(error)}</span>;
  if (!status) return <span class="state">loading</span>;
  if (!source.live) return <span class="state file" title="This page is a file: nothing in it changes">incident of {new Clock(controller.utc).full(parseTime(status.now)).slice(0, 16)}</span>;
  const silent = parseTime(status.now) - parseTime(status.heartbeat);
  return silent > STALE_MS
    ? <span class="state bad">nothing written for {ago(silent).replace(" ago", "")}</span>
    : <span class="state good">observing</span>;
}

function ExportMenu({ controller }: { controller: Controller }) {
  const link = (format: string): string => {
    const time = (ms: number): string => String(Math.max(0, Math.round(ms * 1000)));
    return `api/v1/export?format=${format}&since=${time(controller.view.from)}&until=${time(controller.view.to)}`;
  };
  const [at, setAt] = useState(0);
  return (
    <details class="menu" onToggle={() => setAt(at + 1)} data-testid="export">
      <summary title="Everything of the range that is shown, in one file">Export</summary>
      <div>
        <p>The range that is shown, with findings and snapshots:</p>
        <a href={link("html")} download="nsobserver-incident.html">a page that opens anywhere</a>
        <a href={link("json")} download="nsobserver-incident.json">JSON</a>
      </div>
    </details>
  );
}

function CopyLink({ controller }: { controller: Controller }) {
  const [done, setDone] = useState(false);
  const copy = (): void => {
    history.replaceState(null, "", controller.link());
    void navigator.clipboard?.writeText(location.href).catch(() => undefined);
    setDone(true);
    window.setTimeout(() => setDone(false), 1500);
  };
  return <button onClick={copy} title="The address of exactly what is shown (c)">{done ? "Copied" : "Link"}</button>;
}

export function Filters({ controller, dark }: { controller: Controller; dark: boolean }) {
  const counts = new Map<string, number>();
  for (let i = 0; i < controller.marks.length; i++) {
    const kind = KINDS[controller.marks.kind[i]!]!;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const colours = palette(dark);
  const kinds = [...KINDS].reverse().filter((kind) => counts.has(kind));
  const all = [...kinds, "finding", "snapshot"];
  const chip = (kind: string, name: string, n: number, colour: string, shape: string) => (
    <button key={kind} class={`chip ${controller.hidden.has(kind) ? "off" : ""}`} data-kind={kind}
      aria-pressed={!controller.hidden.has(kind)} title="Click: hide or show. Double click: only this."
      onClick={() => controller.toggleKind(kind)} onDblClick={() => controller.onlyKind(kind, all)}>
      <svg width="9" height="9" viewBox="0 0 10 10" aria-hidden="true"><path d={shape} fill={colour} /></svg>
      {name}<small>{n}</small>
    </button>
  );
  return (
    <div class="filters" role="group" aria-label="What is shown">
      {chip("finding", "findings", controller.findings.length, colours.finding, "M5 0L10 5L5 10L0 5Z")}
      {chip("snapshot", "anomalies & snapshots", controller.snapshots.length, colours.warning, "M5 0L10 9L0 9Z")}
      {kinds.map((kind) => chip(kind, KIND_NAMES[kind as Kind], counts.get(kind)!, colours.kinds[kind as Kind], "M3 0H7V10H3Z"))}
    </div>
  );
}

export function Header({ controller, dark, toggleTheme, showHelp }: Props) {
  const { status, source } = controller;
  return (
    <header>
      <h1><span class="mark" aria-hidden="true" />nsobserver<bdi class="host">{plain(status?.host ?? "")}</bdi></h1>
      <State controller={controller} />
      <input type="search" id="search" placeholder="Search: a name, an address, a program  ( / )" value={controller.q}
        aria-label="Search events" maxLength={200} spellcheck={false} autocomplete="off"
        onInput={(event) => controller.setQuery((event.target as HTMLInputElement).value)} />
      <div class="ranges" role="group" aria-label="Range of time">
        {RANGES.map(([name, ms]) => <button key={name} onClick={() => controller.last(ms)}>{name}</button>)}
        <button onClick={() => controller.fit()} title="Everything (0)">all</button>
      </div>
      {source.live && (
        <button class={`live ${controller.live ? "on" : ""}`} aria-pressed={controller.live} data-testid="live"
          title="Follow what happens (l)" onClick={() => controller.setLive(!controller.live)}>
          <span class="pulse" />live
        </button>
      )}
      <div class="tools">
        <button onClick={() => controller.setGrouping(controller.grouping === "container" ? "namespace" : "container")}
          title="Lanes by container or by namespace (g)" data-testid="grouping">
          by {controller.grouping}
        </button>
        <CopyLink controller={controller} />
        {source.live && <ExportMenu controller={controller} />}
        <button onClick={() => controller.setUtc(!controller.utc)} title="Local time or UTC (u)" aria-pressed={controller.utc}>UTC</button>
        <button onClick={toggleTheme} title="Light or dark (t)" aria-label="Light or dark" data-testid="theme">{dark ? "☀" : "☾"}</button>
        <button onClick={showHelp} title="Keys (?)" aria-label="Help">?</button>
      </div>
    </header>
  );
}
