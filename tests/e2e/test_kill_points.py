"""kill -9 at named points: when a process of the observer's makes its n-th call of a syscall, by strace's injection.

The call itself is not made any more (ptrace_report_syscall_entry() of the kernel); the point after it is the next call's.
After each: all else that ran has ended or is replaced, what a reader had seen is there, rows come again within 5 s, the
time in between is a gap. NSOBS_KILL_CALLS (2) is how many follow at random calls; NSOBS_KILL_CALLS=300 is a long form.
NSOBS_KILL_CALLS_SEED repeats it.
"""

import collections
import os
import pathlib
import random
import re
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass

import namespaces
import pytest
from dying import again_within, all_ended, below, gaps, leaves_nothing, of, programs, records_again, rows
from load import connect_load
from observer import Observer
from shell import run, wait_until
from wall import nanoseconds

AT_RANDOM = int(os.environ.get("NSOBS_KILL_CALLS", "2"))
SEED = int(os.environ.get("NSOBS_KILL_CALLS_SEED", str(random.randrange(10**6))))
STORED = "timeline.db"
FAILED_BIND = "import socket; socket.socket().bind(('192.0.2.1', 80))"
PARTS = {"web-front": "web", "nsobs-zygote": "zygote", "nsobs-snapshot": "snapshot"}


@dataclass
class Point:
    moment: str
    call: str
    number: int  # counted in each thread
    most: int = 0  # at random: up to this one

    def __str__(self) -> str:
        return f"{self.moment}-{self.call}-{self.number}"


# "first": a start where no storage is yet; "start": where it has rows; "aside": where its file is damaged. The others
# attach to a daemon under load, or to its front, zygote or helper.
POINTS = [
    Point("first", "flock", 1, 1),
    Point("first", "pwrite64", 30, 130),
    Point("first", "fdatasync", 2, 8),
    Point("start", "bpf", 100, 228),
    Point("start", "clone3", 2, 7),
    Point("aside", "rename", 2, 4),
    Point("running", "pwrite64", 7, 120),
    Point("control", "accept4", 1, 1),
    Point("reload", "openat", 1, 3),
    Point("stop", "unlink", 1, 2),
    Point("front", "sendto", 1, 4),
    Point("helper", "pidfd_open", 1, 1),
]
MORE = [
    Point("first", "bpf", 1, 228),
    Point("first", "unlink", 1, 2),
    Point("first", "mmap", 380, 400),
    Point("first", "fcntl", 1, 300),
    Point("first", "socketpair", 1, 3),
    Point("start", "pwrite64", 1, 30),
    Point("start", "fcntl", 1, 200),
    Point("start", "openat", 100, 385),
    Point("start", "getdents64", 1, 350),
    Point("start", "clone", 1, 2),
    Point("aside", "pwrite64", 1, 130),
    Point("aside", "openat", 80, 200),
    Point("running", "fcntl", 1, 200),
    Point("running", "bpf", 1, 60),
    Point("running", "read", 1, 200),
    Point("control", "sendmsg", 1, 2),
    Point("control", "recvmsg", 1, 2),
    Point("reload", "read", 1, 4),
    Point("reload", "write", 1, 2),
    Point("stop", "pwrite64", 1, 60),
    Point("stop", "fdatasync", 1, 3),
    Point("stop", "munmap", 1, 40),
    Point("stop", "close", 1, 150),
    Point("stop", "exit_group", 1, 1),
    Point("front", "recvfrom", 1, 6),
    Point("front", "poll", 1, 8),
    Point("front", "accept4", 1, 2),
    Point("zygote", "clone", 1, 1),
    Point("zygote", "sendmsg", 1, 2),
    Point("helper", "clone", 1, 1),
    Point("helper", "openat", 1, 4),
    Point("helper", "wait4", 1, 1),
    Point("helper", "sendto", 1, 2),
]


def strace(point: Point, log: pathlib.Path) -> list[str]:
    inject = f"inject={point.call}:signal=KILL:when={point.number}"
    return ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={point.call}", "-e", inject]


def in_background(*command) -> subprocess.Popen:
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


class Killer:
    """Kills at points of one observer's life, and looks at what is left."""

    def __init__(self, observer: Observer):
        self.observer = observer
        self.trace = observer.folder / "trace"
        self.killed = collections.Counter()
        self.missed = collections.Counter()
        self.slowest = 0.0
        self.loaded = set()  # programs of the kernel's

    def at(self, point: Point) -> None:
        if point.moment in ("first", "start", "aside"):
            self.at_start(point)
        elif point.moment in ("front", "zygote", "helper"):
            self.of_a_part(point)
        else:
            self.of_the_daemon(point)

    # The daemon, on its way

    def at_start(self, point: Point) -> None:
        seen = rows(self.observer) if point.moment == "start" else {}
        self.end_by_hand()
        if point.moment == "first":
            run("rm", "-rf", self.observer.storage)
        elif point.moment == "aside":
            for suffix in ("-wal", "-shm"):
                (self.observer.storage / (STORED + suffix)).unlink(missing_ok=True)
            (self.observer.storage / STORED).write_bytes(b"no database any more" * 500)
        with self.observer.log.open("ab") as log:
            traced = subprocess.Popen([*strace(point, self.trace), *self.observer.command()],
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        all_of_it = set()

        def over() -> bool:
            all_of_it.update(below(traced.pid))
            return traced.poll() is not None or self.observer.is_ready()

        wait_until(over, 60, f"death or ready ({point})", interval=0.02)
        if traced.poll() is None:  # it was another process of its, or the call does not come so often
            self.missed[str(point)] += 1
            os.kill(next(iter(below(traced.pid))), signal.SIGKILL)
            traced.wait(20)
        died_ns = time.time_ns()
        all_ended(all_of_it)
        self.go_on(point, seen, died_ns, set_aside=point.moment == "aside")

    def end_by_hand(self) -> None:
        others = below(self.observer.process.pid)
        self.loaded |= programs(self.observer.process.pid)
        self.observer.kill()
        all_ended(others)

    # The daemon, at work

    def of_the_daemon(self, point: Point) -> None:
        observer = self.observer
        others = below(observer.process.pid)
        self.loaded |= programs(observer.process.pid)
        seen = rows(observer)
        traced = in_background(*strace(point, self.trace), "-p", observer.process.pid)
        self.await_attached(observer.process.pid)
        deed = self.provoke(point.moment)
        stopped = point.moment == "stop"
        try:
            observer.process.wait(8 if stopped else 4)
        except subprocess.TimeoutExpired:
            observer.kill()
        if observer.process.returncode != -signal.SIGKILL or not self.killed_by_strace(observer.process.pid):
            self.missed[str(point)] += 1
        died_ns = time.time_ns()
        traced.wait(20)
        if deed:
            deed.wait(60)
        all_ended(others)
        self.go_on(point, seen, died_ns)

    def provoke(self, moment: str) -> subprocess.Popen | None:
        if moment == "reload":
            self.observer.process.send_signal(signal.SIGHUP)
        elif moment == "stop":
            self.observer.process.send_signal(signal.SIGTERM)
        elif moment == "control":
            return in_background(self.observer.command()[0], "snapshot", "--storage.path", self.observer.storage, "host")
        elif moment == "zygote":  # it makes helpers
            os.kill(of(self.observer, "nsobs-snapshot")[0], signal.SIGKILL)
        elif moment == "helper":  # it looks at who has a trouble that nobody has had
            with namespaces.net_namespace() as name:
                run("ip", "netns", "exec", name, "/usr/bin/python3", "-c", FAILED_BIND, check=False)
                time.sleep(1)
        return None

    def killed_by_strace(self, pid: int) -> bool:
        return re.search(rf"^{pid} +\+\+\+ killed by SIGKILL", self.trace.read_text(), re.MULTILINE) is not None

    @staticmethod
    def await_attached(pid: int) -> None:
        def traced() -> bool:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            return "TracerPid:\t0\n" not in status

        wait_until(traced, 10, "strace is attached")
        time.sleep(0.1)  # to its other threads

    def go_on(self, point: Point, seen: dict, died_ns: int, set_aside: bool = False) -> None:
        took = records_again(self.observer)
        self.slowest = max(self.slowest, took)
        assert took < again_within(), f"{took:.1f} s after {point} (seed {SEED})"
        still = rows(self.observer, "2m")
        missing = {number: row for number, row in seen.items() if still.get(number) != row}
        assert missing == {}, f"a reader had seen them before {point} (seed {SEED})"
        if seen or set_aside:
            wait_until(lambda: self.told(died_ns), 10, f"a gap around {point} (seed {SEED})", interval=0.1)
        if set_aside:
            assert [one for one in self.observer.storage.iterdir() if ".corrupt-" in one.name]
            assert "was set aside as" in self.observer.log.read_text()
        self.killed[point.moment] += 1

    def told(self, died_ns: int) -> bool:
        found = [row["gap"] for row in self.observer.events("--kind", "gap", "--since", "10m")]
        return any(gap["part"] == "all" and nanoseconds(gap["from"]) <= died_ns <= nanoseconds(gap["to"]) for gap in found)

    # One of its processes

    def of_a_part(self, point: Point) -> None:
        name = {"front": "web-front", "zygote": "nsobs-zygote", "helper": "nsobs-snapshot"}[point.moment]
        daemon = self.observer.process.pid
        pid = wait_until(lambda: of(self.observer, name), 15, name)[0]
        before = gaps(self.observer)
        traced = in_background(*strace(point, self.trace), "-p", pid)
        self.await_attached(pid)
        deed = self.provoke(point.moment)
        if point.moment == "front":
            for _ in range(4):
                try:
                    urllib.request.urlopen(f"{self.observer.url}/metrics", timeout=5).read()
                except OSError:
                    break
        time.sleep(0.5)
        if not self.killed_by_strace(pid):
            self.missed[str(point)] += 1
            os.kill(pid, signal.SIGKILL)
        traced.wait(20)
        if deed:
            deed.wait(60)
        wait_until(lambda: [one for one in of(self.observer, name) if one != pid], 15, f"another {name}")
        assert self.observer.process.poll() is None and self.observer.process.pid == daemon
        wait_until(self.observer.is_ready, 15, "ready")
        wait_until(lambda: (gaps(self.observer) - before)[PARTS[name]] >= 1, 20, f"a gap of {name} ({point}, seed {SEED})")
        self.killed[point.moment] += 1


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    config = tmp_path_factory.mktemp("config") / "nsobserver.yaml"
    config.write_text("signals:\n  told: [SIGTERM]\n")
    with Observer("--handover.seconds=0", "--anomaly.connect-failure=off", "--config", str(config)) as observer, connect_load(rate=300):
        killer = Killer(observer)
        yield killer
        leaves_nothing(observer, killer.loaded)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_killed_at(point, killer):
    killer.at(point)
    assert killer.missed[str(point)] == 0, f"strace never saw {point.call} number {point.number}"


def test_killed_at_random_calls(killer, capsys):
    chance = random.Random(SEED)
    for _ in range(AT_RANDOM):
        point = chance.choice(POINTS + MORE)
        killer.at(Point(point.moment, point.call, chance.randint(1, point.most)))
    with capsys.disabled():
        print(f"\n{dict(killer.killed)} killed, {killer.missed.total()} of them not at the call but after it; rows again "
              f"after {killer.slowest:.1f} s at most (seed {SEED})")
