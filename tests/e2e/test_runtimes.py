"""Three failures in real containers of every runtime, started before and after the observer."""

import uuid
from dataclasses import dataclass

import pytest

import namespaces
from expect import APPEARS_WITHIN, Deed, check_container, check_inside
from observer import Observer, roots_of
from runtimes import ENGINES, Container, Engine, engine
from shell import alive, wait_until

LIMIT = 32 << 20


@dataclass
class Scene:
    engine: Engine
    observer: Observer
    containers: dict[str, dict[str, Container]]  # when it was started -> what for


def start_containers(running: Engine, when: str) -> dict[str, Container]:
    mark = uuid.uuid4().hex[:6]
    return {
        "connect": running.start(f"connect-{when}-{mark}"),
        "signal": running.start(f"signal-{when}-{mark}"),
        "memory": running.start(f"memory-{when}-{mark}", memory=LIMIT),
    }


@pytest.fixture(scope="module", params=ENGINES)
def scene(request, images):
    with engine(request.param, images) as running:
        before = start_containers(running, "before")
        with Observer(*roots_of(running)) as observer:
            after = start_containers(running, "after")
            yield Scene(running, observer, {"before": before, "after": after})


@pytest.mark.parametrize("when", ["before", "after"])
def test_refused_connect(scene, when):
    container = scene.containers[when]["connect"]
    expected = namespaces.inodes(container.pid)
    deed = Deed(scene.observer, container.name, "connect_failure",
                "nsobserver_connect_failures_total", protocol="tcp", errno="ECONNREFUSED")
    inner = container.exec("/bin/sh", "-c", "echo $$; exec nc 127.0.0.1 9").stdout
    row = deed.one_row(lambda row: row["connect_failure"]["port"] == 9)
    deed.one_counted()

    check_inside(row, container, expected)
    assert row["process"]["comm"] == "nc"
    assert row["process"]["exe_args"] == "nc 127.0.0.1 9"
    assert row["process"]["uid"] == 0
    if inner:  # ctr has no output without a terminal
        assert row["process"]["ns_pid"] == int(inner)
    failure = row["connect_failure"]
    assert 0 < failure.pop("duration_ns") < 10**9
    assert failure.pop("source_port") > 0
    assert failure == {
        "protocol": "tcp", "family": "inet", "destination": "127.0.0.1", "port": 9, "path": None,
        "source": "127.0.0.1", "errno": 111, "errno_name": "ECONNREFUSED", "phase": "later",
        "destination_source": "socket"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_ignored_sigterm_then_sigkill(scene, when):
    container = scene.containers[when]["signal"]
    expected = namespaces.inodes(container.pid)
    deed = Deed(scene.observer, container.name, "signal", "nsobserver_signals_total",
                signal="SIGTERM", result="ignored")
    container.kill("TERM")
    row = deed.one_row(lambda row: row["signal"]["name"] == "SIGTERM")
    deed.one_counted()
    assert alive(container.pid)

    check_inside(row, container, expected)
    told = row["signal"]
    assert (told["signal"], told["result"], told["disposition"]) == (15, "ignored", "default")
    assert (told["by_kernel"], told["to_thread"]) == (False, False)
    sender = told["sender"]["container"]
    assert (sender and sender["runtime"]) == scene.engine.runs_in, "the runtime sent it, from outside"
    assert told["sender"]["process"]["pid"] not in (0, container.pid)
    check_container(told["target"]["container"], container)
    target = told["target"]["process"]
    assert (target["pid"], target["ns_pid"], target["comm"]) == (container.pid, 1, "sleep")

    deed = Deed(scene.observer, container.name, "signal", "nsobserver_signals_total",
                signal="SIGKILL", result="delivered")
    container.kill("KILL")
    wait_until(lambda: not alive(container.pid), 10, "the end of PID 1")
    row = deed.one_row(lambda row: row["signal"]["name"] == "SIGKILL")
    check_inside(row, container, expected)
    exits = wait_until(lambda: scene.observer.events("--container", container.name,
                                                     "--kind", "container_exit"),
                       APPEARS_WITHIN, "the container's end")
    assert len(exits) == 1
    assert exits[0]["container_exit"]["signal"] == "SIGKILL"
    assert exits[0]["container_exit"]["init"]["pid"] == container.pid


@pytest.mark.parametrize("when", ["before", "after"])
def test_memory_limit_kill(scene, when):
    container = scene.containers[when]["memory"]
    expected = namespaces.inodes(container.pid)
    deed = Deed(scene.observer, container.name, "oom_kill", "nsobserver_oom_kills_total",
                reason="cgroup")
    container.exec("/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1")
    row = deed.one_row(lambda row: True)
    deed.one_counted()

    check_inside(row, container, expected)
    kill = row["oom_kill"]
    assert kill["reason"] == "cgroup"
    assert kill["limit_bytes"] == LIMIT
    assert 0.9 * LIMIT < kill["usage_bytes"] <= LIMIT
    assert 0.3 * LIMIT < kill["anon_bytes"] <= LIMIT
    assert kill["victim_is_init"] is False
    assert kill["victim"]["process"] == row["process"]
    assert (row["process"]["comm"], kill["trigger"]["process"]["comm"]) == ("dd", "dd")
    assert row["process"]["ns_pid"] == kill["victim"]["ns_pid"] > 1
    assert kill["cgroup"].endswith(cgroup_leaf(container))


def cgroup_leaf(container: Container) -> str:
    with open(f"/proc/{container.pid}/cgroup") as file:
        return file.readline().strip().rpartition("/")[2]


def test_one_that_lives_50_ms_is_named(scene):
    name = scene.engine.run_once(f"brief-{uuid.uuid4().hex[:6]}", "/bin/sh", "-c",
                                 "nc 127.0.0.1 9; usleep 50000")
    rows = wait_until(lambda: scene.observer.events("--container", name, "--kind", "connect_failure"),
                      APPEARS_WITHIN, f"the refused connect of {name}")
    assert len(rows) == 1
    assert rows[0]["container"]["name"] == name
    assert rows[0]["container"]["runtime"] == scene.engine.runtime
    assert scene.observer.scrape().sum("nsobserver_connect_failures_total", container=name) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_listed_with_its_namespaces(scene, when):
    container = scene.containers[when]["memory"]
    expected = namespaces.inodes(container.pid)
    infos = scene.observer.scrape().matching("nsobserver_container_info", container=container.name)
    assert len(infos) == 1
    info = infos[0][0]
    assert (info["container_id"], info["runtime"]) == (container.id, scene.engine.runtime)
    assert {kind: int(info[f"{kind}ns"]) for kind in namespaces.KINDS} == expected
