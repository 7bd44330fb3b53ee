"""Bursts without loss, and what the daemon costs when nothing happens."""

import concurrent.futures
import contextlib
import signal
import socket
import time

import namespaces
import pytest
from expect import APPEARS_WITHIN
from load import send_signals
from observer import Observer
from runtimes import engine
from shell import wait_until

BURST = 100_000
DIFFERENT = 15_000  # records of some 200 bytes
RESTING = 200
REST_SECONDS = 10


@pytest.mark.measuring
def test_burst_of_ignored_signals_is_complete(observer):
    labels = {"signal": "SIGTERM", "result": "ignored"}
    with namespaces.unshared("--pid", "--fork", "--net") as pid:
        inode = str(namespaces.inodes(pid)["pid"])
        infos = wait_until(lambda: observer.scrape().matching("nsobserver_container_info",
                                                              pidns=inode),
                           APPEARS_WITHIN, "the name of the target")
        name = infos[0][0]["container"]
        before = observer.scrape()
        send_signals(pid, signal.SIGTERM, BURST)
        after = observer.scrape()
        assert after.sum("nsobserver_signals_total", container=name, **labels) == BURST
        assert after.sum("nsobserver_events_lost_total") == before.sum("nsobserver_events_lost_total")

        def told():
            rows = observer.events("--container", name, "--kind", "signal", "--since", "10m")
            return sum(row["count"] for row in rows if row["signal"]["name"] == "SIGTERM") == BURST

        wait_until(told, 5, f"all {BURST} in the counts of the rows", interval=0.2)


def test_records_that_differ_come_through_windows_of_the_ring():
    """More than both rings hold, so that every window is read, and the ring's end is passed."""
    with Observer("--ring.bulk-bytes=1MiB", "--ring.critical-bytes=1MiB",
                  "--anomaly.per-minute=10") as observer:
        for n in range(DIFFERENT):
            with socket.socket() as s, contextlib.suppress(ConnectionRefusedError):
                s.connect((f"127.77.{n >> 8}.{n & 255}", 9))
            if n % 500 == 0:
                time.sleep(0.05)  # the ring's reader is not to fall behind

        def told():
            rows = observer.events("--kind", "connect_failure", "--since", "10m")
            return {row["connect_failure"]["destination"] for row in rows}

        wanted = {f"127.77.{n >> 8}.{n & 255}" for n in range(DIFFERENT)}
        wait_until(lambda: wanted <= told(), 20, f"{DIFFERENT} failures to different addresses",
                   interval=0.5)
        assert observer.scrape().sum("nsobserver_malformed_records_total") == 0


@pytest.mark.measuring
def test_at_rest_with_many_containers(images, capsys):
    with engine("runc", images) as runc, contextlib.ExitStack() as stack:
        observer = stack.enter_context(Observer())
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            containers = list(pool.map(lambda n: runc.start(f"rest{n}"), range(RESTING)))
        took = time.monotonic() - start
        names = {c.name for c in containers}

        def all_known():
            infos = observer.scrape().matching("nsobserver_container_info", runtime="runc")
            return names <= {labels["container"] for labels, _ in infos}

        wait_until(all_known, 10, f"{RESTING} containers known", interval=0.2)
        settle(observer)
        cpu, begin = observer.cpu_seconds(), time.monotonic()
        time.sleep(REST_SECONDS)
        share = (observer.cpu_seconds() - cpu) / (time.monotonic() - begin)
        resident = observer.resident_bytes() / 2**20
        with capsys.disabled():
            print(f"\nat rest with {RESTING} containers (started in {took:.0f} s): "
                  f"{100 * share:.2f} % of a core, {resident:.1f} MiB")
        observer.scrape()
        assert share <= 0.01
        assert resident <= 40


def settle(observer) -> None:
    """Until what the starts caused is worked off: no CPU time in a quarter of a second."""
    def quiet():
        before = observer.cpu_seconds()
        time.sleep(0.25)
        return observer.cpu_seconds() - before <= 0.01

    wait_until(quiet, 30, "rest")
