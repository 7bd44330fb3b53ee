"""The programs of the build tree that the measurements start."""

import contextlib
import pathlib
import subprocess
import sys
import time


class Programs:
    def __init__(self, build: pathlib.Path):
        self.load = self._find(build / "tests/bench/bench_load")
        self.empty = self._find(build / "tests/bench/bench_empty")
        self.ring = self._find(build / "tests/bench/bench_ring")
        self.herd = self._find(build / "tests/bench/bench_herd")
        self.scan = self._find(build / "tests/bench/bench_scan")
        self.scrape = self._find(build / "tests/bench/bench_scrape")
        self.timeline = self._find(build / "tests/bench/bench_timeline")
        self._find(build / "userspace/main/nsobserver")

    @staticmethod
    def _find(path: pathlib.Path) -> str:
        if not path.is_file():
            sys.exit(f"tests/bench/run: {path} is missing: build first, or name the tree by --build")
        return str(path)

    def workloads(self, scale: int) -> dict[str, float]:
        """CPU ns per operation, by workload."""
        output = subprocess.run([self.load, "--scale", str(scale)], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        return {name: float(ns) for name, ns in (line.split("\t") for line in output.splitlines())}

    def send_burst(self, count: int) -> float:
        """Seconds that `count` ignored signals took."""
        output = subprocess.run([self.load, "--burst", str(count)], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        return int(output) / 1e9

    def send_flood(self, per_second: int, seconds: int) -> tuple[int, float]:
        """How many ignored signals were sent, and the seconds that they took."""
        output = subprocess.run([self.load, "--flood", str(per_second), str(seconds)], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        count, took_ns = map(int, output.split("\t"))
        return count, took_ns / 1e9


@contextlib.contextmanager
def until_stdin_ends(*command: str):
    """Yields the process once it said "ready"; ends it by closing its standard input."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline() != "ready\n":
            sys.exit(f"tests/bench/run: {command[0]} did not start")
        yield process
    finally:
        process.stdin.close()
        process.wait(20)


def figures(output: str) -> dict[str, float]:
    """Of lines "name FIGURE"."""
    return {name: float(value) for name, value, *_ in map(str.split, output.splitlines())}


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, exact (clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)
