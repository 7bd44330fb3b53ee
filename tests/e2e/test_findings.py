"""Looking inside by itself: containers that are gone at once, and the commands that look by hand."""

import json
import os
import pathlib
import signal
import time
import uuid

import pytest

from looks import entry_findings
from observer import Observer, roots_of
from runtimes import engine
from shell import wait_until

BRIEF = 100


def rows(observer, *words) -> list[dict]:
    result = observer.cli(*words, "-o", "jsonl", "--limit", "0")
    assert result.returncode in (0, 1), result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def record_of(observer, snapshot: int) -> dict:
    return json.loads(observer.cli("snapshots", "show", str(snapshot), "-o", "json").stdout)[0]


@pytest.mark.measuring
def test_a_container_that_is_gone_is_looked_into(images):
    """Each fails one connect and ends within milliseconds: its net namespace was held from its birth."""
    with engine("runc", images) as runc, Observer(*roots_of(runc)) as observer:
        for number in range(BRIEF):
            runc.run_once(f"brief{number}", "/bin/nc", "127.0.0.1", str(2000 + number))

        def looks():
            return [s for s in rows(observer, "snapshots", "list") if s["rule"] == "connect_failure"
                    and s["container"]["name"].startswith("brief")]

        wait_until(lambda: len(looks()) >= BRIEF, 20, "the snapshots", interval=0.2)
        records = [record_of(observer, look["id"]) for look in looks()]
        inside = [r for r in records if r.get("net", {}).get("inode") == r["trigger"]["events"][-1]["namespaces"]["net"]]
        assert len(records) == BRIEF
        assert len(inside) >= BRIEF - BRIEF // 100
        found = {f["container"]["name"] for f in rows(observer, "findings") if f["case"] == "net-loopback"}
        assert len(found) == BRIEF, "each under its own name"


def test_by_hand(images):
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer:
        name = f"web-{uuid.uuid4().hex[:6]}"
        web = podman.start(name, command=("/bin/toolbox", "serve", "0.0.0.0", "8080"))
        roots = roots_of(podman)

        taken = observer.cli("snapshot", name, "--ns", "net", "-o", "json", *roots)
        assert taken.returncode == 0, taken.stderr
        record = json.loads(taken.stdout)[0]
        listeners = [(one["address"], one["port"]) for one in record["net"]["listeners"]]
        assert ("0.0.0.0", 8080) in listeners
        assert "mnt" not in record, "only what was asked for"
        page = observer.cli("snapshot", name, "--ns", "net", *roots).stdout
        assert "8080" in page and "toolbox" in page

        stored = [s for s in rows(observer, "snapshots", "list") if not s["rule"]]
        assert len(stored) == 2, "by hand, through the daemon"
        diagnosed = observer.cli("diagnose", name, *roots)
        assert diagnosed.returncode in (0, 1), diagnosed.stderr
        assert web.name in diagnosed.stdout or "nothing wrong" in diagnosed.stdout

        baseline = wait_until(lambda: [s for s in rows(observer, "snapshots", "list")
                                       if s["rule"] == "baseline" and s["container"]["id"] == web.id],
                              20, "the baseline")
        assert baseline[0]["container"]["name"] == name
        entries = rows(observer, "findings", "--case", "ns-entry", "--container", name)
        assert entry_findings(observer, entries) == [], "a look is no entry"


def child_of(pid: int, name: str) -> int:
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == name:
            return int(child)
    raise AssertionError(f"{pid} has no child {name}")


def test_the_process_that_looks_is_replaced(images):
    restarts = "nsobserver_snapshot_helper_restarts_total"
    with engine("runc", images) as runc, Observer(*roots_of(runc)) as observer:
        web = runc.start(f"web-{uuid.uuid4().hex[:6]}")
        assert observer.scrape().sum(restarts) == 0
        zygote = child_of(observer.process.pid, "nsobs-zygote")
        time.sleep(1)  # it is not begun anew more often
        os.kill(child_of(zygote, "nsobs-snapshot"), signal.SIGKILL)
        web.exec("/bin/nc", "127.0.0.1", "4711")
        looks = wait_until(lambda: [s for s in rows(observer, "snapshots", "list")
                                    if s["rule"] == "connect_failure" and s["container"]["id"] == web.id],
                           30, "the look")
        record = record_of(observer, looks[0]["id"])
        assert "listeners" in record.get("net", {}), record
        assert observer.scrape().sum(restarts) == 1
        assert child_of(zygote, "nsobs-snapshot"), "by the same zygote"
