"""Where the gauntlet is run: one observer, an innocent neighbour, a canary on the host, and what they are held to."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
import uuid
from dataclasses import dataclass, field

from attackers import ENGINES
from images import Images
from metrics import Metrics, check_sums
from observer import BINARY, Observer
from shell import run, wait_until

HERE = pathlib.Path(__file__).resolve().parent
INNOCENT_PORT, HOSTILE_PORT = 7, 9
SCRAPE_WITHIN = 4.0  # seconds, of the slowest, on a machine that is busy with the attack and with other tests


def build_attacker(rootfs: pathlib.Path) -> None:
    run("cc", "-O1", "-static", "-o", rootfs / "bin/attacker", *sorted(HERE.glob("*.c")))


def fingerprint(folder: pathlib.Path) -> str:
    """Names, kinds, modes, sizes, times and links of everything below; no file is opened."""
    digest = hashlib.sha256()
    for path, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *files]):
            whole = os.path.join(path, name)
            with contextlib.suppress(FileNotFoundError):
                info = os.lstat(whole)
                link = os.readlink(whole) if os.path.islink(whole) else ""
                digest.update(repr((whole, info.st_mode, info.st_uid, info.st_gid, info.st_size, info.st_nlink,
                                    info.st_mtime_ns, info.st_ctime_ns, link)).encode())
    return digest.hexdigest()


class Canary:
    """Files of the host that no container may change or have read for it."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder / "canary"
        self.secret = f"canary{uuid.uuid4().hex}"
        self.folder.mkdir(mode=0o755)
        (self.folder / "secret").write_text(f"nameserver {self.secret}\n{self.secret}\n")
        self.before = self.state()

    def state(self) -> tuple[str, str, str]:
        binary = pathlib.Path(BINARY)
        return (fingerprint(self.folder), (self.folder / "secret").read_text(),
                hashlib.sha256(binary.read_bytes()).hexdigest())

    def check(self) -> None:
        assert self.state() == self.before, "the host's canary was touched"


@dataclass
class Standing:
    """What the daemon holds."""
    fds: int
    threads: int
    children: int
    resident: int


def descendants(pid: int) -> int:
    children: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    count, todo = 0, [pid]
    while todo:
        below = children.get(todo.pop(), [])
        count += len(below)
        todo += below
    return count


def standing(observer: Observer) -> Standing:
    """Held namespaces aside: those have bounds of their own, in number and in time."""
    pid = observer.process.pid
    fds = 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            fds += not os.readlink(f"/proc/{pid}/fd/{fd}").startswith("net:[")
    return Standing(fds, len(os.listdir(f"/proc/{pid}/task")), descendants(pid), observer.resident_bytes())


class Scraper(threading.Thread):
    """Scrapes on and on; remembers the slowest and what was wrong."""

    def __init__(self, url: str):
        super().__init__(daemon=True)
        self.url, self.ending = url, threading.Event()
        self.seconds: list[float] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        while not self.ending.wait(0.15):
            begin = time.monotonic()
            try:
                with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
                    answer.read().decode("utf-8")
            except (OSError, ValueError) as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
            self.seconds.append(time.monotonic() - begin)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc_info) -> None:
        self.ending.set()
        self.join()


def balanced(observer: Observer) -> Metrics:
    """A scrape whose sums hold. The kernel's counters of one connect stand on two CPUs and are not read at one moment: amid
    a flood a scrape can be off by a connect that ended meanwhile; the next one is not."""
    def scrape():
        with contextlib.suppress(AssertionError):
            return observer.scrape()

    return wait_until(scrape, 10, "a scrape whose sums hold")


class Innocent:
    """The neighbour: a refused connect, a user namespace and a fatal signal at each poke, all counted."""

    def __init__(self, observer: Observer, container):
        self.observer, self.container = observer, container
        self.pokes = 0
        self.before = self.counted(observer.scrape())

    def counted(self, metrics: Metrics) -> dict[str, float]:
        name = self.container.name
        return {
            "connect_failure": metrics.sum("nsobserver_connect_failures_total", container=name, errno="ECONNREFUSED"),
            "namespace_change": metrics.sum("nsobserver_namespace_changes_total", container=name, operation="unshare",
                                            kind="user"),
            "signal": metrics.sum("nsobserver_signals_total", container=name, signal="SIGKILL"),
        }

    @contextlib.contextmanager
    def at_work(self):
        """Pokes it ten times a second."""
        ending = threading.Event()

        def poke():
            while True:
                self.pokes += 1
                self.container.poke()
                if ending.wait(0.1):
                    return

        thread = threading.Thread(target=poke, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()

    def check(self) -> None:
        """Everything that it ever did is counted."""
        wait_until(lambda: self.container.answers() == self.pokes, 10, "the neighbour has done it all")
        wanted = {kind: self.pokes + value for kind, value in self.before.items()}
        wait_until(lambda: self.counted(balanced(self.observer)) == wanted, 10,
                   f"the neighbour's counters: {wanted}, not {self.counted(balanced(self.observer))}", interval=0.1)

    def told(self) -> dict[str, int]:
        """Sums of the counts of the rows, by kind."""
        sums = {"connect_failure": 0, "namespace_change": 0, "signal": 0}
        for row in self.observer.events("--container", self.container.name):
            if row["entered_from"] is not None:
                continue  # somebody else's: another observer on this machine looks into it, too
            if row["kind"] == "namespace_change" and row["namespace_change"]["operation"] == "unshare":
                sums["namespace_change"] += row["count"]
            if row["kind"] == "signal" and row["signal"]["name"] == "SIGKILL":
                sums["signal"] += row["count"]
            if row["kind"] == "connect_failure":
                sums["connect_failure"] += row["count"]
            assert row["kind"] != "loss", f"something of the neighbour's was lost: {row}"
        return sums

    def check_told(self) -> None:
        wanted = {kind: self.pokes for kind in ("connect_failure", "namespace_change", "signal")}
        wait_until(lambda: self.told() == wanted, 10, f"the neighbour's rows: {wanted}, not {self.told()}",
                   interval=0.3)


@dataclass
class Look:
    """What a command that looks inside came to."""
    record: dict | None
    code: int
    stderr: str
    seconds: float
    text: str = field(repr=False, default="")

    def errors(self) -> str:
        return json.dumps((self.record or {}).get("errors", []))

    def why(self) -> str:
        return self.errors() + self.stderr


class Arena:
    """Set up once for all cases."""

    def __init__(self, images: Images, stack: contextlib.ExitStack):
        build_attacker(images.rootfs)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-gauntlet-", dir="/var/tmp"))
        stack.callback(shutil.rmtree, self.folder, True)
        self.folder.chmod(0o755)
        self.canary = Canary(self.folder)
        # Others' containers count, too; and no loss may be of the observer's own budget (e2e/test_budget.py).
        self.observer = stack.enter_context(Observer("--anomaly.per-minute=100000", "--budget.cpu-percent=0"))
        self.engines = {name: stack.enter_context(make(images)) for name, make in ENGINES.items()}
        container = self.engines["runc"].start_hostile(
            "innocent", "true", port=INNOCENT_PORT, stand=f"/bin/attacker innocent {INNOCENT_PORT}")
        wait_until(lambda: self.knows(container.name), 10, "the neighbour is known")
        self.innocent = Innocent(self.observer, container)
        self.figures: list[dict] = []
        self.started = 0  # hostile containers so far
        self.attackers: set[str] = set()  # their names
        self.at_first = standing(self.observer)
        self.resting_children = self.at_first.children

    def knows(self, name: str) -> bool:
        return bool(self.observer.scrape().matching("nsobserver_container_info", container=name))

    def look(self, command: str, target: str, *words: str, within: float) -> Look:
        """`snapshot` or `diagnose` of a target, as JSON, in bounded time."""
        begin = time.monotonic()
        try:
            done = self.observer.cli(command, target, *words, "-o", "json", timeout=within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{command} {target} did not end within {within} s") from None
        seconds = time.monotonic() - begin
        assert self.canary.secret not in done.stdout, f"{command} read the canary for the container"
        records = json.loads(done.stdout) if done.stdout.strip() else []
        return Look(records[0] if records else None, done.returncode, done.stderr, seconds, done.stdout)

    def own_looks(self, name: str) -> list[dict]:
        """Heads of the records that the daemon made of a container by itself."""
        done = self.observer.cli("snapshots", "list", "--container", name, "-o", "jsonl")
        return [row for row in map(json.loads, done.stdout.splitlines()) if row["rule"] == "connect_failure"]
