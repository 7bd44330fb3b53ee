// Ticks of the time axis.
import { scaleTime, scaleUtc } from "d3-scale";
import type { View } from "./controller";
import { Clock } from "./format";
import type { Palette } from "./palette";

export const AXIS_HEIGHT = 26;
const TICK_PIXELS = 110;

function label(clock: Clock, at: number, step: number): string {
  if (step >= 86_400_000) return clock.day(at);
  if (step >= 60_000) return clock.seconds(at).slice(0, 5) === "00:00" ? clock.day(at) : clock.seconds(at).slice(0, 5);
  return step >= 1000 ? clock.seconds(at) : clock.time(at);
}

export function drawAxis(c: CanvasRenderingContext2D, view: View, width: number, clock: Clock, p: Palette, hoverX: number): void {
  c.fillStyle = p.back;
  c.fillRect(0, 0, width, AXIS_HEIGHT);
  const scale = (clock.utc ? scaleUtc() : scaleTime())
    .domain([new Date(view.from), new Date(view.to)]).range([0, width]);
  const ticks = scale.ticks(Math.max(2, Math.floor(width / TICK_PIXELS)));
  const step = ticks.length > 1 ? ticks[1]!.getTime() - ticks[0]!.getTime() : view.to - view.from;
  c.font = "11px system-ui, sans-serif";
  c.textAlign = "center";
  c.textBaseline = "middle";
  for (const tick of ticks) {
    const x = scale(tick);
    c.fillStyle = p.line;
    c.fillRect(x, AXIS_HEIGHT - 5, 1, 5);
    if (x < 30 || x > width - 30) continue;
    c.fillStyle = p.dim;
    c.fillText(label(clock, tick.getTime(), step), x, AXIS_HEIGHT / 2 - 1);
  }
  c.fillStyle = p.line;
  c.fillRect(0, AXIS_HEIGHT - 1, width, 1);
  if (hoverX >= 0) drawHover(c, clock.full(view.from + (hoverX / width) * (view.to - view.from)), hoverX, width, p);
}

function drawHover(c: CanvasRenderingContext2D, text: string, x: number, width: number, p: Palette): void {
  const half = c.measureText(text).width / 2 + 6;
  const at = Math.min(width - half, Math.max(half, x));
  c.fillStyle = p.text;
  c.fillRect(at - half, 2, half * 2, AXIS_HEIGHT - 7);
  c.fillStyle = p.back;
  c.fillText(text, at, AXIS_HEIGHT / 2 - 1);
}
