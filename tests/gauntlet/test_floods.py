"""Sixteen containers at full rate: a neighbour loses nothing, and of the floods every event is accounted for, by container.

What a flooder counted itself is what the exact counters say, and, by kind, the counts of its rows and of its losses.
NSOBS_FLOOD_SECONDS (8) is how long; NSOBS_FLOOD_SECONDS=600 tests/run gauntlet -- -k flood is the long form.
"""

import collections
import contextlib
import json
import os
import pathlib
import signal
import threading
import time

from arena import HOSTILE_PORT, INNOCENT_PORT, Innocent, Scraper, balanced, build_attacker
from attackers import ENGINES, Hostile
from books import CONNECT_FAILURE, NAMESPACE_CHANGE, SIGNAL, Books
from metrics import Metrics
from observer import Observer
from shell import wait_until

SECONDS = float(os.environ.get("NSOBS_FLOOD_SECONDS", "8"))
FLOODERS = 16
# Seconds, for what only has to come at last: bounds here are of counts, and of a machine that may be busy with more.
PATIENCE = 120
MAY_TAKE = 256 << 20  # bytes of resident memory amid the flood: all places of the queues, some 3 KiB each, and SQLite's pages
KINDS = {CONNECT_FAILURE: "connect_failure", SIGNAL: "signal", NAMESPACE_CHANGE: "namespace_change"}
# For ten minutes: rows that the disk can hold, none of which is removed. What is beyond is lost, and counted.
LONG = ("--budget.events-per-second=100", "--budget.burst=10000", "--storage.retention-size=32GiB") if SECONDS > 60 else ()


def made_by(flooder: Hostile) -> dict[str, int]:
    """What it counted itself."""
    line = next(line for line in flooder.said().splitlines() if line.startswith("flooded"))
    return json.loads(line.partition(" ")[2])


def by_kind(made: dict[str, int]) -> dict[int, int]:
    return {CONNECT_FAILURE: made["connect"], SIGNAL: made["signal"], NAMESPACE_CHANGE: made["refused"] + made["unshare"]}


def counted(metrics: Metrics, name: str) -> dict[str, float]:
    """The exact counters, by the flooder's own words. Refused unshares are counted for all containers together."""
    return {
        "connect": metrics.sum("nsobserver_connect_failures_total", container=name, errno="ECONNREFUSED"),
        "signal": metrics.sum("nsobserver_signals_total", container=name, signal="SIGHUP"),
        "unshare": metrics.sum("nsobserver_namespace_changes_total", container=name, operation="unshare", kind="uts"),
    }


def refused(metrics: Metrics) -> float:
    return metrics.sum("nsobserver_namespace_change_failures_total", operation="unshare", errno="EINVAL")


class Watcher(threading.Thread):
    """Of the daemon's memory."""

    def __init__(self, observer: Observer):
        super().__init__(daemon=True)
        self.observer, self.ending = observer, threading.Event()
        self.peak = observer.resident_bytes()

    def run(self) -> None:
        while not self.ending.wait(0.1):
            self.peak = max(self.peak, self.observer.resident_bytes())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc_info) -> None:
        self.ending.set()
        self.join()


class Flood:
    """The arena of this test: sixteen flooders, of runc and crun in turn, and a neighbour."""

    def __init__(self, images, stack: contextlib.ExitStack):
        build_attacker(images.rootfs)
        self.observer = stack.enter_context(Observer(*LONG))
        engines = [stack.enter_context(ENGINES[name](images)) for name in ("runc", "crun")]
        container = self.start(engines[0], "innocent", INNOCENT_PORT, f"/bin/attacker innocent {INNOCENT_PORT}")
        self.flooders = [
            self.start(engines[n % 2], f"flood{n}", HOSTILE_PORT,
                       f"sh -c 'head -c 1 >/dev/null; /bin/attacker flood {SECONDS}; exec sleep 1000000'") for n in range(FLOODERS)]
        self.books = Books(self.observer)
        time.sleep(2)  # what their starts caused is on record: their runs end after a second
        self.innocent = Innocent(self.observer, container)
        self.before = self.books.page()
        metrics = self.observer.scrape()
        self.counted_before = {one.name: counted(metrics, one.name) for one in self.flooders}
        self.refused_before = refused(metrics)

    def start(self, engine, name: str, port: int, stand: str) -> Hostile:
        """With its name known: on a busy machine the state file of the runtime can come too late for that, and names are not what
        this test is about."""
        for attempt in range(3):
            one = engine.start_hostile(f"{name}-{attempt}-", "true", port=port, stand=stand)
            if self.becomes_known(one):
                return one
            engine.end(one)
        raise AssertionError(f"{name} has no name")

    def becomes_known(self, one: Hostile) -> bool:
        """It is looked up with each event of its own: an ignored signal is one."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if balanced(self.observer).matching("nsobserver_container_info", container=one.name):
                return True
            os.kill(one.pid, signal.SIGHUP)
            time.sleep(0.2)
        return False

    def let_loose(self) -> float:
        """How long it took."""
        begin = time.monotonic()
        for one in self.flooders:
            one.poke()
        with self.innocent.at_work():
            wait_until(lambda: all("flooded" in one.said() for one in self.flooders), SECONDS + PATIENCE, "the floods are over",
                       interval=0.1)
        return time.monotonic() - begin

    def made(self) -> dict[str, int]:
        return dict(sum((collections.Counter(made_by(one)) for one in self.flooders), collections.Counter()))

    def miscounted(self) -> list:
        """Flooders whose counters are not what they counted."""
        metrics = balanced(self.observer)
        wrong = []
        for one in self.flooders:
            made = {word: count for word, count in made_by(one).items() if word != "refused"}
            grown = {word: value - self.counted_before[one.name][word] for word, value in counted(metrics, one.name).items()}
            if grown != made:
                wrong.append((one.name, made, grown))
        total = refused(metrics) - self.refused_before
        if total < self.made()["refused"]:  # others on this machine may be refused something, too
            wrong.append(("refused", self.made()["refused"], total))
        return wrong

    def unaccounted(self) -> list:
        """(who, kind, made, told, lost) of what does not add up."""
        page = self.books.page()
        wrong = []
        for one in self.flooders:
            for kind, made in by_kind(made_by(one)).items():
                key = one.name, kind
                told = page.told.get(key, 0) - self.before.told.get(key, 0)
                lost = page.lost.get(key, 0) - self.before.lost.get(key, 0)
                if told + lost != made:
                    wrong.append((one.name, KINDS[kind], made, told, lost))
        return wrong

    def lost(self) -> dict[str, int]:
        """Of all flooders, by kind."""
        page, sums = self.books.page(), collections.Counter()
        for one in self.flooders:
            sums.update({KINDS[kind]: page.lost.get((one.name, kind), 0) for kind in KINDS})
        return dict(sums)

    def lost_by_metrics(self) -> dict[str, int]:
        metrics, sums = balanced(self.observer), collections.Counter()
        for one in self.flooders:
            sums.update({kind: int(metrics.sum("nsobserver_container_events_lost_total", container=one.name, kind=kind))
                         for kind in KINDS.values()})
        return dict(sums)


def test_a_flood_is_accounted_for_and_costs_its_neighbours_nothing(images, capsys):
    with contextlib.ExitStack() as stack:
        flood = Flood(images, stack)
        observer = flood.observer
        rest, cpu = observer.resident_bytes(), observer.cpu_seconds()
        with Scraper(observer.url) as scraper, Watcher(observer) as watcher:
            took = flood.let_loose()
        assert observer.process.poll() is None, f"the daemon ended:\n{observer.log.read_text()[-4000:]}"
        begin = time.monotonic()
        settle(flood.unaccounted, "(who, kind, made, told, lost)")
        drained = time.monotonic() - begin
        settle(flood.miscounted, "(who, made, counted)")
        flood.innocent.check()
        flood.innocent.check_told()  # and nothing of it was lost, whatever the kind
        lost = flood.lost()
        assert flood.lost_by_metrics() == lost
        assert scraper.wrong == [], "scrapes failed"
        assert watcher.peak - rest <= MAY_TAKE, f"from {rest >> 20} to {watcher.peak >> 20} MiB"
        report({"containers": FLOODERS, "seconds": round(took, 1), "made": flood.made(), "lost": lost, "rows": flood.books.rows(),
                "neighbour": flood.innocent.pokes, "drained_seconds": round(drained, 1),
                "cpu_seconds": round(observer.cpu_seconds() - cpu, 1), "rest_mib": rest >> 20, "peak_mib": watcher.peak >> 20,
                "slowest_scrape_ms": round(1000 * max(scraper.seconds))}, capsys)


def settle(wrong, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (found := wrong()) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert found == [], f"{what} that are not as they should be: {found}"


def report(figures: dict, capsys) -> None:
    if path := os.environ.get("NSOBS_FLOOD_FIGURES"):
        pathlib.Path(path).write_text(json.dumps(figures))
    with capsys.disabled():
        print(f"\nflood: {figures}")
