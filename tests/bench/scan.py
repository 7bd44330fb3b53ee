"""A look at all processes: by the kernel's iterator, by /proc, and the iterator's own work alone."""

from programs import figures
from shell import run

SLEEPERS = (1_000, 5_000)


def measure(programs, rounds: int) -> list[dict]:
    out = []
    for sleepers in SLEEPERS:
        found = figures(run(programs.scan, rounds, sleepers, timeout=600).stdout)
        out.append({"processes": int(found["processes"]), "iterator_us": found["iterator"], "proc_us": found["proc"],
                    "bare_us": found["bare"], "to_bare": found["iterator"] / found["bare"],
                    "faster_than_proc": found["proc"] / found["iterator"]})
    return out
