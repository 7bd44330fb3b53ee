"""kill -9 of the daemon and of its processes at random moments, under load.

After each: what a reader had seen is still there, rows come again within 5 s, the time in between is a gap, and nothing
is left behind. NSOBS_KILLS (14) is how many; NSOBS_KILLS=10000 is the long form. NSOBS_KILLS_SEED repeats a run.
"""

import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import time

from load import connect_load
from observer import Observer
from shell import wait_until
from wall import nanoseconds

KILLS = int(os.environ.get("NSOBS_KILLS", "14"))
SEED = int(os.environ.get("NSOBS_KILLS_SEED", str(random.randrange(10**6))))
AGAIN_WITHIN = 5  # seconds from the start to the first event that has a row, on a machine with nothing else to do

NAMES = {"web-front": "web", "nsobs-zygote": "zygote", "nsobs-snapshot": "snapshot"}
VICTIMS = ["daemon", "daemon", *NAMES]


def again_within() -> float:
    """On this one."""
    return AGAIN_WITHIN * max(1.0, os.getloadavg()[0] / os.cpu_count())


def below(pid: int) -> dict[int, str]:
    """Every process below it: what it is called, by pid."""
    found = {}
    try:
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                words = pathlib.Path(f"/proc/{child}/cmdline").read_bytes()
                comm = pathlib.Path(f"/proc/{child}/comm").read_text().strip()
                found[int(child)] = "web-front" if b"web-front" in words else comm
                found |= below(int(child))
    except OSError:
        pass  # it ended meanwhile
    return found


def of(observer, name: str) -> list[int]:
    return [pid for pid, called in below(observer.process.pid).items() if called == name]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def rows(observer, since: str = "20s", *words: str) -> dict[int, str]:
    """By id, what never changes of a row: it may grow."""
    return {row["id"]: (row["time"], row["kind"]) for row in observer.events("--since", since, *words)}


def gaps(observer) -> collections.Counter:
    found = [row["gap"] for row in observer.events("--kind", "gap", "--since", "240h")]
    return collections.Counter("daemon" if gap["part"] in ("all", "reading") and gap["cause"] == "crashed" else (gap["reason"] or "").partition(":")[0]
                               for gap in found if gap["part"] != "detail")


def orphans() -> set[int]:
    """Our programs in the kernel that no process holds."""
    shown = subprocess.run(["bpftool", "-j", "prog", "show"], capture_output=True, text=True, check=False).stdout
    programs = json.loads(shown) if shown.strip() else []
    return {one["id"] for one in programs if one.get("name", "").startswith("nsobs") and not one.get("pids")}


class Storm:
    def __init__(self, observer: Observer):
        self.observer, self.random = observer, random.Random(SEED)
        self.killed = collections.Counter()
        self.slowest = 0.0

    def kill(self) -> None:
        victim = self.random.choice(VICTIMS)
        pids = [self.observer.process.pid] if victim == "daemon" else of(self.observer, victim)
        if not pids:
            return  # between two lives
        time.sleep(self.random.random())
        seen = rows(self.observer)
        if victim == "daemon":
            self.kill_daemon()
        else:
            self.kill_one_of_its(victim, pids[0])
        still = rows(self.observer, "2m")
        missing = {number: row for number, row in seen.items() if still.get(number) != row}
        assert missing == {}, f"a reader had seen them (seed {SEED})"
        self.killed[NAMES.get(victim, victim)] += 1
        wait_until(lambda: gaps(self.observer) == self.killed, 20, f"a gap for each of {self.killed} (seed {SEED})", interval=0.1)

    def kill_daemon(self) -> None:
        # The keeper alone outlives it, for a while, for the next one (test_handover.py).
        others = [pid for pid, called in below(self.observer.process.pid).items() if called != "nsobs-keeper"]
        self.observer.kill()
        wait_until(lambda: not any(alive(pid) for pid in others), 10, "all that it started has ended")
        last = max(rows(self.observer, "2m"), default=0)
        begin_ns = time.time_ns()
        self.observer.start()
        first = wait_until(lambda: [when for number, (when, kind) in sorted(rows(self.observer).items())
                                    if kind == "connect_failure" and number > last], 60, "rows again", interval=0.05)[0]
        took = (nanoseconds(first) - begin_ns) / 1e9
        self.slowest = max(self.slowest, took)
        assert took < again_within(), f"{took:.1f} s (seed {SEED})"

    def kill_one_of_its(self, name: str, pid: int) -> None:
        daemon = self.observer.process.pid
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: [one for one in of(self.observer, name) if one != pid], 15, f"another {name}")
        assert self.observer.process.poll() is None and self.observer.process.pid == daemon
        wait_until(self.observer.is_ready, 15, "ready")


def test_killed_at_random(capsys):
    before = orphans()
    with Observer("--anomaly.connect-failure=off") as observer, connect_load(rate=300):
        storm = Storm(observer)
        while storm.killed.total() < KILLS:
            storm.kill()
        balanced = observer.scrape()  # checks the sums
        assert balanced.sum("nsobserver_malformed_records_total") == 0
        left = {observer.process.pid, *below(observer.process.pid)}
        code, _ = observer.stop()
        assert code == 0
        wait_until(lambda: not any(alive(pid) for pid in left), 10, "nothing runs any more")
        wait_until(lambda: not orphans() - before, 20, "no program of BPF is left")
        with capsys.disabled():
            print(f"\n{dict(storm.killed)} killed; rows again after {storm.slowest:.1f} s at most (seed {SEED})")
