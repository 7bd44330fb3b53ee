"""The processes that work for the observer: whichever ends is replaced, counted and told, once."""

import os
import pathlib
import signal
import time
import uuid

import namespaces
import pytest
from observer import Observer
from shell import run, wait_until

RESTARTS = "nsobserver_helper_restarts_total"


def is_called(pid: int, name: str) -> bool:
    process = pathlib.Path(f"/proc/{pid}")
    try:
        return (process / "comm").read_text().strip() == name or name.encode() in (process / "cmdline").read_bytes()
    except OSError:
        return False  # it ended: a look is a child of the helper's, and ends when it has looked


def children(pid: int, name: str) -> list[int]:
    """Its children of this name; whichever thread made them."""
    found = []
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            its = (thread / "children").read_text().split()
        except OSError:
            continue  # a thread that ended meanwhile
        found += [int(child) for child in its if is_called(int(child), name)]
    return found


def child(pid: int, name: str, not_this: int = 0) -> int:
    return wait_until(lambda: [one for one in children(pid, name) if one != not_this], 30, f"{name} of {pid}")[0]


def counts(observer) -> dict[tuple[str, str], float]:
    """Those that happened."""
    rows = observer.scrape().matching(RESTARTS)
    assert len(rows) == 12, "each process and each reason is there from the start"
    return {(labels["process"], labels["reason"]): value for labels, value in rows if value}


def gaps(observer) -> list[tuple[str, str, str]]:
    rows = [row["gap"] for row in observer.events("--kind", "gap", "--since", "1h")]
    assert all(row["from"] <= row["to"] for row in rows)
    return sorted((row["cause"], row["part"], row["reason"]) for row in rows if row["part"] != "all")


@pytest.fixture
def observer():
    with Observer() as observer:
        wait_until(observer.is_ready, 30, "ready")
        yield observer


def test_each_that_is_killed_is_told_once(observer):
    pid = observer.process.pid
    front, zygote = child(pid, "web-front"), child(pid, "nsobs-zygote")
    helper = child(zygote, "nsobs-snapshot")
    assert counts(observer) == {} and gaps(observer) == []

    os.kill(front, signal.SIGKILL)
    child(pid, "web-front", not_this=front)
    told = [("helper_ended", "web", "web: killed by signal 9")]
    wait_until(lambda: gaps(observer) == told, 20, "the gap of the front")

    os.kill(zygote, signal.SIGKILL)
    second = child(pid, "nsobs-zygote", not_this=zygote)
    assert child(second, "nsobs-snapshot") != helper
    told.append(("helper_ended", "snapshot", "zygote: killed by signal 9"))
    wait_until(lambda: gaps(observer) == sorted(told), 20, "the gap of the zygote")

    time.sleep(1)  # it is not begun anew more often
    helper = child(second, "nsobs-snapshot")
    os.kill(helper, signal.SIGKILL)
    child(second, "nsobs-snapshot", not_this=helper)
    told.append(("helper_ended", "snapshot", "snapshot: killed by signal 9"))
    wait_until(lambda: gaps(observer) == sorted(told), 20, "the gap of the helper")

    time.sleep(3)
    assert gaps(observer) == sorted(told), "nothing twice"
    expected = {("web", "killed"): 1, ("zygote", "killed"): 1, ("snapshot", "killed"): 1}
    wait_until(observer.is_ready, 30, "ready")
    assert counts(observer) == expected
    text = observer.cli("events", "--kind", "gap").stdout
    assert "page and metrics not served for" in text and "no looks into namespaces for" in text
    assert observer.process.poll() is None


def test_the_new_zygote_is_as_the_old_one(observer):
    pid = observer.process.pid
    zygote = child(pid, "nsobs-zygote")
    os.kill(zygote, signal.SIGKILL)
    second = child(pid, "nsobs-zygote", not_this=zygote)
    helper = child(second, "nsobs-snapshot")
    for one in (second, helper):
        status = pathlib.Path(f"/proc/{one}/status").read_text()
        assert "CapEff:\t0000000000281004" in status and "Threads:\t1\n" in status, status
        def links_of(pid=one) -> list[str]:
            return [os.readlink(link) for link in sorted(pathlib.Path(f"/proc/{pid}/fd").iterdir())]

        wait_until(lambda: len(links_of()) == 4, 10, "one at rest: a look has more")
        links = links_of()
        assert links[:3] == ["/dev/null"] * 3 and len(links) == 4 and links[3].startswith("socket:"), links
    # It looks, and its looks are no events.
    with namespaces.net_namespace(f"help-{uuid.uuid4().hex[:6]}") as name:
        # For a second: who is gone within a millisecond may be gone before it is looked at.
        run("ip", "netns", "exec", name, "/usr/bin/python3", "-c",
            "import socket, time; socket.socket().connect_ex(('127.0.0.1', 9)); time.sleep(2)", check=False)
        wait_until(lambda: observer.scrape().sum("nsobserver_snapshots_total", result="taken") >= 1, 30, "a look")
        time.sleep(1)
    doers = [row["process"] for row in observer.events("--kind", "namespace_change", "--since", "1h")]
    assert [one for one in doers if one["parent_pid"] == helper] == [], "other observers of this machine look, too"
    assert "ip" in {one["comm"] for one in doers}


def test_a_front_that_hangs_is_replaced(observer):
    pid = observer.process.pid
    front = child(pid, "web-front")
    time.sleep(2)  # it has given signs of life
    began = time.monotonic()
    os.kill(front, signal.SIGSTOP)
    child(pid, "web-front", not_this=front)
    assert 3 < time.monotonic() - began < 20
    wait_until(observer.is_ready, 30, "ready")
    assert wait_until(lambda: gaps(observer), 20, "the gap") == [("helper_hung", "web", "web: no sign of life for 5s")]
    assert counts(observer) == {("web", "hung"): 1}
    assert not pathlib.Path(f"/proc/{front}").exists()
