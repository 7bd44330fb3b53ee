"""The process that listens: no privilege, and nothing hangs on its life."""

import os
import pathlib
import signal
import socket
import subprocess

import pytest
from observer import Observer, cli
from shell import wait_until


def fronts_of(pid: int) -> list[int]:
    """Processes below `pid` that are a front."""
    found = subprocess.run(["pgrep", "-P", str(pid), "-f", "^nsobserver web-front "], capture_output=True, text=True, check=False)
    return [int(child) for child in found.stdout.split()]


def listeners(port: int) -> list[str]:
    return subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout.splitlines()


def front(observer) -> int:
    return wait_until(lambda: fronts_of(observer.process.pid), 10, "the front")[0]


def status(pid: int) -> dict[str, str]:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


@pytest.fixture(scope="module")
def observer():
    with Observer() as observer:
        yield observer


def test_it_holds_no_privilege(observer):
    pid = front(observer)
    told = status(pid)
    assert told["Uid"].split() == told["Gid"].split() == ["65534"] * 4 and told["Groups"].strip() == ""
    assert {told[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")
    # Of another user than its files in /proc: not dumpable.
    assert os.stat(f"/proc/{pid}/status").st_uid == 0
    assert os.stat(f"/proc/{pid}/fd").st_uid == 0


def test_it_holds_nothing_but_its_sockets(observer):
    wait_until(observer.is_ready, 10, "ready")
    links = {path.name: os.readlink(path) for path in pathlib.Path(f"/proc/{front(observer)}/fd").iterdir()}
    others = [link for number, link in links.items() if int(number) > 2 and not link.startswith(("socket:", "anon_inode:[eventfd]"))]
    assert others == [], "no file, no map or program of BPF, no database"


def test_another_takes_its_place(observer):
    before, pid = front(observer), observer.process.pid
    os.kill(before, signal.SIGKILL)
    after = wait_until(lambda: [new for new in fronts_of(pid) if new != before], 10, "another front")
    assert len(after) == 1
    wait_until(observer.is_ready, 10, "ready again")
    assert observer.process.poll() is None and observer.scrape().samples["nsobserver_build_info"]
    assert "the process that listens ended (killed by signal 9)" in observer.log.read_text()


def test_killed_again_and_again(observer):
    descriptors = len(os.listdir(f"/proc/{observer.process.pid}/fd"))
    threads = len(os.listdir(f"/proc/{observer.process.pid}/task"))
    for _ in range(5):
        before = front(observer)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: [new for new in fronts_of(observer.process.pid) if new != before], 10, "another front")
    wait_until(observer.is_ready, 10, "ready again")
    wait_until(lambda: len(os.listdir(f"/proc/{observer.process.pid}/fd")) <= descriptors + 2, 10, "no descriptor is left")
    wait_until(lambda: len(os.listdir(f"/proc/{observer.process.pid}/task")) <= threads, 10, "no thread is left")


def test_one_that_hangs_holds_up_nobody():
    with Observer() as observer:
        os.kill(front(observer), signal.SIGSTOP)
        with socket.create_connection(("127.0.0.1", observer.port), timeout=5) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            before = len(observer.events("--kind", "namespace_change"))
            subprocess.run(["unshare", "--uts", "true"], check=True)
            wait_until(lambda: len(observer.events("--kind", "namespace_change")) > before, 10, "it observes")
            code, seconds = observer.stop()
        assert code == 0 and seconds < 4
        assert listeners(observer.port) == []


def test_nothing_is_left_of_it():
    with Observer() as observer:
        pid = front(observer)
        observer.kill()
        observer.start()  # on the same port, at once
        assert front(observer) != pid
        code, _ = observer.stop()
        assert code == 0
        wait_until(lambda: not listeners(observer.port), 5, "nobody listens")
        cmdline = pathlib.Path(f"/proc/{pid}/cmdline")
        assert not cmdline.exists() or b"web-front" not in cmdline.read_bytes()  # perhaps a zombie, of init


def test_nobody_starts_one_by_hand():
    done = cli("web-front", "64", "5000", "", stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "by `nsobserver run`" in done.stderr, done
    assert "web-front" not in cli("--help").stdout


def test_pages_come_by_it(observer):
    wait_until(observer.is_ready, 10, "ready")
    with socket.create_connection(("127.0.0.1", observer.port), timeout=5) as client:
        for path in ("/", "/metrics", "/-/healthy", "/api/v1/status"):
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536)
            assert head.startswith(b"HTTP/1.1 200"), (path, head[:200])
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            got = len(head.partition(b"\r\n\r\n")[2])
            while got < length:
                got += len(client.recv(65536))
            assert got == length, path
