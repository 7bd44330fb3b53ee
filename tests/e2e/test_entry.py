"""Who came into a container: its own runtime or engine, or somebody else under whatever name."""

import json
import shutil
import time
import uuid

import pytest
from looks import of_another_observer
from observer import Observer, roots_of
from runtimes import engine
from shell import run, wait_until

RUNTIMES = ["runc", "crun", "podman", "docker", "containerd"]
APPEARS_WITHIN = 10


def entries(observer, container) -> list[dict]:
    """setns() into the container, without what was done before its first program ran."""
    rows = observer.events("--kind", "namespace_change")
    return [r for r in rows if r["namespace_change"]["operation"] == "setns"
            and (r["namespace_change"]["target"] or {}).get("id") == container.id
            and not r["namespace_change"].get("before_start")
            and not of_another_observer(observer, r["namespace_change"]["lineage"])]


def settled(observer, container, at_least: int) -> list[dict]:
    wait_until(lambda: len(entries(observer, container)) >= at_least, APPEARS_WITHIN, "the entry")
    time.sleep(0.3)
    return entries(observer, container)


def knows(observer, name: str) -> bool:
    return any(labels["container"] == name for labels, _ in observer.scrape().matching("nsobserver_container_info"))


def by(rows) -> set:
    return {row["namespace_change"].get("by") for row in rows}


def is_strangers(row, program) -> bool:
    change = row["namespace_change"]
    return change.get("by") == "stranger" and change["lineage"][0]["comm"] == program


@pytest.mark.parametrize("runtime, made", [(runtime, made) for runtime in RUNTIMES for made in ("after", "before")])
def test_entry(images, tmp_path, runtime, made):
    """`made`: whether the container is younger or older than the observer."""
    with engine(runtime, images) as running:
        web = running.start(f"web-{uuid.uuid4().hex[:6]}") if made == "before" else None
        with Observer(*roots_of(running)) as observer:
            web = web or running.start(f"web-{uuid.uuid4().hex[:6]}")
            wait_until(lambda: web.name in observer.cli("containers").stdout, APPEARS_WITHIN, "it")
            wait_until(lambda: knows(observer, web.name), APPEARS_WITHIN, "the daemon's own look, which may come later")
            before = len(entries(observer, web))
            assert web.exec("/bin/true").returncode == 0
            exec_rows = settled(observer, web, before + 1)
            assert by(exec_rows) == {"engine"}, exec_rows

            run("nsenter", "-t", web.pid, "-m", "-n", "-p", "/bin/true")
            rows = settled(observer, web, len(exec_rows) + 1)
            nsenters = rows[len(exec_rows):]
            assert all(is_strangers(r, "nsenter") for r in nsenters), nsenters
            assert nsenters[0]["namespace_change"]["lineage"][0]["exe_args"].startswith("nsenter -t")

            for name in ("runc", "conmon"):
                shutil.copy(shutil.which("nsenter"), tmp_path / name)
                run(tmp_path / name, "-t", web.pid, "-n", "/bin/true")
                seen, rows = len(rows), settled(observer, web, len(rows) + 1)
                assert all(is_strangers(r, name) for r in rows[seen:]), rows[seen:]


def ns_entries(observer) -> list[dict]:
    told = json.loads(observer.cli("findings", "--case", "ns-entry", "--limit", "0", "-o", "json").stdout or "[]")
    return [json.loads(observer.cli("findings", "show", str(f["id"]), "-o", "json").stdout)[0] for f in told]


def lengths_ns(finding) -> list[int]:
    return [e["value"] for e in finding["evidence"] if e["source"].endswith("/facts/duration_ns")]


def test_how_long_somebody_was_in(images):
    """Told as they come and as they go; counted once."""
    stay = 1.5
    with engine("runc", images) as runc, Observer(*roots_of(runc)) as observer:
        web = runc.start(f"web-{uuid.uuid4().hex[:6]}")
        wait_until(lambda: knows(observer, web.name), APPEARS_WITHIN, "it")
        run("nsenter", "-t", web.pid, "-n", "-u", "sleep", stay)

        def visits():
            return [f for f in ns_entries(observer) if f["container"]["name"] == web.name and f"sleep {stay}" in f["summary"]]

        wait_until(lambda: len(visits()) >= 2, APPEARS_WITHIN, "the entry, and its end")
        time.sleep(0.5)
        entry, end = sorted(visits(), key=lambda f: f["id"])
        assert lengths_ns(entry) == [] and " for " not in entry["summary"], entry
        assert stay <= lengths_ns(end)[0] / 1e9 < stay + 1, end
        assert f"entered net, uts of {web.name} (runc) for 1.5 s: nsenter -t" in end["summary"], end

        counted = sum(value for labels, value in observer.scrape().matching("nsobserver_findings_total")
                      if labels["case"] == "ns-entry")
        assert counted == sum(not lengths_ns(f) for f in ns_entries(observer)), "an end is no second one"


def test_health_check_is_the_engine(images):
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer:
        web = podman.start(f"web-{uuid.uuid4().hex[:6]}",
                           options=("--health-cmd", "/bin/true", "--health-interval", "disable"))
        podman.podman("healthcheck", "run", web.name)
        assert by(settled(observer, web, 1)) == {"engine"}


def test_a_privileged_container_is_a_stranger(images):
    """With the host's processes in view, started by the same engine from the same files."""
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer:
        web = podman.start(f"web-{uuid.uuid4().hex[:6]}")
        thief = podman.start(f"thief-{uuid.uuid4().hex[:6]}", options=("--privileged", "--pid=host"))
        assert thief.exec("/bin/nsenter", "-t", web.pid, "-n", "/bin/true").returncode == 0
        assert by(settled(observer, web, 1)) == {"stranger"}


@pytest.mark.parametrize("runtime", ["runc", "crun"])
def test_short_containers_are_named(images, runtime):
    """A hundred that live 50 ms each: their state may be gone before it can be read."""
    with engine(runtime, images) as running, Observer() as observer:
        names = [running.run_once(f"short{i}", "/bin/sleep", "0.05") for i in range(100)]

        def ended():
            rows = observer.events("--kind", "container_exit", "--since", "10m")
            return [r for r in rows if r["process"]["comm"] == "sleep"
                    and (r["process"]["exe_args"] or "").endswith("sleep 0.05")]

        rows = wait_until(lambda: len(found := ended()) >= len(names) and found, APPEARS_WITHIN,
                          "the ends of all")
        told = [row["container"]["name"] for row in rows]
        unknown = [name for name in told if name == "unknown"]
        wrong = [name for name in told if name not in names and name != "unknown"]
        assert not wrong and len(unknown) <= 2, (wrong, unknown)
        assert len(set(told)) == len(names)
