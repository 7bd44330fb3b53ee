"""How a container looked when it became ready is evidence of what went wrong since."""

import json
import re
import uuid

from observer import Observer, roots_of
from runtimes import engine
from shell import run, wait_until


def rows(observer, *words) -> list[dict]:
    result = observer.cli(*words, "-o", "jsonl", "--limit", "0")
    assert result.returncode in (0, 1), result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def finding_of(observer, container, case: str) -> dict:
    found = wait_until(lambda: [f for f in rows(observer, "findings", "--case", case,
                                                "--container", container.id)], 30, case, interval=0.2)
    return json.loads(observer.cli("findings", "show", str(found[0]["id"]), "-o", "json").stdout)[0]


def route_is_taken(podman, observer) -> tuple[int, dict]:
    """Of a container of its own: the baseline's id, and the finding."""
    web = podman.start(f"web-{uuid.uuid4().hex[:6]}")
    baseline = wait_until(lambda: [s for s in rows(observer, "snapshots", "list")
                                   if s["rule"] == "baseline" and s["container"]["id"] == web.id],
                          60, "the baseline")[0]
    assert web.exec("/bin/ip", "route").stdout.startswith("default via ")
    run("nsenter", "-t", web.pid, "-n", "ip", "route", "del", "default")
    web.exec("/bin/nc", "-w", "1", "203.0.113.9", "443")
    return baseline["id"], finding_of(observer, web, "net-no-route")


def test_since_when_the_route_is_gone(images):
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer:
        for _ in range(3):  # an observer of somebody else's may come in, too, to look at the nsenter
            baseline, finding = route_is_taken(podman, observer)
            if "; nsobs-look (pid" not in finding["summary"]:
                break
        assert re.search(r"; since [0-9:]{8} UTC, when it had become ready: route default via [0-9.]+ "
                         r"dev eth0 is gone; nsenter \(pid \d+\) of the host came into its net namespace "
                         r"at [0-9:]{8} UTC \(nsenter -t \d+ -n ip route del default\)$",
                         finding["summary"]), finding["summary"]
        sources = {e["source"]: e["value"] for e in finding["evidence"]}
        assert sources["/changes/baseline"]["snapshot"] == baseline
        assert any(source.startswith("/changes/rows/") for source in sources)
        # All of it stands in the stored record: the same answer years later and elsewhere.
        replay = observer.cli("findings", "replay", str(finding["id"]))
        assert replay.returncode == 0, replay.stdout + replay.stderr
        page = observer.cli("snapshots", "show", str(finding["snapshot"])).stdout
        assert "route default via" in page and "is gone" in page


def test_nothing_is_said_where_nothing_changed(images):
    """A port where nobody ever listened: compared with the baseline, and no word of it."""
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer:
        web = podman.start(f"web-{uuid.uuid4().hex[:6]}")
        wait_until(lambda: [s for s in rows(observer, "snapshots", "list")
                            if s["rule"] == "baseline" and s["container"]["id"] == web.id], 60, "the baseline")
        web.exec("/bin/nc", "127.0.0.1", "4711")
        finding = finding_of(observer, web, "net-loopback")
        assert "since" not in finding["summary"]
        record = json.loads(observer.cli("snapshots", "show", str(finding["snapshot"]), "-o",
                                         "json").stdout)[0]
        assert record["changes"]["rows"] == []
