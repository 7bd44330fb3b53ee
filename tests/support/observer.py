"""The daemon under test, with a storage and a port of its own."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from metrics import Metrics, check_sums
from runtimes import Engine
from shell import free_port, run, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("NSOBS_BINARY", str(ROOT / "build/userspace/main/nsobserver"))


def cli(*words, check: bool = False, timeout: float = 30, **options) -> subprocess.CompletedProcess:
    return run(BINARY, *words, check=check, timeout=timeout, **options)


def roots_of(engine: Engine) -> list[str]:
    """Options that tell the daemon where a private engine keeps its state."""
    folder = engine.folder
    roots = {
        "podman": {"podman-storage-root": "root", "podman-run-root": "run"},
        "crio": {"podman-storage-root": "root", "podman-run-root": "run"},
        "docker": {"docker-data-root": "data", "docker-exec-root": "exec"},
        "containerd": {"containerd-state-root": "state"},
    }.get(engine.runtime, {})
    return [f"--runtimes.{option}={folder / name}" for option, name in roots.items()]


def roots_of_all(engines) -> list[str]:
    """The same for several beside each other."""
    values: dict[str, list[str]] = {}
    for option in (option for engine in engines for option in roots_of(engine)):
        key, _, value = option.partition("=")
        if pathlib.Path(value).exists():
            values.setdefault(key, []).append(value)
    return [f"{key}={','.join(dict.fromkeys(value))}" for key, value in values.items()]


class Observer:
    """A context manager: ready when entered, stopped when left. Every scrape checks the sums."""

    def __init__(self, *options: str, storage: pathlib.Path | None = None):
        self.options = options
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-observer-", dir="/var/tmp"))
        self.storage = storage or self.folder / "storage"
        self.storage.mkdir(mode=0o700, exist_ok=True)
        self.log = self.folder / "log"
        self.process: subprocess.Popen | None = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info) -> None:
        try:
            if self.process and self.process.poll() is None:
                self.kill()
        finally:
            run("rm", "-rf", self.folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [BINARY, "run", "--storage.path", str(self.storage),
                "--web.listen-address", f"127.0.0.1:{self.port}", *self.options]

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        wait_until(lambda: self.process.poll() is not None or self.is_ready(), 60, "ready")
        assert self.process.poll() is None, \
            f"ended with {self.process.returncode}:\n{self.log.read_text()}"

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError, urllib.error.HTTPError):
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return answer.status == 200
        return False

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code and how long it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30), time.monotonic() - start

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def scrape(self) -> Metrics:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            metrics = Metrics(answer.read().decode())
        check_sums(metrics)
        return metrics

    def cli(self, command: str, *words, **options) -> subprocess.CompletedProcess:
        return cli(command, "--storage.path", self.storage, *words, **options)

    def events(self, *words) -> list[dict]:
        """Rows of the timeline by the command line; nothing found is an empty list."""
        result = self.cli("events", "-o", "jsonl", "--limit", "0", *words)
        nothing = result.returncode == 1 and ("no events match" in result.stderr or
                                              "knows no container" in result.stderr)
        assert nothing or (result.returncode, result.stderr) == (0, ""), result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def cpu_seconds(self) -> float:
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")
