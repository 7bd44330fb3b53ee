"""A restart without a hole: what the kernel counts and buffers outlives the daemon for a short time, and the next one
goes on with it. Each failure is told once, none twice, and nothing is left when nobody comes."""

import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import namespaces
from observer import Observer, roots_of
from runtimes import engine
from shell import run, terminate, wait_until

# Refused connects, each to the next port; says on each line which one it did.
NUMBERED = """
import socket, sys, time
rate, number = float(sys.argv[1]), 1000
while True:
    with socket.socket() as client:
        try:
            client.connect(("127.0.0.1", number))
        except ConnectionRefusedError:
            print(number, flush=True)
    number += 1
    time.sleep(1 / rate)
"""
FIRST = 1000


class Numbers:
    """The workload in a net namespace of its own."""

    def __init__(self, name: str, folder: pathlib.Path, rate: int = 100):
        self.name, self.file = name, folder / "numbers"
        with self.file.open("wb") as out:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", name, sys.executable, "-c", NUMBERED, str(rate)],
                stdin=subprocess.DEVNULL, stdout=out)

    def done(self) -> int:
        return len(self.file.read_bytes().splitlines())

    def stop(self) -> list[int]:
        terminate(self.process)
        lines = self.file.read_text().split()
        return [int(line) for line in lines]


@contextlib.contextmanager
def numbers(tmp_path, rate: int = 100):
    with namespaces.net_namespace() as name:
        load = Numbers(name, tmp_path, rate)
        try:
            yield load
        finally:
            terminate(load.process)


def told(observer, name: str) -> dict[int, int]:
    """How often each port was told, whatever the rows are."""
    out: dict[int, int] = {}
    for row in observer.events("--kind", "connect_failure", "--container", f"netns {name}", "--since", "1h"):
        port = row["connect_failure"]["port"]
        if port >= FIRST:
            out[port] = out.get(port, 0) + row["count"]
    return out


def gaps(observer) -> list[dict]:
    return [row["gap"] for row in observer.events("--kind", "gap", "--since", "1h")]


def handovers(observer, result: str) -> float:
    return observer.scrape().sum("nsobserver_handovers_total", result=result)


def counted(observer, name: str) -> float:
    return observer.scrape().sum("nsobserver_connect_failures_total", container=f"netns {name}")


def keepers(observer) -> list[int]:
    """Processes that hold something for the daemon on this storage."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{observer.storage}/handover.sock" in (folder / "cmdline").read_text().split("\0"):
                found.append(int(folder.name))
    return found


def programs_held(pid: int) -> set[int]:
    """The BPF programs that this process holds."""
    ids = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").glob("*"):
        with contextlib.suppress(OSError):
            words = info.read_text().split()
            if "prog_id:" in words:
                ids.add(int(words[words.index("prog_id:") + 1]))
    return ids


def all_programs() -> set[int]:
    return {program["id"] for program in json.loads(run("bpftool", "prog", "list", "-j").stdout)}


def nothing_is_left(observer, programs: set[int]) -> bool:
    return not keepers(observer) and not (observer.storage / "handover.sock").exists() \
        and not programs & all_programs()


def each_once(observer, load: Numbers) -> None:
    done = load.stop()
    wait_until(lambda: done[-1] in told(observer, load.name), 10, "the last one")
    rows = told(observer, load.name)
    assert [port for port in done if port not in rows] == [], "not told"
    assert {port: count for port, count in rows.items() if count != 1} == {}, "told more than once"
    # The last one may have been refused before its line was written.
    assert set(rows) - set(done) <= {done[-1] + 1}
    wait_until(lambda: counted(observer, load.name) == len(rows), 5, "the counter")


def test_killed_again_and_again_tells_each_once(tmp_path):
    with Observer() as observer, numbers(tmp_path) as load:
        wait_until(lambda: counted(observer, load.name) > 0, 20, "the namespace's name")
        for round_number in range(6):
            enough = load.done() + random.randrange(50, 150)
            wait_until(lambda: load.done() > enough, 60, "load")
            observer.kill()
            if round_number % 2:
                time.sleep(random.uniform(0, 1.5))
            observer.start()
            assert handovers(observer, "adopted") == 1, observer.log.read_text()
        each_once(observer, load)
        found = gaps(observer)
        assert [gap["part"] for gap in found] == ["reading"] * 6
        assert {gap["cause"] for gap in found} == {"crashed"}


def test_killed_while_it_starts_tells_each_once(tmp_path):
    with Observer() as observer, numbers(tmp_path) as load:
        wait_until(lambda: counted(observer, load.name) > 0, 20, "the namespace's name")
        for _ in range(4):
            observer.kill()
            with observer.log.open("ab") as log:
                observer.process = subprocess.Popen(observer.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            time.sleep(random.uniform(0.05, 1))
        observer.kill()
        observer.start()
        assert handovers(observer, "adopted") == 1, observer.log.read_text()
        each_once(observer, load)


def test_stopped_for_a_successor(tmp_path):
    with Observer() as observer, numbers(tmp_path) as load:
        wait_until(lambda: counted(observer, load.name) > 0, 20, "the namespace's name")
        observer.process.send_signal(signal.SIGUSR2)
        assert observer.process.wait(10) == 0, observer.log.read_text()
        enough = load.done() + 100
        wait_until(lambda: load.done() > enough, 60, "load")
        observer.start()
        assert handovers(observer, "adopted") == 1, observer.log.read_text()
        each_once(observer, load)
        assert [(gap["cause"], gap["part"]) for gap in gaps(observer)] == [("stopped", "reading")]


def test_runs_of_equal_events_are_counted_once(tmp_path):
    """What the kernel counts without a record goes on being counted: the same port, as fast as it goes."""
    same = NUMBERED.replace("    number += 1\n", "")
    with Observer() as observer, namespaces.net_namespace() as name:
        file = tmp_path / "same"
        with file.open("wb") as out:
            process = subprocess.Popen(["ip", "netns", "exec", name, sys.executable, "-c", same, "2000"],
                                       stdin=subprocess.DEVNULL, stdout=out)
        try:
            wait_until(lambda: counted(observer, name) > 0, 20, "the namespace's name")
            for _ in range(5):
                time.sleep(random.uniform(1, 2))
                observer.kill()
                observer.start()
                assert handovers(observer, "adopted") == 1, observer.log.read_text()
            time.sleep(0.5)
        finally:
            terminate(process)
        done = len(file.read_text().split())
        for _ in range(50):
            rows = told(observer, name).get(FIRST, 0)
            if rows in (done, done + 1):
                break
            time.sleep(0.1)
        # The last one may have been refused before its line was written.
        assert rows in (done, done + 1), (rows, done, counted(observer, name))
        wait_until(lambda: counted(observer, name) == rows, 5, "the counter")


def failures_of(observer, container: str) -> tuple[float, float]:
    scrape = observer.scrape()
    return (scrape.sum("nsobserver_connect_failures_total", container=container, errno="ECONNREFUSED"),
            scrape.sum("nsobserver_tcp_connects_total", container=container, outcome="failed"))


def test_what_a_container_counted_that_is_gone_is_never_the_hosts(tmp_path):
    with Observer() as observer:
        with numbers(tmp_path, 500) as load:
            wait_until(lambda: counted(observer, load.name) > 0, 20, "the namespace's name")
            wait_until(lambda: load.done() > 1000, 60, "load")
            done = len(load.stop())
            wait_until(lambda: min(told(observer, load.name).get(FIRST + number, 0) for number in (0, done - 1)), 10, "the last row")
            time.sleep(0.5)  # nothing of it waits in the kernel
            observer.kill()
        observer.start()
        assert handovers(observer, "adopted") == 1, observer.log.read_text()
        assert counted(observer, load.name) == 0, "nobody knows that name any more"
        host, others = failures_of(observer, "host"), failures_of(observer, "(other)")
        assert min(others) >= done > 1000, "they are counted"
        assert max(host) < done / 2, "but not as the host's"


def test_a_container_that_went_before_anybody_looked_gets_no_other_name(images):
    ports = range(2000, 2010)
    with engine("runc", images) as runc, Observer(*roots_of(runc)) as observer:
        web = runc.start("gone")
        wait_until(lambda: "gone" in observer.cli("containers").stdout, 20, "its name")
        observer.kill()
        for port in ports:
            web.exec("/bin/nc", "127.0.0.1", str(port))
        web.remove()
        observer.start()
        assert handovers(observer, "adopted") == 1, observer.log.read_text()

        def names() -> dict[int, str]:
            rows = observer.events("--kind", "connect_failure", "--since", "1m")
            return {row["connect_failure"]["port"]: (row["container"]["name"].partition(" ")[0], row["container"]["certain"])
                    for row in rows if row["connect_failure"]["port"] in ports}

        wait_until(lambda: len(names()) == len(ports), 10, "all of them")
        assert set(names().values()) == {("unknown", False)}


def test_sigterm_leaves_nothing():
    with Observer() as observer:
        programs = programs_held(observer.process.pid)
        assert len(programs) > 10 and len(keepers(observer)) == 1
        assert programs_held(keepers(observer)[0]) == programs
        assert observer.stop()[0] == 0
        wait_until(lambda: nothing_is_left(observer, programs), 2, "nothing")
        observer.start()
        assert handovers(observer, "adopted") + handovers(observer, "refused") == 0
        assert [(gap["cause"], gap["part"]) for gap in gaps(observer)] == [("stopped", "all")]


def test_nobody_comes():
    with Observer("--handover.seconds=3") as observer:
        programs = programs_held(observer.process.pid)
        observer.kill()
        time.sleep(1)
        assert len(keepers(observer)) == 1 and programs <= all_programs()
        wait_until(lambda: nothing_is_left(observer, programs), 6, "nothing")
        observer.start()
        assert handovers(observer, "adopted") + handovers(observer, "refused") == 0
        wait_until(lambda: gaps(observer), 5, "the gap")
        assert [(gap["cause"], gap["part"]) for gap in gaps(observer)] == [("crashed", "all")]


def test_switched_off():
    with Observer("--handover.seconds=0") as observer:
        programs = programs_held(observer.process.pid)
        assert keepers(observer) == []
        observer.kill()
        wait_until(lambda: nothing_is_left(observer, programs), 2, "nothing")


def test_another_schema_is_refused():
    with Observer() as observer:
        before = programs_held(observer.process.pid)
        keeper = keepers(observer)
        observer.kill()
        observer.options = ("--handover.seconds=10", "--ring.bulk-bytes=2MiB")
        observer.start()
        assert (handovers(observer, "adopted"), handovers(observer, "refused")) == (0, 1)
        assert "bulk=4194304 (here: bulk=2097152)" in observer.log.read_text()
        wait_until(lambda: gaps(observer), 5, "the gap")
        assert [(gap["cause"], gap["part"]) for gap in gaps(observer)] == [("crashed", "all")]
        assert not before & all_programs()
        assert len(keepers(observer)) == 1 and keepers(observer) != keeper


def test_two_observers_keep_their_own(tmp_path):
    with Observer() as one, Observer() as other:
        programs = programs_held(one.process.pid), programs_held(other.process.pid)
        assert not programs[0] & programs[1]
        for observer in (one, other):
            observer.kill()
        for observer, own in ((other, programs[1]), (one, programs[0])):
            observer.start()
            assert handovers(observer, "adopted") == 1
            assert own <= programs_held(observer.process.pid)


def test_the_keeper_holds_no_power():
    with Observer() as observer:
        status = pathlib.Path(f"/proc/{keepers(observer)[0]}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert (int(fields["CapEff"], 16), int(fields["CapPrm"], 16)) == (0, 0)
        assert (fields["Seccomp"], fields["NoNewPrivs"]) == ("2", "1")
        assert os.stat(observer.storage / "handover.sock").st_mode & 0o777 == 0o600


def connected(observer) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(10)
    client.connect(str(observer.storage / "handover.sock"))
    return client


def test_others_on_its_socket_change_nothing():
    with Observer() as observer:
        programs = programs_held(observer.process.pid)
        with connected(observer) as stranger:
            assert stranger.recv(100) == b"", "while the daemon lives nobody gets anything"
        observer.kill()
        with connected(observer) as rude:  # takes a part of it, says rubbish, and goes
            assert rude.recv(10)
            rude.send(b"rubbish")
        observer.start()
        assert handovers(observer, "adopted") == 1, observer.log.read_text()
        assert programs <= programs_held(observer.process.pid)


# Starts the daemon as systemd does: descriptors from 3 on, and their names.
LAUNCH = """
import fcntl, os, sys
fds = [fcntl.fcntl(int(fd), fcntl.F_DUPFD_CLOEXEC, 1000) for fd in sys.argv[1].split(",") if fd]
for number, fd in enumerate(fds):
    os.dup2(fd, 3 + number, inheritable=True)
os.closerange(3 + len(fds), 1000)
if fds:
    os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": sys.argv[2]}
os.execv(sys.argv[3], sys.argv[3:])
"""


class Managed(Observer):
    """With a service manager that stores descriptors, by the protocol of sd_notify(3) and sd_listen_fds(3)."""

    def __init__(self, *options: str):
        super().__init__(*options)
        self.store: list[tuple[str, int]] = []
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(self.folder / "notify"))
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, fds, _, _ = socket.recv_fds(self.manager, 4096, 4)
                words = dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)
                if words.get("FDSTORE") == "1":
                    assert words["FDPOLL"] == "0"
                    self.store += [(words["FDNAME"], fd) for fd in fds]
                elif words.get("FDSTOREREMOVE") == "1":
                    for one in [one for one in self.store if one[0] == words["FDNAME"]]:
                        os.close(one[1])
                        self.store.remove(one)

    def start(self) -> None:
        fds = [fd for _, fd in self.store]
        launch = [sys.executable, "-c", LAUNCH, ",".join(map(str, fds)), ":".join(name for name, _ in self.store)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*launch, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=fds,
                env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")})
        wait_until(lambda: self.process.poll() is not None or self.is_ready(), 60, "ready")
        assert self.process.poll() is None, self.log.read_text()

    def stopped_for_good(self) -> None:
        """What systemd does then."""
        for _, fd in self.store:
            os.close(fd)
        self.store.clear()

    def __exit__(self, *exc_info) -> None:
        self.stopped_for_good()
        self.manager.close()
        super().__exit__(*exc_info)


def test_a_service_manager_keeps_it(tmp_path):
    with Managed() as observer, numbers(tmp_path) as load:
        wait_until(lambda: counted(observer, load.name) > 0, 20, "the namespace's name")
        programs = programs_held(observer.process.pid)
        assert keepers(observer) == [] and len(observer.store) > 50
        stored = len(observer.store)
        for deed in (observer.kill, observer.stop, observer.kill):
            enough = load.done() + 60
            wait_until(lambda least=enough: load.done() > least, 60, "load")
            deed()
            observer.start()
            assert handovers(observer, "adopted") == 1, observer.log.read_text()
            assert len(observer.store) == stored, "what it holds already"
        each_once(observer, load)
        assert [gap["part"] for gap in gaps(observer)] == ["reading"] * 3
        observer.stop()
        assert programs <= all_programs()
        observer.stopped_for_good()
        wait_until(lambda: nothing_is_left(observer, programs), 2, "nothing")


def test_what_a_service_manager_kept_of_another_schema_is_let_go():
    with Managed() as observer:
        before = programs_held(observer.process.pid)
        observer.kill()
        observer.options = ("--handover.seconds=10", "--ring.bulk-bytes=2MiB")
        observer.start()
        assert (handovers(observer, "adopted"), handovers(observer, "refused")) == (0, 1)
        wait_until(lambda: not before & all_programs(), 2, "the old ones gone")
        observer.kill()
        observer.start()
        assert handovers(observer, "adopted") == 1, "the new ones are stored"
