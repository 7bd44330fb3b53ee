"""Rounds of all subjects, and the medians of the ratios within each."""

import statistics
import sys

import subjects


def table(programs, chosen: dict, rounds: int, scale: int) -> dict:
    """{"rounds": N, "workloads": {workload: {subject: cell}}}; see cell().

    Each subject stands between two measurements of nothing and is compared with their mean: what
    else this machine does changes within seconds (a neighbour on the same core makes everything
    10-20 % slower), so that one "nothing" a round would be compared with another machine. The very
    first run is thrown away: caches, page tables and branch predictors are cold.
    """
    runs = []
    progress("warming up")
    programs.workloads(scale)
    for number in range(rounds):
        order = [name for name in chosen if name != subjects.NOTHING]
        order = order if number % 2 == 0 else order[::-1]
        before = programs.workloads(scale)
        run = {}
        for name in order:
            progress(f"round {number + 1} of {rounds}: {name}")
            with chosen[name]():
                with_it = programs.workloads(scale)
            after = programs.workloads(scale)
            run[name] = {w: (ns, (before[w] + after[w]) / 2) for w, ns in with_it.items()}
            before = after
        runs.append(run)
    progress("")
    workloads = list(next(iter(runs[0].values())))
    return {"rounds": rounds,
            "workloads": {w: {s: cell(runs, w, s) for s in chosen} for w in workloads}}


def cell(runs: list[dict], workload: str, subject: str) -> dict:
    """Medians over the rounds; `spread` is the lowest and highest ratio to nothing of a round."""
    def to_nothing(run: dict, name: str) -> float:
        ns, nothing = run[name][workload]
        return ns / nothing

    if subject == subjects.NOTHING:
        bases = [nothing for run in runs for _, nothing in (cells[workload] for cells in run.values())]
        ratios = [1.0 for _ in runs]
        ns = statistics.median(bases)
    else:
        ratios = [to_nothing(run, subject) for run in runs]
        ns = statistics.median(run[subject][workload][0] for run in runs)
    to_empty = [ratio / to_nothing(run, subjects.EMPTY) for ratio, run in zip(ratios, runs)]
    return {"ns": ns, "to_nothing": statistics.median(ratios),
            "to_empty": statistics.median(to_empty), "spread": [min(ratios), max(ratios)]}


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
