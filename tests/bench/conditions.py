"""What else goes on, which figures can't be compared without."""

import json
import os

from shell import run

TRACING = ("tracing", "tracepoint", "raw_tracepoint", "kprobe", "perf_event")


def at_start() -> dict:
    programs = json.loads(run("bpftool", "--json", "prog", "show").stdout or "[]")
    return {"load_average": os.getloadavg()[0], "cpus": os.cpu_count(),
            "kernel": os.uname().release,
            "foreign_programs": sum(program.get("type") in TRACING for program in programs)}


def warnings(conditions: dict) -> list[str]:
    out = []
    if conditions["foreign_programs"]:
        out.append(f"{conditions['foreign_programs']} tracing programs of others are loaded: "
                   "\"nothing\" is not nothing, and the ratios are lower than they would be")
    if conditions["load_average"] > 0.5:
        out.append(f"load average {conditions['load_average']:.1f}: others work on this machine")
    return out
