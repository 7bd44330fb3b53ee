"""Two hundred thousand signals a second for a minute, with the timeline on: is each of them in a row?"""

import time

from observer import Observer
from programs import cpu_seconds

PER_SECOND, SECONDS = 200_000, 60
SETTLE_SECONDS = 3  # until the last run is closed and its row is on the disk


def measure(programs) -> dict:
    """Every scrape checks that observed = recorded + coalesced + lost."""
    labels = {"kind": "signal"}
    with Observer("--budget.cpu-percent=0") as observer:
        before = observer.scrape()
        cpu = cpu_seconds(observer.process.pid)
        count, took = programs.send_flood(PER_SECOND, SECONDS)
        time.sleep(SETTLE_SECONDS)
        cpu = cpu_seconds(observer.process.pid) - cpu
        after = observer.scrape()
        rows = [row["count"] for row in observer.events("--kind", "signal", "--since", "1h")
                if row["process"]["comm"] == "bench_load" and row["signal"]["name"] == "SIGTERM"]

    def added(family: str) -> int:
        return int(after.sum(family, **labels) - before.sum(family, **labels))

    return {"count": count, "sent_per_second": count / took, "seconds": took,
            "lost": added("nsobserver_events_lost_total"), "rows": len(rows), "in_rows": sum(rows),
            "cpu_share": cpu / (took + SETTLE_SECONDS)}
