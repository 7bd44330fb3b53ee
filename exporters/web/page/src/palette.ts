// The colours of the picture, for both themes. Kinds differ in hue; text says the same beside them.
import type { Kind } from "./marks";

export interface Palette {
  kinds: Record<Kind, string>;
  finding: string;
  likely: string;
  snapshot: string;
  baseline: string;
  warning: string;
  text: string;
  dim: string;
  line: string;
  row: string;
  focus: string;
  life: string;
  gap: string;
  back: string;
}

const DARK: Palette = {
  kinds: {
    process_exec: "#6b7685", process_exit: "#6b7685", cgroup_change: "#6b7685",
    namespace_change: "#3fb6a8", container_start: "#4cc96b", container_exit: "#9aa7b8",
    loss: "#c9a227", gap: "#8a93a0", signal: "#b58cff", file_failure: "#d9a066",
    bind_failure: "#ff9d4d", packet_drop: "#ff6ec7", dns_failure: "#ffc23d",
    connect_failure: "#ff5f57", entry: "#3fd2ff", oom_kill: "#ff2d6f",
  },
  finding: "#ff4d4f", likely: "#ffa940", snapshot: "#5fb3ff", baseline: "#4cc96b", warning: "#ffc23d",
  text: "#dfe6ee", dim: "#8794a5", line: "#222c38", row: "#161e28", focus: "#1d2b3d", life: "#33465c",
  gap: "#59647259", back: "#0f151d",
};

const LIGHT: Palette = {
  kinds: {
    process_exec: "#8b95a1", process_exit: "#8b95a1", cgroup_change: "#8b95a1",
    namespace_change: "#0f8f80", container_start: "#23913f", container_exit: "#5d6b7c",
    loss: "#8f6f00", gap: "#6b7480", signal: "#7a45d6", file_failure: "#a35f14",
    bind_failure: "#d5660a", packet_drop: "#c7288c", dns_failure: "#b07a00",
    connect_failure: "#d92d20", entry: "#0284b8", oom_kill: "#b8004a",
  },
  finding: "#c9190b", likely: "#d46b08", snapshot: "#1668c7", baseline: "#23913f", warning: "#b07a00",
  text: "#17202b", dim: "#5d6b7c", line: "#dde3ea", row: "#f5f7fa", focus: "#e3eefb", life: "#c3d0de",
  gap: "#8a93a033", back: "#ffffff",
};

export function palette(dark: boolean): Palette {
  return dark ? DARK : LIGHT;
}
