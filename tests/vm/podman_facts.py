"""What a guest with podman left: what podman and its kernel know, and what nsobserver said."""

import json
import pathlib
import re
import sys
from dataclasses import dataclass

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from metrics import Metrics  # noqa: E402


@dataclass(frozen=True)
class Kill:
    """By the kernel's own log, which knows no containers."""

    pid: int
    comm: str
    limit: str  # the cgroup whose limit was reached
    group: str  # of the one that was chosen; with memory.oom.group the others of it follow


def kills(log: str) -> list[Kill]:
    """Each process once: with memory.oom.group the kernel names the first one twice."""
    found: dict[int, Kill] = {}
    limit = group = ""
    for line in log.splitlines():
        if chosen := re.search(r"oom-kill:.*,oom_memcg=([^,]+),task_memcg=([^,]+),", line):
            limit, group = chosen.groups()
        elif killed := re.search(r"Killed process (\d+) \((.+)\) total-vm", line):
            found.setdefault(int(killed[1]), Kill(int(killed[1]), killed[2], limit, group))
    return list(found.values())


class Facts:
    def __init__(self, folder: pathlib.Path):
        def text(name: str) -> str:
            return (folder / name).read_text(errors="replace")

        def rows(name: str) -> list[dict]:
            return [json.loads(line) for line in text(name).splitlines()]

        self.events, self.findings, self.listing = rows("events"), rows("findings"), rows("containers")
        self.metrics = Metrics(text("metrics"))
        self.kills = kills(text("kernel"))
        self.containers = {one["Name"]: one for one in json.loads(text("podman_containers"))}
        pods = [line.split(" ") for line in text("podman_pods").splitlines()]
        self.pod_names = {pod_id: name for name, pod_id, _ in pods}
        self.pod_cgroups = {name: "/" + path.strip("/") for name, _, path in pods}

    def pod_of(self, name: str) -> str | None:
        return self.pod_names.get(self.containers[name]["Pod"])

    def rows_of(self, name: str, kind: str = "") -> list[dict]:
        return [row for row in self.events if (row["container"] or {}).get("name") == name and kind in ("", row["kind"])]

    def cases_of(self, name: str) -> list[str]:
        return sorted(one["case"] for one in self.findings if (one["container"] or {}).get("name") == name)

    def kills_of(self, name: str) -> list[Kill]:
        return [kill for kill in self.kills if self.containers[name]["Id"] in kill.group]
