"""A flood of signals from one CPU: is it complete, and what does each cost the observer?"""

import statistics
import time

from observer import Observer
from programs import cpu_seconds, until_stdin_ends

COUNT = 500_000
SETTLE_SECONDS = 0.25  # from the last signal until the counts are on their way to the disk


def measure(programs, rounds: int) -> dict:
    runs = []
    for number in range(rounds):
        sides = [of_observer, of_empty_reader]
        run = {}
        for side in sides if number % 2 == 0 else sides[::-1]:
            run.update(side(programs))
        runs.append(run)
    return {"count": COUNT,
            "sent_per_second": statistics.median(run["rate"] for run in runs),
            "lost": max(run["lost"] for run in runs),
            "unseen": max(run["unseen"] for run in runs),
            "observer_ns": statistics.median(run["observer_ns"] for run in runs),
            "reader_ns": statistics.median(run["reader_ns"] for run in runs),
            "reader_refused": max(run["reader_refused"] for run in runs),
            "ratio": statistics.median(run["observer_ns"] / run["reader_ns"] for run in runs)}


def of_observer(programs) -> dict:
    """Every scrape checks that observed = recorded + coalesced + lost."""
    labels = {"kind": "signal"}
    with Observer("--budget.cpu-percent=0") as observer:
        before = observer.scrape()
        cpu = cpu_seconds(observer.process.pid)
        took = programs.send_burst(COUNT)
        time.sleep(SETTLE_SECONDS)
        cpu = cpu_seconds(observer.process.pid) - cpu
        after = observer.scrape()

    def added(family: str) -> int:
        return int(after.sum(family, **labels) - before.sum(family, **labels))

    observed = added("nsobserver_events_observed_total")
    return {"rate": COUNT / took, "lost": added("nsobserver_events_lost_total"),
            "unseen": max(COUNT - observed, 0), "observer_ns": cpu / COUNT * 1e9}


def of_empty_reader(programs) -> dict:
    with until_stdin_ends(programs.ring) as reader:
        cpu = cpu_seconds(reader.pid)
        programs.send_burst(COUNT)
        time.sleep(SETTLE_SECONDS)
        cpu = cpu_seconds(reader.pid) - cpu
        reader.stdin.close()
        _, refused = map(int, reader.stdout.readline().split())
    return {"reader_ns": cpu / (COUNT - refused) * 1e9, "reader_refused": refused}
