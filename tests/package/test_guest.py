"""The package under a real systemd, on Debian's own kernel: installed, started, upgraded, hung, removed, purged (story.sh)."""

import contextlib
import datetime
import json
import pathlib
import re
import shutil
import tempfile
import warnings

import debian
import pytest
from guest import Guest, LockedUp

HERE = pathlib.Path(__file__).resolve().parent
UNIT = HERE.parents[1] / "deploy/systemd/nsobserver.service"
# include/uapi/linux/capability.h
NUMBER = {"CAP_DAC_READ_SEARCH": 2, "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SETPCAP": 8, "CAP_NET_ADMIN": 12, "CAP_SYS_PTRACE": 19,
          "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
FAILURE = "web (runc) cannot reach 127.0.0.1:9917: nothing listens there in its net namespace; nsobserver (pid "
MINUTES = 20  # it takes three or four


class Story:
    """What the guest left: text by the name of the question."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def __getitem__(self, name: str) -> str:
        return (self.folder / name).read_text(errors="replace")

    def done(self, name: str) -> str:
        """The output of what must have ended well."""
        text = self[name]
        assert text.endswith("exit 0\n"), f"{name}: {text}"
        return text.removesuffix("exit 0\n")

    def unit(self, name: str) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.done(name).splitlines())


@pytest.fixture(scope="module")
def story(package, next_package):
    """Told a second time if the emulated machine locks up, which has happened; where it was is in the log."""
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(told(package, next_package))
        except LockedUp as lockup:
            warnings.warn(f"the emulated machine locked up and is started anew: {lockup}", stacklevel=1)
            yield stack.enter_context(told(package, next_package))


@contextlib.contextmanager
def told(package, next_package):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-guest-", dir="/var/tmp"))
    try:
        guest = Guest(folder, debian.base(package))
        for name, file in (("first.deb", package), ("second.deb", next_package)):
            shutil.copy(file, folder / name)
            guest.give(folder / name)
        out = guest.tell(HERE / "story.sh", MINUTES * 60)
        assert (out / "times").is_file(), guest.console()
        print((out / "times").read_text())
        yield Story(out)
    finally:
        shutil.rmtree(folder)


def test_the_installation_starts_it(story):
    assert "Setting up nsobserver" in story.done("install")
    unit = story.unit("state")
    assert (unit["ActiveState"], unit["SubState"], unit["UnitFileState"]) == ("active", "running", "enabled")
    assert (unit["Type"], unit["WatchdogUSec"], unit["NRestarts"]) == ("notify", "1min", "0")
    assert unit["StatusText"] == "observing; metrics on 127.0.0.1:9917"
    assert story.done("ready").strip() == "ready", "dpkg -i returns when it observes"


def test_it_has_the_rights_of_the_unit_and_no_others(story):
    status = story.done("status")
    assert "NoNewPrivs:\t1" in status
    granted = re.search(r"^CapabilityBoundingSet=(.+)$", UNIT.read_text(), re.MULTILINE)[1].split()
    bounding = int(re.search(r"CapBnd:\s*(\w+)", status)[1], 16)
    assert bounding == sum(1 << NUMBER[name] for name in granted)
    assert int(re.search(r"CapEff:\s*(\w+)", status)[1], 16) & ~bounding == 0
    for line in story.done("unit_files").splitlines():
        mode, owner, _ = line.split(" ", 2)
        assert owner == "root" and mode in ("600", "700"), line


def test_debians_kernel_has_what_it_needs(story):
    assert story.done("kernel").startswith("6.1.")
    attached = set(re.findall(r'nsobserver_probe_info\{[^}]*source="(\w+)"[^}]*\} 1$', story.done("metrics"), re.MULTILINE))
    assert attached >= {"tcp_connect", "connect_return", "signal_generate", "oom_kill", "setns_return", "clone", "host_scan"}


def test_no_probe_is_called_silent(story):
    """The unit's own filters keep some of the deeds away by which the programs are tried."""
    tried = dict(re.findall(r'^nsobserver_probe_silent\{source="(\w+)"\} (\d)$', story.done("metrics_at_rest"), re.MULTILINE))
    assert tried.keys() >= {"tcp_connect", "connect_return", "setns_return", "unshare_return", "clone_failure", "clone"}
    assert {source for source, silent in tried.items() if silent == "1"} == set()


def test_it_names_the_failure_of_a_container(story):
    found = story.done("finding")
    assert "net-loopback      certain" in found and FAILURE in found


@pytest.mark.parametrize("clock", ["ahead", "behind", "woken"])
def test_a_clock_that_is_set_and_a_machine_that_slept(story, clock):
    """26 hours forward, 28 back, 40 seconds of suspend: the same daemon sees, tells, names and dates as before."""
    assert re.search(rf"net-loopback +certain .*{clock} \(runc\) cannot reach 127.0.0.1:9917", story.done(f"finding_{clock}"))
    [row] = [json.loads(line) for line in story.done(f"rows_{clock}").splitlines()]
    begin, end = (int(story[f"{word}_{clock}"]) for word in ("begin", "end"))
    when = datetime.datetime.fromisoformat(row["time"][:19] + "+00:00").timestamp()
    assert begin - 1 <= when <= end, "by the clock as it was then"
    assert row["container"]["name"] == clock and row["connect_failure"]["errno_name"] == "ECONNREFUSED"
    assert story.done(f"ready_{clock}").strip() == "ready"
    before, unit = story.unit("state"), story.unit(f"state_{clock}")
    assert (unit["ActiveState"], unit["MainPID"], unit["NRestarts"]) == ("active", before["MainPID"], "0")
    value = {name: float(number) for name, number in
             re.findall(r"^(nsobserver_\w+) ([\d.e+-]+)$", story.done(f"metrics_{clock}"), re.MULTILINE)}
    assert value["nsobserver_last_commit_age_seconds"] < 30
    assert value["nsobserver_storage_up"] == 1
    silent = re.findall(r"^nsobserver_probe_silent\{[^}]*\} (\d)$", story.done(f"metrics_{clock}"), re.MULTILINE)
    assert len(silent) > 10 and set(silent) == {"0"}
    lost = re.findall(r"^nsobserver_events_lost_total\{[^}]*\} (\d+)$", story.done(f"metrics_{clock}"), re.MULTILINE)
    assert len(lost) > 10 and set(lost) == {"0"}


def test_nothing_old_was_deleted_and_no_gap_was_made_up(story):
    assert int(story.done("suspended")) == 1
    assert story["gaps_of_the_clock"] == "nsobserver: no events match\nexit 1\n"
    rows = [json.loads(line) for line in story.done("all_of_the_clock").splitlines()]
    names = {row["container"]["name"] for row in rows if row["kind"] == "connect_failure" and row["container"]}
    assert names >= {"web", "ahead", "behind", "woken"}
    by_id = sorted(rows, key=lambda row: row["id"])
    told = [row["boot_ns"] for row in by_id if row["kind"] == "connect_failure" and row["container"]]
    assert told == sorted(told), "by the clock that nobody can set"


def test_reload_is_taken(story):
    story.done("reload")
    assert "reload: log.level changed" in story.done("journal")


def test_an_upgrade_starts_the_new_one_and_keeps_the_timeline(story):
    assert "Preparing to unpack" in story.done("upgrade")
    assert re.search(r"^Version: .*\+1$", story.done("version"), re.MULTILINE)
    unit = story.unit("state_after_upgrade")
    assert (unit["ActiveState"], unit["UnitFileState"]) == ("active", "enabled")
    assert unit["MainPID"] != story["pid_before_upgrade"].strip()
    assert story.done("conffile").strip() == "1"
    assert FAILURE in story.done("finding_after_upgrade")
    rows = [json.loads(line) for line in story.done("events").splitlines()]
    kinds = {row["kind"] for row in rows}
    assert {"connect_failure", "gap"} <= kinds, kinds


def test_what_hangs_is_started_anew(story):
    rest = story.unit("state_at_rest")
    assert (rest["ActiveState"], rest["WatchdogUSec"], rest["NRestarts"]) == ("active", "15s", "0")
    story.done("wait_for_watchdog")
    after = story.unit("state_after_watchdog")
    assert (after["ActiveState"], after["NRestarts"]) == ("active", "1")
    assert "Watchdog timeout" in story.done("journal")


def test_systemd_keeps_what_is_in_the_kernel(story):
    """Its store of descriptors, from one life to the next; not beyond the end for good."""
    assert int(story.done("held_at_rest")) > 50
    assert re.search(r'^nsobserver_handovers_total\{result="adopted"\} 1$', story.done("metrics_after_watchdog"), re.MULTILINE)
    gap = [json.loads(line)["gap"] for line in story.done("gaps").splitlines()][-1]
    assert (gap["part"], gap["cause"]) == ("reading", "crashed"), "killed by the watchdog, and nothing is missing"
    assert story.done("held_after_remove") == ""


def test_removal_keeps_what_purge_takes(story):
    story.done("remove")
    assert story["state_after_remove"].split() == ["inactive", "exit", "3"]
    assert len(story.done("left_after_remove").splitlines()) == 2
    story.done("purge")
    assert story.done("left_after_purge") == ""
    assert "no packages found" in story["status_after_purge"]
