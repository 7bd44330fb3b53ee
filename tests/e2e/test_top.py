"""nsobserver top at a terminal: a real daemon, failures of real containers, a person's keys through tmux."""

import os
import pathlib
import signal
import subprocess
import time
import uuid

import pytest
from observer import BINARY, Observer, cli, roots_of
from runtimes import engine
from shell import run, terminate, wait_until
from tmux import Terminal


@pytest.fixture(scope="module")
def scene(images):
    """A container with a failed connect and a finding, one that is well, one with a hostile program."""
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer:
        mark = uuid.uuid4().hex[:6]
        web = podman.start(f"web-{mark}")
        well = podman.start(f"well-{mark}")

        def found() -> bool:  # on a busy host a look may be left out: another failure asks for the next one
            web.exec("/bin/nc", "127.0.0.1", "5432")
            return "net-loopback" in observer.cli("findings", "--container", web.name).stdout

        wait_until(found, 120, "the finding", interval=2)
        yield observer, web, well


def top(observer, *words):
    return [BINARY, "top", "--storage.path", observer.storage, *words]


def line_of(screen: str, name: str) -> str:
    return next((line for line in screen.splitlines() if line[2:].startswith(name)), "")


def choose(terminal, name: str) -> None:
    """By the filter: other things may fail on this host meanwhile."""
    terminal.keys("/")
    terminal.type(name)
    terminal.keys("Enter")
    terminal.shows(f'filter "{name}"', f"> {name}")


def test_says_who_is_in_trouble_and_why(scene):
    observer, web, well = scene
    with Terminal(100, 30) as terminal:
        terminal.start(*top(observer))
        terminal.shows("daemon observes since", "in trouble")
        choose(terminal, well.name)
        screen = terminal.shows("nothing failed in the last 10m")
        words = line_of(screen, well.name).split()
        assert "running" in words and not {"wrong", "likely", "failing"} & set(words[:3]), words
        terminal.keys("Escape")
        wait_until(lambda: "hides" not in terminal.screen(), 10, "all of them")
        choose(terminal, web.name)
        screen = terminal.screen()
        words = line_of(screen, web.name).split()
        assert {"wrong", "likely"} & set(words[:3]) and "net-loopback:" in words, words
        screen = terminal.shows("127.0.0.1:5432 ECONNREFUSED", ", net-loopback: ", "evidence", "fix")
        order = [screen.index(label) for label in ("happened ", "wrong     ", "evidence", "fix  ", "entered ")]
        assert order == sorted(order), screen
        assert "net:" in screen[screen.index("happened "):]
        terminal.keys("q")
        assert terminal.code() == 0, terminal.errors()
        terminal.check_given_back()


def test_new_trouble_is_there_within_a_second(scene):
    observer, web, _ = scene
    with Terminal() as terminal:
        terminal.start(*top(observer))
        terminal.shows("daemon observes since")
        choose(terminal, web.name)
        port = 7001
        took = []
        for attempt in range(3):  # a loaded host may be late once
            web.exec("/bin/nc", "127.0.0.1", str(port + attempt))
            end = time.monotonic()
            terminal.shows(f"127.0.0.1:{port + attempt}")
            took.append(time.monotonic() - end)
        assert min(took) < 1, took


def test_detail_scrolls_and_resizes(scene):
    observer, web, _ = scene
    with Terminal() as terminal:
        terminal.start(*top(observer))
        terminal.shows("daemon observes since")
        choose(terminal, web.name)
        terminal.keys("Enter")
        terminal.shows(web.id[:40], "in        ", "mnt:", "Esc back")
        terminal.resize(140, 60)
        wide = terminal.shows("$ nsobserver findings show", "/trigger/events/0")
        assert len(wide.rstrip("\n").splitlines()) == 60, "the keys are on the last line"
        terminal.resize(60, 20)
        terminal.shows(f"container {web.name}", "Esc back")
        terminal.keys("G")
        wait_until(lambda: f"container {web.name}" not in terminal.screen(), 10, "the end of the page")
        terminal.keys("Escape")
        terminal.shows("CONTAINER", "TROUBLE")
        terminal.keys("?")
        terminal.shows("pause, and go on")
        terminal.keys("q", "q")
        assert terminal.code() == 0


def test_filter_sort_window_pause(scene):
    observer, web, well = scene
    with Terminal(100, 30) as terminal:
        terminal.start(*top(observer, "--since", "2h"))
        terminal.shows("last 2h", "sorted by trouble")
        choose(terminal, well.name)
        assert web.name not in terminal.screen()
        terminal.shows("nothing failed in the last 2h")
        terminal.keys("Escape")
        wait_until(lambda: "hides" not in terminal.screen(), 10, "all of them")
        terminal.keys("s")
        terminal.shows("sorted by last")
        terminal.keys("w")
        terminal.shows("last 6h")
        terminal.keys("p")
        terminal.shows("PAUSED at")
        web.exec("/bin/nc", "127.0.0.1", "7777")
        time.sleep(1.5)
        assert ":7777" not in terminal.screen()
        terminal.keys("p")
        choose(terminal, web.name)
        terminal.shows("127.0.0.1:7777")


def test_who_entered(scene):
    observer, _, well = scene
    run("nsenter", "-t", well.pid, "-n", "-m", "/bin/true")
    with Terminal(140, 40) as terminal:
        terminal.start(*top(observer))
        terminal.shows("daemon observes since")
        choose(terminal, well.name)
        screen = terminal.shows(f"nsenter -t {well.pid} -n -m", "from host")
        assert "entered" in line_of(screen, well.name)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSEGV])
def test_gives_the_terminal_back(scene, number):
    observer, _, _ = scene
    with Terminal() as terminal:
        terminal.start(*top(observer))
        terminal.shows("daemon observes since")
        assert (terminal.pane("alternate_on"), terminal.pane("cursor_flag")) == ("1", "0")
        os.kill(terminal.child(), number)
        assert terminal.code() == (128 + number if number == signal.SIGSEGV else 0)
        terminal.check_given_back()


def test_suspends_and_goes_on(scene):
    observer, _, _ = scene
    with Terminal() as terminal:
        terminal.keys("-l", " ".join(f"{k}={v}" for k, v in terminal.environment.items()) + " " +
                      " ".join(str(word) for word in top(observer)))
        terminal.keys("Enter")
        terminal.shows("daemon observes since")
        terminal.keys("C-z")
        terminal.shows("Stopped")
        assert (terminal.pane("alternate_on"), terminal.pane("cursor_flag")) == ("0", "1")
        terminal.keys("-l", "fg")
        terminal.keys("Enter")
        terminal.shows("daemon observes since", "q quit")
        terminal.keys("q")
        terminal.shows("shell>")


def test_a_container_cannot_steer_the_terminal(images, tmp_path):
    """Names of programs, of paths and of an owner of namespaces with escape sequences and turned-round text."""
    evil = "busybox\x1b[2J\x1b]2;owned\x07\u202ey"
    (tmp_path / evil).symlink_to(images.rootfs / "bin/busybox")
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer, Terminal(120, 30) as terminal:
        web = podman.start(f"web-{uuid.uuid4().hex[:6]}")
        web.exec("/bin/toolbox", "unix", f"/tmp/{evil}")
        web.exec("/bin/ln", "-s", "/bin/busybox", f"/tmp/{evil}")
        web.exec(f"/tmp/{evil}", "nc", "127.0.0.1", "9")
        owner = subprocess.Popen(["unshare", "-n", tmp_path / evil, "sh", "-c", "nc 127.0.0.1 9; exec sleep 1000"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            terminal.start(*top(observer))
            terminal.shows("daemon observes since")
            choose(terminal, web.name)
            terminal.shows("127.0.0.1:9", "busybox\\x1b[2J")
            terminal.keys("Enter")
            terminal.shows("Esc back", "busybox\\x1b[2J")
            terminal.keys("Escape", "Escape")
            terminal.shows("CONTAINER")
            terminal.keys("/")
            terminal.type(f"/{owner.pid}")
            terminal.shows(f"/{owner.pid}_", "> unshare busybox\\x1b[2J")
            assert "owned" not in terminal.pane("pane_title")
            assert "daemon observes since" in terminal.screen(), "nothing cleared it"
        finally:
            terminate(owner)


def test_works_while_the_daemon_is_down(images):
    with engine("runc", images) as runc, Observer(*roots_of(runc)) as observer, Terminal(120, 30) as terminal:
        web = runc.start(f"web-{uuid.uuid4().hex[:6]}")
        web.exec("/bin/nc", "127.0.0.1", "9")
        wait_until(lambda: observer.events("--container", web.name, "--kind", "connect_failure"), 20, "the row")
        terminal.start(*top(observer))
        terminal.shows("daemon observes since")
        choose(terminal, web.name)
        observer.process.send_signal(signal.SIGKILL)
        observer.process.wait(10)
        terminal.shows("DAEMON DOWN: no sign of it since", "nsobserver run", web.name, "running?")
        observer.start()
        terminal.shows("daemon observes since", web.name)
        observer.stop()
        terminal.shows("DAEMON DOWN: stopped at")
        terminal.keys("q")
        assert terminal.code() == 0


@pytest.mark.parametrize("environment, colour", [({"NO_COLOR": "1"}, False), ({}, True), ({"TERM": "vt100"}, False)])
def test_colour_and_without(scene, environment, colour):
    observer, web, _ = scene
    with Terminal(**environment) as terminal:
        terminal.start(*top(observer))
        terminal.shows("daemon observes since")
        choose(terminal, web.name)
        assert ("\x1b[31m" in terminal.screen(styled=True)) == colour


def test_without_utf8(scene):
    observer, web, _ = scene
    with Terminal(LANG="C", LC_ALL="C") as terminal:
        terminal.start(*top(observer))
        terminal.shows("daemon observes since")
        choose(terminal, web.name)
        assert terminal.screen().isascii()
        assert "~" in line_of(terminal.screen(), web.name), "where text was cut"


@pytest.mark.parametrize("term", ["dumb", "nonsense", ""])
def test_a_terminal_that_cannot(scene, term):
    observer, _, _ = scene
    with Terminal(TERM=term) as terminal:
        terminal.start(*top(observer))
        assert terminal.code() == 2
        assert len(terminal.errors().splitlines()) == 1
        assert f'TERM is "{term}"' in terminal.errors() and "try TERM=xterm-256color" in terminal.errors()


def test_not_a_terminal(tmp_path):
    result = cli("top", "--storage.path", tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1 and "nsobserver findings" in result.stderr


@pytest.mark.measuring
def test_costs_little_at_rest(scene):
    """CPU of ten seconds while nothing is typed, and memory."""
    observer, web, _ = scene
    with Terminal() as terminal:
        terminal.start(*top(observer))
        terminal.shows("daemon observes since")
        choose(terminal, web.name)
        pid = terminal.child()
        start = ticks(pid)
        time.sleep(10)
        cpu = (ticks(pid) - start) / os.sysconf("SC_CLK_TCK")
        resident = next(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                        if line.startswith("VmRSS:"))
        print(f"top at rest: {cpu * 10:.1f} % of a CPU, {resident / 1024:.0f} MiB")
        assert cpu < 0.5
        assert resident < 64 << 10


def ticks(pid: int) -> int:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
