"""Events as they arrive, each with the time at which it could be read."""

import json
import subprocess
import threading
import time

from observer import BINARY, Observer
from shell import terminate, wait_until
from wall import nanoseconds


class Follower:
    """`nsobserver events --follow` beside a test. A context manager; what stands in it only grows."""

    def __init__(self, observer: Observer, *words: str):
        self.command = [BINARY, "events", "--storage.path", str(observer.storage), "-o", "jsonl",
                        "--limit", "0", "--follow", *words]
        self.rows: list[dict] = []  # with "arrived": seconds between the event and its row
        self.lock = threading.Lock()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc_info) -> None:
        terminate(self.process)
        self.thread.join(10)

    def read(self) -> None:
        for line in self.process.stdout:
            now = time.time_ns()
            row = json.loads(line)
            row["arrived"] = (now - nanoseconds(row["time"])) / 1e9
            with self.lock:
                self.rows.append(row)

    def find(self, like) -> list[dict]:
        with self.lock:
            return [row for row in self.rows if like(row)]

    def wait(self, like, timeout: float) -> dict | None:
        """The first such row; None if there was none in time."""
        try:
            return wait_until(lambda: self.find(like), timeout, "a row", interval=0.02)[0]
        except AssertionError:
            return None
