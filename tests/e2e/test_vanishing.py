"""Processes, namespaces and cgroups that are gone before one has looked at them: a storm of lives while the observer starts."""

import contextlib
import pathlib
import subprocess
import threading
import uuid

import cgroups
from dying import all_ended, mortal
from observer import Observer
from shell import wait_until

STARTS = 4


def lives(stop: threading.Event, done: list[int]) -> None:
    """Namespaces of a millisecond."""
    while not stop.is_set():
        subprocess.run(["unshare", "--net", "--uts", "--ipc", "--pid", "--fork", "/bin/true"], check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done.append(1)


def cgroup_lives(stop: threading.Event, done: list[int], parent: pathlib.Path) -> None:
    """Cgroups as a runtime names them, with a process that ends, removed at once."""
    while not stop.is_set():
        folder = parent / f"docker-{uuid.uuid4().hex}{uuid.uuid4().hex}.scope"
        folder.mkdir()
        with subprocess.Popen(["sleep", "0.01"]) as process, contextlib.suppress(OSError):
            (folder / "cgroup.procs").write_text(str(process.pid))
        with contextlib.suppress(OSError):
            folder.rmdir()
        done.append(1)


@contextlib.contextmanager
def storm():
    stop, done = threading.Event(), []
    name = f"nsobs-storm-{uuid.uuid4().hex[:6]}"
    with cgroups.removing(name):
        parent = cgroups.naming_hierarchy() / name
        parent.mkdir()
        threads = [threading.Thread(target=lives, args=(stop, done)) for _ in range(3)]
        threads.append(threading.Thread(target=cgroup_lives, args=(stop, done, parent)))
        for thread in threads:
            thread.start()
        try:
            yield done, name
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def start_again(observer: Observer, done: list[int]) -> None:
    for _ in range(STARTS):
        others = mortal(observer.process.pid)
        observer.kill()
        all_ended(others)
        before = len(done)
        observer.start()
        wait_until(lambda: len(done) > before + 50, 30, "lives while it starts")
        scraped = observer.scrape()  # checks the sums
        assert scraped.sum("nsobserver_malformed_records_total") == 0
        result = observer.cli("containers", "-o", "jsonl")
        assert result.returncode in (0, 1), result.stderr


def containers_of(observer: Observer) -> str:
    return observer.cli("containers", "-o", "jsonl").stdout


def test_starts_in_a_storm_of_short_lives():
    with Observer() as observer:
        with storm() as (done, name):
            start_again(observer, done)
            wait_until(lambda: name in containers_of(observer), 20, "one of the storm is seen")
        assert observer.process.poll() is None
        problems = [line for line in observer.log.read_text().splitlines() if " error " in line or " critical " in line]
        assert problems == []
        wait_until(lambda: name not in containers_of(observer), 20, "none of the storm is alive for it")
        assert observer.stop()[0] == 0
