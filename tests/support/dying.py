"""What must be true when a process of the observer's was killed: helpers of the tests that kill."""

import collections
import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

from shell import alive, wait_until
from wall import nanoseconds

AGAIN_WITHIN = 5  # seconds from the start to the first event that has a row, on a machine with nothing else to do


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


def mortal(pid: int) -> list[int]:
    """What ends with it: the keeper alone outlives it, for a while, for the next one (test_handover.py)."""
    return [child for child, called in below(pid).items() if called != "nsobs-keeper"]


def of(observer, name: str) -> list[int]:
    return [pid for pid, called in below(observer.process.pid).items() if called == name]


def rows(observer, since: str = "20s", *words: str) -> dict[int, str]:
    """By id, what never changes of a row: it may grow."""
    return {row["id"]: (row["time"], row["kind"]) for row in observer.events("--since", since, *words)}


def gaps(observer) -> collections.Counter:
    found = [row["gap"] for row in observer.events("--kind", "gap", "--since", "240h")]
    return collections.Counter("daemon" if gap["part"] in ("all", "reading") and gap["cause"] == "crashed" else (gap["reason"] or "").partition(":")[0]
                               for gap in found if gap["part"] != "detail")


def programs(pid: int | None = None) -> set[int]:
    """Ids of the programs in the kernel; of those that this process holds, itself or by a link."""
    if pid is None:
        shown = subprocess.run(["bpftool", "-j", "prog", "show"], capture_output=True, text=True, check=True).stdout
        return {one["id"] for one in json.loads(shown)}
    found = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            found |= {int(number) for number in re.findall(r"^prog_id:\s+(\d+)", info.read_text(), re.MULTILINE)}
    return found


def all_ended(pids) -> None:
    wait_until(lambda: not any(alive(pid) for pid in pids), 10, "all that it started has ended")


def leaves_nothing(observer, loaded: set[int]) -> None:
    """Stops it for good; `loaded`: the programs of those that were killed before."""
    loaded = loaded | programs(observer.process.pid)
    assert loaded
    left = {observer.process.pid, *below(observer.process.pid)}
    code, _ = observer.stop()
    assert code == 0
    all_ended(left)
    wait_until(lambda: not programs() & loaded, 20, "no program of BPF is left")


def records_again(observer) -> float:
    """Starts it, while something makes connects fail; the seconds until a row of one that failed since can be read."""
    begin_ns = time.time_ns()
    observer.start()

    def has_new() -> bool:
        return any(kind == "connect_failure" and nanoseconds(when) >= begin_ns for when, kind in rows(observer).values())

    wait_until(has_new, 60, "rows again", interval=0.05)
    return (time.time_ns() - begin_ns) / 1e9
