"""Makes many failures, and remembers which and when."""

import contextlib
import os
import signal
import socket
import threading
import time


def refused_connects(stop: threading.Event, done: list[tuple[int, str, int]], rate: int) -> None:
    """Each to another address, so that no two are equal; `done` gets (wall ns, address, port)."""
    pause = 1 / rate
    number = 0
    while not stop.is_set():
        number += 1
        address = f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"
        with socket.socket() as client:
            with contextlib.suppress(ConnectionRefusedError):
                client.connect((address, 9))
        done.append((time.time_ns(), address, 9))
        time.sleep(pause)


@contextlib.contextmanager
def connect_load(rate: int = 1000):
    """Yields the growing list of what was done. The load ends with the block."""
    stop, done = threading.Event(), []
    thread = threading.Thread(target=refused_connects, args=(stop, done, rate))
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()


def send_signals(pid: int, number: signal.Signals, count: int) -> None:
    """As fast as one CPU can."""
    kill = os.kill
    for _ in range(count):
        kill(pid, number)
