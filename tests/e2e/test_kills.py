"""kill -9 of the daemon and of its processes at random moments, under load.

After each: what a reader had seen is still there, rows come again within 5 s, the time in between is a gap, and nothing
is left behind. NSOBS_KILLS (14) is how many; `tests/e2e/kill_storm 10000` is the long form, several observers beside each other.
NSOBS_KILLS_SEED repeats a run.
"""

import collections
import os
import random
import signal
import time

from dying import again_within, all_ended, gaps, leaves_nothing, mortal, of, programs, records_again, rows
from load import connect_load
from observer import Observer
from shell import wait_until

KILLS = int(os.environ.get("NSOBS_KILLS", "14"))
SEED = int(os.environ.get("NSOBS_KILLS_SEED", str(random.randrange(10**6))))
RATE = int(os.environ.get("NSOBS_KILLS_RATE", "300"))  # connects a second
NAMES = {"web-front": "web", "nsobs-zygote": "zygote", "nsobs-snapshot": "snapshot"}
VICTIMS = ["daemon", "daemon", *NAMES]
SEEN_SECONDS = 10  # of the newest rows: what is at stake


class Storm:
    def __init__(self, observer: Observer):
        self.observer, self.random = observer, random.Random(SEED)
        self.killed = collections.Counter()
        self.slowest = 0.0
        self.loaded = set()

    def kill(self) -> None:
        victim = self.random.choice(VICTIMS)
        pids = [self.observer.process.pid] if victim == "daemon" else of(self.observer, victim)
        if not pids:
            return  # between two lives
        time.sleep(self.random.random())
        begin, seen = time.monotonic(), rows(self.observer, f"{SEEN_SECONDS}s")
        if victim == "daemon":
            self.kill_daemon()
        else:
            self.kill_one_of_its(victim, pids[0])
        # A busy machine may take its time until the question is asked.
        still = rows(self.observer, f"{SEEN_SECONDS + time.monotonic() - begin + 30:.0f}s")
        missing = {number: row for number, row in seen.items() if still.get(number) != row}
        assert missing == {}, f"a reader had seen them (seed {SEED})"
        self.killed[NAMES.get(victim, victim)] += 1
        wait_until(lambda: gaps(self.observer) == self.killed, 20, f"a gap for each of {self.killed} (seed {SEED})", interval=0.1)

    def kill_daemon(self) -> None:
        others = mortal(self.observer.process.pid)
        self.loaded |= programs(self.observer.process.pid)
        self.observer.kill()
        all_ended(others)
        took = records_again(self.observer)
        self.slowest = max(self.slowest, took)
        assert took < again_within(), f"{took:.1f} s (seed {SEED})"

    def kill_one_of_its(self, name: str, pid: int) -> None:
        daemon = self.observer.process.pid
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: [one for one in of(self.observer, name) if one != pid], 15, f"another {name}")
        assert self.observer.process.poll() is None and self.observer.process.pid == daemon
        wait_until(self.observer.is_ready, 15, "ready")


def test_killed_at_random(capsys):
    with Observer("--anomaly.connect-failure=off") as observer, connect_load(rate=RATE):
        storm = Storm(observer)
        while storm.killed.total() < KILLS:
            storm.kill()
        balanced = observer.scrape()  # checks the sums
        assert balanced.sum("nsobserver_malformed_records_total") == 0
        leaves_nothing(observer, storm.loaded)
        with capsys.disabled():
            print(f"\n{dict(storm.killed)} killed; rows again after {storm.slowest:.1f} s at most (seed {SEED})")
