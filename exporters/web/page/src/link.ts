// The address of the page says what it shows, so that a link shows the same to somebody else.
import type { Grouping } from "./lanes";

export type Selection =
  | { type: "event" | "finding" | "snapshot"; id: number }
  | { type: "container"; key: string };

export interface Shown {
  from: number; // 0: not said
  to: number;
  live: boolean | null;
  q: string;
  hidden: string[]; // kinds of events that are filtered out
  grouping: Grouping;
  open: string[];
  selection: Selection | null;
  utc: boolean;
}

const NOTHING: Shown = {
  from: 0, to: 0, live: null, q: "", hidden: [], grouping: "container", open: [], selection: null,
  utc: false,
};

function selectionOf(text: string): Selection | null {
  const cut = text.indexOf(":");
  const type = text.slice(0, cut);
  const rest = text.slice(cut + 1);
  if (type === "container" && rest) return { type, key: rest };
  if ((type === "event" || type === "finding" || type === "snapshot") && /^\d{1,15}$/.test(rest)) {
    return { type, id: Number(rest) };
  }
  return null;
}

export function readLink(hash: string): Shown {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const time = (name: string): number => {
    const at = Date.parse(words.get(name) ?? "");
    return Number.isFinite(at) ? at : 0;
  };
  const list = (name: string): string[] => (words.get(name) ?? "").split(",").filter(Boolean);
  const live = words.get("live");
  return {
    ...NOTHING,
    from: time("from"), to: time("to"),
    live: live === null ? null : live === "1",
    q: (words.get("q") ?? "").slice(0, 200),
    hidden: list("hide"),
    grouping: words.get("by") === "namespace" ? "namespace" : "container",
    open: list("open"),
    selection: selectionOf(words.get("show") ?? ""),
    utc: words.get("utc") === "1",
  };
}

export function writeLink(shown: Shown): string {
  const words = new URLSearchParams();
  words.set("from", new Date(shown.from).toISOString());
  words.set("to", new Date(shown.to).toISOString());
  if (shown.live) words.set("live", "1");
  if (shown.q) words.set("q", shown.q);
  if (shown.hidden.length) words.set("hide", shown.hidden.join(","));
  if (shown.grouping !== "container") words.set("by", shown.grouping);
  if (shown.open.length) words.set("open", shown.open.join(","));
  if (shown.utc) words.set("utc", "1");
  const s = shown.selection;
  if (s) words.set("show", s.type === "container" ? `container:${s.key}` : `${s.type}:${s.id}`);
  return `#${words.toString()}`;
}
