"""The matrix as people read it: kernel x source x hook, deeds, the verifier, instructions."""

import pathlib

import cost as costs_of
import jobs

BEGIN, END = "<!-- tests/vm/run --all --readme -->", "<!-- end of tests/vm/run -->"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def runs(results: list[jobs.Outcome]) -> str:
    rows = []
    for r in results:
        if r.refusal:
            rows.append([r.release, r.name, r.refusal.replace("nsobserver: ", ""), "-", "-"])
            continue
        seen = sum(said == "yes" for said in r.seen.values())
        off = [f"{name} ({source['reason']})" for name, source in r.sources.items()
               if not source["attached"]]
        rows.append([r.release, r.name, "all on" if not off else "off: " + ", ".join(off),
                     f"{seen} of {len(r.seen)}", f"{r.passed} of {r.passed + len(r.failed)}, {len(r.skipped)} skipped"])
    return table(["release", "kernel, hooks, cgroups", "sources", "deeds seen by the daemon", "bpf_test passed"], rows)


def short(hook: str) -> str:
    """The kind of a hook: its function is the same on every kernel of an architecture."""
    return hook.split("/", 1)[0]


def hooks(results: list[jobs.Outcome]) -> str:
    """By which hook each source is had, where the cheapest is taken, and how far the verifier walks."""
    best = {r.job.kernel.name: r for r in results if not r.job.hooks and r.sources}
    if not best:
        return ""
    names = list(next(iter(best.values())).sources)
    rows = [[name, *(short(r.sources[name]["hook"]) if r.sources[name]["attached"] else "off" for r in best.values())]
            for name in names]
    return table(["source", *best], rows)


def verifier(results: list[jobs.Outcome]) -> str:
    best = {r.job.kernel.name: r.verifier for r in results if r.verifier and r.sources}
    if not best:
        return ""
    limit = jobs.VERIFIER_LIMIT * jobs.VERIFIER_SHARE
    programs = sorted({name for counts in best.values() for name in counts},
                      key=lambda name: -max(counts.get(name, 0) for counts in best.values()))
    rows = [[name.removeprefix("nsobs_"), *(f"{counts[name]:,}" if name in counts else "refused" for counts in best.values())]
            for name in programs[:12]]
    title = f"Instructions that the verifier walks, the twelve longest programs (at most {limit:,.0f}: 5 % of its limit):\n\n"
    return title + table(["program", *best], rows)


def instructions(costs: list[costs_of.Cost]) -> str:
    rows = []
    for c in costs:
        if c.problems and not c.counts:
            continue
        for deed in costs_of.DEEDS:
            if all(deed in c.counts.get(row, {}) for row in costs_of.ROWS):
                rows.append([c.kernel, deed, f"{c.counts['nothing'][deed]:,.0f}",
                             *(f"{c.added(row, deed):+,.1f}" for row in costs_of.HOOKS)])
    if not rows:
        return ""
    return "Instructions in each call, and what the hooks add:\n\n" + table(
        ["kernel", "call", "nothing attached", *costs_of.HOOKS], rows)


def all_of(results: list[jobs.Outcome], costs: list[costs_of.Cost]) -> str:
    parts = [runs(results), hooks(results), verifier(results), instructions(costs)]
    return "\n\n".join(part for part in parts if part) + "\n"


def put(readme: pathlib.Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    whole = readme.read_text()
    before, rest = whole.split(begin, 1)
    after = rest.split(end, 1)[1]
    readme.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")
