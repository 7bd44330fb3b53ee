"""The whole daemon under ThreadSanitizer with all that it does at once. It says nothing on times: TSan makes it ten times
slower, and it cannot enter user namespaces (its own thread is in the way).
"""

import contextlib
import itertools
import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request

from observer import BINARY, Observer, roots_of_all
from otlp import Receiver
from runtimes import engine
from shell import wait_until

SECONDS = 30
PATHS = ("/metrics", "/", "/api/v1/status", "/api/v1/containers", "/api/v1/namespaces", "/api/v1/events?limit=200",
         "/api/v1/findings", "/-/ready")


class Work:
    """Does each deed again and again, each in a thread of its own, and counts."""

    def __init__(self):
        self.stop = threading.Event()
        self.done: dict[str, int] = {}
        self.errors: list[Exception] = []
        self.threads: list[threading.Thread] = []

    def again(self, name: str, deed, pause: float) -> None:
        self.done[name] = 0

        def loop() -> None:
            for number in itertools.count():
                if self.stop.wait(pause):
                    return
                try:
                    deed(number)
                except Exception as error:  # pylint: disable=broad-except  # the test raises it
                    self.errors.append(error)
                    return
                self.done[name] += 1

        self.threads.append(threading.Thread(target=loop, name=name))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(60)


def connect_nowhere(number: int) -> None:
    with socket.socket() as s, contextlib.suppress(ConnectionRefusedError):
        s.connect((f"127.88.{number >> 8 & 255}.{number & 255}", 9))


def read_pages(observer: Observer):
    def deed(number: int) -> None:
        path = PATHS[number % len(PATHS)]
        try:
            with urllib.request.urlopen(observer.url + path, timeout=60) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            assert error.code == 503, f"{path}: {error}"  # busy
    return deed


def live_and_die(runc, names: list[str]):
    def deed(number: int) -> None:
        container = runc.start(f"race-{number}", command=("/bin/toolbox", "knock", "9"))
        names.append(container.name)
        container.knock()
        container.remove()
    return deed


def newest_owner(observer: Observer, *containers: str) -> str | None:
    """Whose the newest failure is."""
    of = [word for name in containers for word in ("--container", name)]
    done = observer.cli("events", "-o", "jsonl", "--kind", "connect_failure", "--limit", "1", *of, check=False,
                        timeout=120)
    return (json.loads(done.stdout)["container"] or {}).get("name") if done.returncode == 0 else None


def is_of_tsan() -> bool:
    with open(BINARY, "rb") as file:
        return b"libtsan.so" in file.read()


def test_no_data_race_in_the_whole_daemon(images, reports):
    assert is_of_tsan(), f"{BINARY} was built without it"
    with engine("runc", images) as runc, Receiver() as receiver:
        with Observer(f"--otlp.endpoint={receiver.url}", "--otlp.interval=1s", *roots_of_all([runc])) as observer:
            names: list[str] = []
            work = Work()
            work.again("connects", connect_nowhere, 0.005)
            work.again("containers", live_and_die(runc, names), 0.1)
            for reader in range(3):
                work.again(f"pages {reader}", read_pages(observer), 0.05)
            work.again("reloads", lambda _: os.kill(observer.process.pid, 1), 2)
            work.again("rows", lambda _: newest_owner(observer), 1)
            with work:
                time.sleep(SECONDS)
            assert work.errors == []
            assert all(count > 0 for count in work.done.values()), work.done
            wait_until(lambda: newest_owner(observer, names[0]) == names[0], 60, f"a row of {names[0]}")
            wait_until(receiver.records, 60, "records that left")
            code, _ = observer.stop()
            print(work.done)
    found = [file.read_text() for file in sorted(reports.iterdir())]
    assert found == [], "\n".join(found)
    assert code == 0
