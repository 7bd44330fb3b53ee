"""Start, stop, reload and crash of the daemon."""

import signal
import time
import uuid

import namespaces
from expect import APPEARS_WITHIN, Deed
from load import connect_load
from observer import Observer, cli
from shell import run, wait_until
from wall import nanoseconds

MAY_BE_LOST_NS = 100_000_000


def destinations(observer) -> dict[str, dict]:
    """Rows of the load by address; others of the host connect to 127.0.0.1 too."""
    rows = observer.events("--kind", "connect_failure", "--since", "1h")
    return {row["connect_failure"]["destination"]: row for row in rows
            if row["connect_failure"]["port"] == 9
            and row["connect_failure"]["destination"] not in ("127.0.0.1", None)}


def gaps(observer, cause: str) -> list[dict]:
    return [row["gap"] for row in observer.events("--kind", "gap", "--since", "1h")
            if row["gap"]["cause"] == cause]


def test_sigterm_stops_cleanly(observer):
    code, seconds = observer.stop()
    assert code == 0, observer.log.read_text()
    assert seconds < 2
    stopped_ns = time.time_ns()
    observer.start()
    found = wait_until(lambda: gaps(observer, "stopped"), APPEARS_WITHIN, "the gap")
    assert len(found) == 1
    assert nanoseconds(found[0]["from"]) <= stopped_ns <= nanoseconds(found[0]["to"])


def test_sigint_stops_too(observer):
    observer.process.send_signal(signal.SIGINT)
    assert observer.process.wait(2) == 0


def test_sigterm_stops_within_two_seconds_under_load(observer):
    with connect_load() as done:
        wait_until(lambda: len(done) > 500, 60, "load")
        code, seconds = observer.stop()
    assert (code, seconds < 2) == (0, True), seconds


def test_kill_under_load_loses_nothing_committed(observer):
    with connect_load() as done:
        wait_until(lambda: len(done) > 1000, 60, "load")
        seen = destinations(observer)
        observer.process.kill()
        killed_ns = time.time_ns()
    observer.process.wait(10)
    after = destinations(observer)  # the command line needs no daemon
    assert seen and seen.items() <= after.items()
    due = [address for when, address, _ in done if when < killed_ns - MAY_BE_LOST_NS]
    assert len(due) > 500
    missing = [address for address in due if address not in after]
    assert missing == []

    observer.start()
    assert after.items() <= destinations(observer).items()
    found = wait_until(lambda: gaps(observer, "crashed"), APPEARS_WITHIN, "the gap")
    assert len(found) == 1
    begin, end = nanoseconds(found[0]["from"]), nanoseconds(found[0]["to"])
    assert killed_ns - 5 * 10**9 < begin <= killed_ns + 50_000_000
    assert end > killed_ns
    observer.scrape()


def test_killed_again_and_again(observer):
    """At random points of the writer's work, the storage opens each time and keeps its rows."""
    known = {}
    with connect_load(rate=3000) as done:
        for round_number in range(5):
            enough = len(done) + 150 + 97 * round_number
            wait_until(lambda: len(done) > enough, 60, "load")
            observer.kill()
            rows = destinations(observer)
            assert known.items() <= rows.items()
            known = rows
            observer.start()
    assert len(gaps(observer, "crashed")) == 5


def test_sighup_reloads(tmp_path):
    config = tmp_path / "nsobserver.yaml"
    config.write_text("signals:\n  told: [SIGTERM]\n")
    with Observer("--config", str(config)) as observer, \
            namespaces.unshared("--pid", "--fork", "--net") as pid:
        name = wait_until(lambda: container_of(observer, pid), APPEARS_WITHIN, "its name")
        labels = {"signal": "SIGUSR1", "result": "ignored"}
        silent = Deed(observer, name, "signal", "nsobserver_signals_total", **labels)
        run("kill", "-USR1", pid)
        silent.one_counted()
        config.write_text("signals:\n  told: [SIGUSR1]\n")
        observer.process.send_signal(signal.SIGHUP)

        def told():
            run("kill", "-USR1", pid)
            return silent.new_rows(lambda row: row["signal"]["name"] == "SIGUSR1")

        wait_until(told, 5, "SIGUSR1 told after the reload", interval=0.1)


def container_of(observer, pid: int) -> str | None:
    inode = str(namespaces.inodes(pid)["pid"])
    infos = observer.scrape().matching("nsobserver_container_info", pidns=inode)
    return infos[0][0]["container"] if infos else None


def test_a_bad_file_on_sighup_changes_nothing(tmp_path):
    config = tmp_path / "nsobserver.yaml"
    config.write_text("signals:\n  told: [SIGTERM]\n")
    with Observer("--config", str(config)) as observer:
        config.write_text("signals:\n  told: [SIGNONSENSE]\n")
        observer.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "SIGNONSENSE" in observer.log.read_text(), 5, "the complaint")
        assert f"{config}:2" in observer.log.read_text()
        observer.scrape()
        assert observer.stop()[0] == 0


def test_health_and_landing_page(observer):
    for path in ("/-/healthy", "/-/ready", "/"):
        run("curl", "-fsS", f"{observer.url}{path}")
    assert "/metrics" in run("curl", "-fsS", f"{observer.url}/").stdout


def test_two_observers_beside_each_other(observer):
    """Both see the same deed once: nothing is shared but the kernel."""
    with Observer() as other, namespaces.net_namespace(f"two-{uuid.uuid4().hex[:6]}") as name:
        run("ip", "netns", "exec", name, "/bin/busybox", "nc", "127.0.0.1", "9", check=False)
        for each in (observer, other):
            rows = wait_until(lambda: each.events("--container", f"netns {name}", "--kind",
                                                  "connect_failure"), APPEARS_WITHIN, "the row")
            assert len(rows) == 1


def test_version_and_help_need_no_rights():
    for words in (("--version",), ("--help",), ("run", "--help")):
        assert cli(*words).returncode == 0
    help_text = cli("run", "--help").stdout
    for option in ("--storage.path", "--web.listen-address", "--config", "--signals.told"):
        assert option in help_text
