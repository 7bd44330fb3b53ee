// What is said of the mark under the pointer. Plain DOM: it moves with every move of the mouse.
import type { Controller } from "./controller";
import type { Hit } from "./draw";
import { Clock, count, cut, duration, parseTime, plain } from "./format";
import { KINDS, KIND_NAMES } from "./marks";

const PATIENCE_MS = 90;

export class Tip {
  private readonly element = document.createElement("div");
  private readonly known = new Map<number, string>();
  private timer = 0;
  private shown = "";

  constructor(private readonly controller: Controller) {
    this.element.className = "tip";
    this.element.setAttribute("role", "tooltip");
    document.body.append(this.element);
  }
  remove(): void {
    this.element.remove();
  }

  show(hit: Hit | null, x: number, y: number): void {
    this.element.classList.toggle("on", hit !== null);
    if (!hit) {
      this.shown = "";
      return;
    }
    const left = x + 16 + 340 > window.innerWidth ? x - 350 : x + 16;
    this.element.style.left = `${Math.max(4, left)}px`;
    this.element.style.top = `${Math.min(y + 14, window.innerHeight - 100)}px`;
    const key = hit.type === "event" ? `e${this.controller.marks.id[hit.mark]}`
      : hit.type === "finding" ? `f${hit.finding.id}` : `s${hit.snapshot.id}`;
    if (key === this.shown) return;
    this.shown = key;
    window.clearTimeout(this.timer);
    if (hit.type === "event") this.showEvent(hit.mark, hit.beside, key);
    else if (hit.type === "finding") {
      this.put(`${hit.finding.case} · ${hit.finding.confidence}`, parseTime(hit.finding.time), hit.finding.summary);
    } else {
      const s = hit.snapshot;
      const what = s.rule === "baseline" ? "snapshot of the healthy container" : s.rule ? `anomaly · ${s.rule}` : "snapshot by hand";
      this.put(what, parseTime(s.time), s.summary ?? "");
    }
  }

  private put(title: string, at: number, text: string): void {
    const head = document.createElement("b");
    head.textContent = plain(title);
    const time = document.createElement("small");
    time.textContent = new Clock(this.controller.utc).time(at);
    const body = document.createElement("div");
    body.textContent = cut(plain(text), 300);
    this.element.replaceChildren(head, time, body);
  }

  private showEvent(mark: number, beside: number, key: string): void {
    const { marks, source } = this.controller;
    const id = marks.id[mark]!;
    const many = marks.count[mark]! > 1 ? ` × ${count(marks.count[mark]!)} in ${duration(marks.end[mark]! - marks.t[mark]!)}` : "";
    const title = `${KIND_NAMES[KINDS[marks.kind[mark]!]!]}${many}`;
    const more = beside > 1 ? `\u2003+ ${count(beside - 1)} beside it` : "";
    this.put(title + more, marks.t[mark]!, this.known.get(id) ?? "…");
    if (this.known.has(id)) return;
    this.timer = window.setTimeout(() => {
      void source.event(id).then((event) => {
        this.known.set(id, event.view.summary);
        if (this.shown === key) this.put(title + more, marks.t[mark]!, event.view.summary);
      }, () => undefined);
    }, PATIENCE_MS);
  }
}
