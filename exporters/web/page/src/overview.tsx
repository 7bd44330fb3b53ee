// All that is loaded in one strip, with the part that the lanes show.
import { useEffect, useRef } from "preact/hooks";
import type { Controller } from "./controller";
import { parseTime } from "./format";
import { FAILURES } from "./lanes";
import { palette } from "./palette";

const HEIGHT = 30;

function paint(canvas: HTMLCanvasElement, controller: Controller, dark: boolean): void {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.parentElement!.clientWidth;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  const c = canvas.getContext("2d", { alpha: false })!;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  const p = palette(dark);
  c.fillStyle = p.row;
  c.fillRect(0, 0, width, HEIGHT);
  const all = controller.extent();
  const scale = width / (all.to - all.from);
  const bins = new Float64Array(Math.ceil(width / 2) + 1);
  const bad = new Float64Array(bins.length);
  const { marks } = controller;
  let most = 1;
  for (let i = 0; i < marks.length; i++) {
    const bin = Math.max(0, Math.min(bins.length - 1, ((marks.t[i]! - all.from) * scale / 2) | 0));
    bins[bin] = bins[bin]! + 1;
    if (FAILURES.has(marks.kind[i]!)) bad[bin] = bad[bin]! + 1;
    most = Math.max(most, bins[bin]!);
  }
  const high = (n: number): number => n === 0 ? 0 : 3 + (Math.log2(n + 1) / Math.log2(most + 1)) * (HEIGHT - 10);
  for (let bin = 0; bin < bins.length; bin++) {
    c.fillStyle = p.life;
    c.fillRect(bin * 2, HEIGHT - high(bins[bin]!), 1.6, high(bins[bin]!));
    c.fillStyle = p.kinds.connect_failure;
    c.fillRect(bin * 2, HEIGHT - high(bad[bin]!), 1.6, high(bad[bin]!));
  }
  c.fillStyle = p.finding;
  for (const f of controller.findings) c.fillRect((parseTime(f.time) - all.from) * scale - 1, 0, 2.5, 5);
}

export function Overview({ controller, dark, version }: { controller: Controller; dark: boolean; version: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const brush = useRef<HTMLDivElement>(null);
  const place = (): void => {
    if (!brush.current) return;
    const all = controller.extent();
    const part = (t: number): number => Math.min(1, Math.max(0, (t - all.from) / (all.to - all.from))) * 100;
    brush.current.style.left = `${part(controller.view.from)}%`;
    brush.current.style.width = `max(4px, ${part(controller.view.to) - part(controller.view.from)}%)`;
  };
  useEffect(() => controller.onView(place), [controller]);
  useEffect(() => {
    paint(canvas.current!, controller, dark);
    place();
    const sizes = new ResizeObserver(() => paint(canvas.current!, controller, dark));
    sizes.observe(canvas.current!.parentElement!);
    return () => sizes.disconnect();
  }, [version, dark]);
  const move = (event: PointerEvent): void => {
    if (event.buttons !== 1) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const all = controller.extent();
    const time = all.from + ((event.clientX - box.left) / box.width) * (all.to - all.from);
    const half = (controller.view.to - controller.view.from) / 2;
    controller.setView({ from: time - half, to: time + half });
  };
  return (
    <div class="overview" onPointerDown={move} onPointerMove={move} title="All that is loaded; drag to move">
      <canvas ref={canvas} aria-hidden="true" />
      <div class="brush" ref={brush} />
    </div>
  );
}
