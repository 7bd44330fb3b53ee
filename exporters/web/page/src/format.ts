// Text and times for people.

// Controls, and what hides, reorders or joins text. A container's name must not look like another's.
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

// Any text that may be a container's, harmless and visible.
export function plain(text: unknown): string {
  return String(text ?? "").replace(HIDDEN, (c) => {
    const code = c.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

// RFC 3339 with nanoseconds; Date keeps the milliseconds only.
export function parseTime(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  const whole = Date.parse(text.replace(/\.\d+/, ""));
  return whole + Number(`0.${fraction || "0"}`) * 1000;
}

const two = (n: number): string => String(n).padStart(2, "0");

export class Clock {
  constructor(readonly utc: boolean) {}

  zone(at: number): string {
    if (this.utc) return "UTC";
    const minutes = -new Date(at).getTimezoneOffset();
    const sign = minutes < 0 ? "-" : "+";
    const size = Math.abs(minutes);
    return `UTC${sign}${Math.floor(size / 60)}${size % 60 ? `:${two(size % 60)}` : ""}`;
  }
  private parts(at: number): { day: string; hms: string; ms: string } {
    const d = new Date(Math.floor(at));
    const get = this.utc
      ? [d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds(), d.getUTCMilliseconds()]
      : [d.getFullYear(), d.getMonth(), d.getDate(), d.getHours(), d.getMinutes(), d.getSeconds(), d.getMilliseconds()];
    const [y, mo, da, h, mi, s, ms] = get as [number, number, number, number, number, number, number];
    return {
      day: `${y}-${two(mo + 1)}-${two(da)}`,
      hms: `${two(h)}:${two(mi)}:${two(s)}`,
      ms: String(ms).padStart(3, "0"),
    };
  }
  time(at: number): string {
    const p = this.parts(at);
    return `${p.hms}.${p.ms}`;
  }
  seconds(at: number): string {
    return this.parts(at).hms;
  }
  full(at: number): string {
    const p = this.parts(at);
    return `${p.day} ${p.hms}.${p.ms}`;
  }
  day(at: number): string {
    return this.parts(at).day;
  }
}

// 1.2 s, 3 min, 2 h 5 min
export function duration(ms: number): string {
  if (ms < 1) return `${Math.max(0, ms * 1000).toFixed(0)} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s < 10 ? s.toFixed(1) : s.toFixed(0)} s`;
  const units: [number, string][] = [[86400, "d"], [3600, "h"], [60, "min"]];
  for (const [size, name] of units) {
    if (s < size) continue;
    const rest = units[units.findIndex((u) => u[0] === size) + 1];
    const more = rest ? Math.floor((s % size) / rest[0]) : 0;
    return `${Math.floor(s / size)} ${name}${more && rest ? ` ${more} ${rest[1]}` : ""}`;
  }
  return `${s.toFixed(0)} s`;
}

export function ago(ms: number): string {
  return ms < 1000 ? "just now" : `${duration(ms)} ago`;
}

export function count(n: number): string {
  return n.toLocaleString("en-US");
}

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = n;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}
