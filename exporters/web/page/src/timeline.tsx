// The lanes: labels that are buttons, and beside them one canvas that d3-zoom moves.
import { select } from "d3-selection";
import { zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from "d3-zoom";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { AXIS_HEIGHT, drawAxis } from "./axis";
import type { Controller, View } from "./controller";
import { draw, heightOf, hit, topsOf, type Hit, type Scene, type Size } from "./draw";
import { Clock, plain } from "./format";
import type { Row } from "./lanes";
import { palette } from "./palette";
import { Tip } from "./tip";

interface Parts {
  canvas: HTMLCanvasElement;
  axis: HTMLCanvasElement;
  scroller: HTMLElement;
}

// Between the times of the view and d3's transform, which is one of pixels.
class Camera {
  private base: View = { from: 0, to: 1 };
  private readonly behavior: ZoomBehavior<HTMLElement, unknown>;
  private following = false;
  private leading = false;

  constructor(private readonly element: HTMLElement, private readonly controller: Controller) {
    this.behavior = zoom<HTMLElement, unknown>()
      .filter((event: MouseEvent) => !event.button && !(event.type === "wheel" && event.shiftKey))
      .on("start", () => (controller.held = true))
      .on("end", () => (controller.held = false))
      .on("zoom", (event: D3ZoomEvent<HTMLElement, unknown>) => {
        if (this.following) return;
        const { k, x } = event.transform;
        const size = (this.base.to - this.base.from) / k;
        const from = this.base.from - (x / this.width()) * size;
        this.leading = true;
        controller.setView({ from, to: from + size });
        this.leading = false;
      });
    select(element).call(this.behavior);
    // Sideways (or with Shift) the wheel pans.
    element.addEventListener("wheel", (event) => {
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (!event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      controller.pan(sideways / this.width());
    }, { passive: false, capture: true });
  }
  private width(): number {
    return Math.max(1, this.element.clientWidth);
  }
  // The view was moved by something else: d3 goes on from there.
  follow(): void {
    if (this.leading) return;
    this.base = { ...this.controller.view };
    this.following = true;
    this.behavior.transform(select(this.element), zoomIdentity);
    this.following = false;
  }
}

function fitCanvas(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1;
  const w = Math.round(width * ratio);
  const h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d", { alpha: false })!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

export interface Props {
  controller: Controller;
  dark: boolean;
  version: number;
}

// One for the life of the component: knows what is drawn, and draws it at most once a frame.
class Picture {
  scene: Scene;
  size: Size = { width: 1, height: 1, scrollTop: 0 };
  dark = true;
  parts: Parts | null = null;
  private wanted = false;

  constructor(readonly controller: Controller) {
    this.scene = {
      marks: controller.marks, rows: [], tops: [0], gaps: [], view: controller.view,
      selection: null, focus: "", hoverX: -1, now: 0,
    };
  }
  take(rows: Row[]): void {
    this.scene.rows = rows;
    this.scene.tops = topsOf(rows);
    this.scene.gaps = this.controller.gaps;
    this.ask();
  }
  ask(): void {
    if (this.wanted) return;
    this.wanted = true;
    requestAnimationFrame(() => {
      this.wanted = false;
      this.paint();
    });
  }
  private paint(): void {
    const { parts, scene, controller } = this;
    if (!parts) return;
    const began = performance.now();
    scene.view = controller.view;
    scene.selection = controller.selection;
    scene.focus = controller.focus;
    scene.now = controller.now();
    const width = parts.canvas.parentElement!.clientWidth;
    const height = parts.scroller.clientHeight - AXIS_HEIGHT;
    this.size = { width, height, scrollTop: parts.scroller.scrollTop };
    const colours = palette(this.dark);
    draw(fitCanvas(parts.canvas, width, height), scene, this.size, colours);
    drawAxis(fitCanvas(parts.axis, width, AXIS_HEIGHT), scene.view, width, new Clock(controller.utc), colours, scene.hoverX);
    performance.measure("nsobserver-frame", { start: began, end: performance.now() });
  }
}

function open(controller: Controller, found: Hit): void {
  controller.focus = found.row.key;
  if (found.type === "finding") controller.select({ type: "finding", id: found.finding.id });
  else if (found.type === "snapshot") controller.select({ type: "snapshot", id: found.snapshot.id });
  else controller.select({ type: "event", id: controller.marks.id[found.mark]! });
}

function listen(area: HTMLElement, picture: Picture, tip: Tip): () => void {
  const { controller } = picture;
  let pressedAt: [number, number] | null = null;
  const place = (event: PointerEvent | MouseEvent): [number, number] => {
    const box = area.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const move = (event: PointerEvent): void => {
    const [x, y] = place(event);
    picture.scene.hoverX = event.pointerType === "mouse" ? x : -1;
    const found = event.buttons ? null : hit(picture.scene, picture.size, x, y);
    if (!event.buttons) controller.held = found !== null; // what one points at stays where it is
    area.style.cursor = found ? "pointer" : "";
    tip.show(found, event.clientX, event.clientY);
    picture.ask();
  };
  const leave = (): void => {
    picture.scene.hoverX = -1;
    controller.held = false;
    tip.show(null, 0, 0);
    picture.ask();
  };
  const down = (event: MouseEvent): void => {
    pressedAt = [event.clientX, event.clientY];
  };
  const click = (event: MouseEvent): void => {
    const far = pressedAt && Math.hypot(event.clientX - pressedAt[0], event.clientY - pressedAt[1]) > 4;
    if (far) return; // that was a drag
    const found = hit(picture.scene, picture.size, ...place(event));
    if (found) open(controller, found);
  };
  area.addEventListener("pointermove", move);
  area.addEventListener("pointerleave", leave);
  area.addEventListener("pointerdown", down, true);
  area.addEventListener("click", click);
  return () => {
    area.removeEventListener("pointermove", move);
    area.removeEventListener("pointerleave", leave);
    area.removeEventListener("pointerdown", down, true);
    area.removeEventListener("click", click);
  };
}

function Label({ row, controller }: { row: Row; controller: Controller }) {
  const trouble = row.lane && row.depth === 0 && controller.grouping === "container"
    ? controller.troubles.find((t) => t.lane.key === row.lane!.key) : undefined;
  const dead = row.depth === 0 && row.lives.length > 0 && row.lives.every((l) => l.to !== Infinity);
  const selected = controller.selection?.type === "container" && controller.selection.key === row.lane?.key;
  return (
    <div class={`label depth${row.depth} ${row.key === controller.focus ? "focus" : ""} ${dead ? "dead" : ""}`}
      style={{ height: `${heightOf(row)}px` }} data-row={row.key}>
      {row.canOpen && controller.grouping === "container" && (
        <button class="twist" aria-expanded={row.open} title="Show its namespaces (e)"
          onClick={() => controller.toggleOpen(row.key)}>{row.open ? "▾" : "▸"}</button>
      )}
      <button class="name" aria-pressed={selected} disabled={!row.lane}
        title={`${row.label}  ${row.note}${row.lane?.container ? `  ${plain(row.lane.container.id)}` : ""}`}
        onClick={() => row.lane && controller.select({ type: "container", key: row.lane.key })}>
        <span class={`dot ${trouble?.level ?? (dead ? "gone" : "well")}`} />
        <bdi>{row.label}</bdi>
        {row.note && <small><bdi>{row.note}</bdi></small>}
      </button>
    </div>
  );
}

export function Timeline({ controller, dark, version }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const axis = useRef<HTMLCanvasElement>(null);
  const picture = useMemo(() => new Picture(controller), [controller]);
  picture.dark = dark;

  useEffect(() => {
    picture.parts = { canvas: canvas.current!, axis: axis.current!, scroller: scroller.current! };
    const camera = new Camera(area.current!, controller);
    camera.follow();
    const offView = controller.onView(() => {
      picture.ask();
      camera.follow();
    });
    const tip = new Tip(controller);
    const offPointer = listen(area.current!, picture, tip);
    const sizes = new ResizeObserver(() => picture.ask());
    sizes.observe(scroller.current!);
    const scrolled = (): void => picture.ask();
    scroller.current!.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      offView();
      offPointer();
      sizes.disconnect();
      tip.remove();
    };
  }, [controller]);

  useEffect(() => picture.take(controller.rows), [version, dark]);

  const { rows } = controller;
  const height = topsOf(rows)[rows.length]! + AXIS_HEIGHT;
  return (
    <div class="timeline" ref={scroller} data-testid="timeline">
      <div class="labels" style={{ height: `${height}px` }}>
        <div class="corner">{new Clock(controller.utc).zone(controller.view.to)}</div>
        {rows.map((row) => <Label key={row.key} row={row} controller={controller} />)}
      </div>
      <div class="plot" style={{ minHeight: `${height}px` }}>
        <div class="sticky">
          <canvas ref={axis} class="axis" aria-hidden="true" />
          <div ref={area} class="area">
            <canvas ref={canvas} role="img" aria-label="Events, anomalies, findings and snapshots by container over time; the list below says the same in words" />
          </div>
        </div>
      </div>
      {rows.length === 0 && !controller.loading && (
        <p class="nothing">{controller.q ? `Nothing matches “${plain(controller.q)}”.` : "Nothing was recorded yet."}</p>
      )}
    </div>
  );
}
