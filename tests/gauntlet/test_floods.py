"""Sixteen containers at full rate: what is critical is never lost, and every other event is accounted for, by container.

NSOBS_FLOOD_SECONDS (8) is how long; 600 is the long form.
"""

import collections
import contextlib
import json
import os
import sqlite3
import time

from arena import HOSTILE_PORT, SCRAPE_WITHIN, Innocent, Scraper, balanced, build_attacker
from attackers import ENGINES
from observer import Observer
from shell import wait_until

SECONDS = float(os.environ.get("NSOBS_FLOOD_SECONDS", "8"))
FLOODERS = 16
KINDS = {1: "namespace_change", 2: "connect_failure", 3: "signal"}  # enum EventKind
OURS = "(SELECT ref FROM containers WHERE name = ?)"


class Books:
    """What the timeline holds, read beside its writer."""

    def __init__(self, observer: Observer):
        self.path = observer.storage / "timeline.db"

    def sums(self, question: str, name: str) -> dict[str, int]:
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=60)) as db:
            return {KINDS[kind]: count for kind, count in db.execute(question, (name,)) if kind in KINDS}

    def told(self, name: str) -> dict[str, int]:
        return self.sums(f"SELECT kind, SUM(count) FROM events WHERE container IN {OURS} GROUP BY kind", name)

    def lost(self, name: str) -> dict[str, int]:
        return self.sums(f"SELECT of_kind, SUM(count) FROM losses WHERE container IN {OURS} GROUP BY of_kind", name)

    def rows(self) -> int:
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=60)) as db:
            return db.execute("SELECT COUNT(*) FROM events").fetchone()[0]


def generated(flooder) -> dict[str, int]:
    """What it counted itself."""
    connects, signals, namespaces = next(
        line for line in flooder.said().splitlines() if line.startswith("flooded")).split()[1:]
    return {"connect_failure": int(connects), "signal": int(signals), "namespace_change": int(namespaces)}


def counted(metrics, name: str) -> dict[str, int]:
    """The exact counters, by the same names."""
    return {
        "connect_failure": metrics.sum("nsobserver_connect_failures_total", container=name, errno="ECONNREFUSED"),
        "signal": metrics.sum("nsobserver_signals_total", container=name, signal="SIGHUP"),
        "namespace_change": metrics.sum("nsobserver_namespace_changes_total", container=name, operation="unshare", kind="uts"),
    }


def all_counted(metrics, flooders) -> bool:
    def since(one) -> dict[str, float]:
        return {kind: value - one.counted[kind] for kind, value in counted(metrics, one.name).items()}

    return all(since(one) == generated(one) for one in flooders)


def difference(books: Books, flooder) -> dict[str, tuple]:
    """(generated, told, lost) of the kinds that do not add up."""
    told, lost = books.told(flooder.name), books.lost(flooder.name)
    wrong = {}
    for kind, made in generated(flooder).items():
        # Its runtime's own steps and the exec that began it are told under its name, too.
        own = told.get(kind, 0) - flooder.before.get(kind, 0) + lost.get(kind, 0)
        if own != made:
            wrong[kind] = made, told.get(kind, 0), lost.get(kind, 0), flooder.before
    return wrong


def test_nothing_critical_is_lost_and_all_is_accounted_for(images, capsys):
    build_attacker(images.rootfs)
    with contextlib.ExitStack() as stack:
        observer = stack.enter_context(Observer())
        runc = stack.enter_context(ENGINES["runc"](images))
        innocent = Innocent(observer, runc.start_hostile("innocent", "true", port=7, stand="/bin/attacker innocent 7"))
        flooders = [runc.start_hostile(f"flood{n}-", "true", port=HOSTILE_PORT,
                                       stand=f"sh -c 'head -c 1 >/dev/null; /bin/attacker flood {SECONDS}; exec sleep 1000000'")
                    for n in range(FLOODERS)]
        books = Books(observer)
        names = {one.name for one in flooders}
        wait_until(lambda: names <= {labels["container"] for labels, _ in
                                     observer.scrape().samples["nsobserver_container_info"]}, 30, "all are known")
        time.sleep(2)  # what their starts caused is on record
        for one in flooders:
            one.before, one.counted = books.told(one.name), counted(observer.scrape(), one.name)
        scraper = stack.enter_context(Scraper(observer.url))
        cpu, begin = observer.cpu_seconds(), time.monotonic()
        for one in flooders:
            one.poke()
        with innocent.at_work():
            wait_until(lambda: all("flooded" in one.said() for one in flooders), SECONDS * 5 + 60, "the floods are over",
                       interval=0.2)
        took = time.monotonic() - begin
        innocent.check()
        # A scrape waits a bounded time for the flood to be worked off, and shows the last state until then.
        wait_until(lambda: all_counted(balanced(observer), flooders), 60 + SECONDS,
                   "the kernel's counters say what the flooders counted", interval=0.5)
        deadline = time.monotonic() + 30 + SECONDS
        while (wrong := [difference(books, one) for one in flooders]) and any(wrong) and time.monotonic() < deadline:
            time.sleep(1)
        assert not any(wrong), f"(generated, told, lost, told before) that do not add up: {wrong}"
        innocent.check_told()
        lost = collections.Counter()
        for one in flooders:
            lost.update(books.lost(one.name))
        assert lost["namespace_change"] == 0, "something critical was lost"
        assert scraper.wrong == [] and max(scraper.seconds) <= SCRAPE_WITHIN
        report(observer, books, flooders, lost, took, cpu, scraper, capsys)


def report(observer, books, flooders, lost, took, cpu, scraper, capsys) -> None:
    made = collections.Counter()
    for one in flooders:
        made.update(generated(one))
    figures = {"seconds": round(took, 1), "made": dict(made), "lost": {k: v for k, v in lost.items() if v}, "rows": books.rows(),
               "cpu_seconds": round(observer.cpu_seconds() - cpu, 1), "resident_mib": observer.resident_bytes() >> 20,
               "slowest_scrape_ms": round(1000 * max(scraper.seconds))}
    if path := os.environ.get("NSOBS_FLOOD_FIGURES"):
        with open(path, "w") as out:
            json.dump(figures, out)
    with capsys.disabled():
        print(f"\n{FLOODERS} flooders: {figures}")
