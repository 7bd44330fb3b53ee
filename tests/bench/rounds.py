"""Rounds of all subjects, and the medians of the ratios within each."""

import statistics
import sys

import subjects


def table(programs, chosen: dict, rounds: int, scale: int) -> dict:
    """{"rounds": N, "workloads": {workload: {subject: cell}}}; see cell()."""
    runs = []
    for number in range(rounds):
        order = list(chosen) if number % 2 == 0 else list(chosen)[::-1]
        run = {}
        for name in order:
            progress(f"round {number + 1} of {rounds}: {name}")
            with chosen[name]():
                run[name] = programs.workloads(scale)
        runs.append(run)
    progress("")
    workloads = list(runs[0][subjects.NOTHING])
    return {"rounds": rounds,
            "workloads": {w: {s: cell(runs, w, s) for s in chosen} for w in workloads}}


def cell(runs: list[dict], workload: str, subject: str) -> dict:
    """Medians over the rounds; `spread` is the lowest and highest ratio to nothing of a round."""
    def ratios(base: str) -> list[float]:
        return [run[subject][workload] / run[base][workload] for run in runs]

    to_nothing = ratios(subjects.NOTHING)
    return {"ns": statistics.median(run[subject][workload] for run in runs),
            "to_nothing": statistics.median(to_nothing),
            "to_empty": statistics.median(ratios(subjects.EMPTY)),
            "spread": [min(to_nothing), max(to_nothing)]}


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
