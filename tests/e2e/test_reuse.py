"""Inodes of namespaces and pids come around again: nobody is given another one's name."""

import collections
import contextlib
import json
import os
import pathlib
import subprocess
import uuid

import cgroups
import pytest
from observer import Observer
from shell import run, wait_until

CHURN = pathlib.Path(__file__).resolve().parents[1] / "support/churn.c"
CYCLES = int(os.environ.get("NSOBS_REUSE_CYCLES", "100000"))
# On a machine that others use there are fewer cycles in it.
SECONDS = int(os.environ.get("NSOBS_REUSE_SECONDS", "90"))


@pytest.fixture(scope="module")
def churn(tmp_path_factory):
    program = tmp_path_factory.mktemp("churn") / "churn"
    run("cc", "-O1", "-Wall", "-Werror", "-o", program, CHURN)
    return program


@contextlib.contextmanager
def parent_cgroup():
    """A folder for cgroups in the hierarchy that names containers."""
    folder = cgroups.naming_hierarchy() / f"nsobs-reuse-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        cgroups.remove_tree(folder)


def verdict(row: dict, cycle: int, how: str) -> str:
    """Is the name that the row gives the right one, or none, or another one's?"""
    container = row["container"]
    scope = f"{cycle:064x}"
    if container is None:
        return "unknown"
    if container["runtime"] == "docker":
        right = container["id"] == scope
    else:
        right = container["name"].startswith(f"unshare cy{cycle}/")
    if how == "own" and row["entered_from"] is not None:
        right = False  # it was there from the start
    return "named" if right else "wrong"


def read_rows(observer: Observer, prefix: str):
    """(cycle, how, row) of each failed connect, out of the timeline as anybody would read it."""
    command = [*observer.command()[:1], "events", "--storage.path", str(observer.storage), "-o", "jsonl",
               "--limit", "0", "--kind", "connect_failure"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            row = json.loads(line)
            path = row["connect_failure"]["path"] or ""
            if path.startswith(prefix + "/"):
                cycle, how = path.removeprefix(prefix + "/").split("/")
                yield int(cycle), how, row


# With room for all of them, and with the usual room: names are then forgotten all the time. Owners
# without a pid namespace of their own are only found to be gone at a reconciliation.
@pytest.mark.parametrize(("options", "share", "named"), [(["--containers.max=1000000"], 1, 0.5),
                                                         ([], 0.1, 0.05)], ids=["room", "usual"])
def test_reused_inodes_and_pids_never_give_a_wrong_name(churn, options, share, named, capsys):
    prefix = f"/nsobs-reuse-{uuid.uuid4().hex[:8]}"
    cycles = int(CYCLES * share)
    # It goes on for longer than the observer's own budget would bear.
    with Observer("--budget.cpu-percent=0", *options) as observer, parent_cgroup() as folder:
        done = json.loads(run(churn, cycles, SECONDS, prefix, folder, timeout=SECONDS + 60).stdout)
        raised = done["owners"] + done["entered"]
        wait_until(lambda: observer.scrape().sum("nsobserver_events_recorded_total",
                                                 kind="connect_failure") >= raised,
                   60, f"{raised} failures on record", interval=0.5)
        counts = collections.Counter()
        wrong = []
        for cycle, how, row in read_rows(observer, prefix):
            what = verdict(row, cycle, how)
            counts[how, what] += row["count"]
            if what == "wrong":
                wrong.append((cycle, how, row["container"], row["entered_from"]))
        lost = observer.scrape().sum("nsobserver_events_lost_total")
    totals = collections.Counter()
    for (_, what), count in counts.items():
        totals[what] += count
    with capsys.disabled():
        print(f"\n{done['owners']} owners, {raised} failures: {totals['named']} named, "
              f"{totals['unknown']} unknown, {totals['wrong']} wrong; {dict(counts)}; {done}")
    assert wrong[:5] == []
    assert done["failed"] == 0
    assert (sum(totals.values()), lost) == (raised, 0)
    assert totals["named"] > raised * named, "unknown is an answer, but not the usual one"
    for kind in ("uts", "ipc"):
        assert done[kind]["reused"] > done[kind]["made"] / 4, f"{kind} namespaces: no reuse of inodes"
    if done["owners"] > int(pathlib.Path("/proc/sys/kernel/pid_max").read_text()) * 1.5:
        assert done["reused_pids"] > 0, "the pids did not come around"
