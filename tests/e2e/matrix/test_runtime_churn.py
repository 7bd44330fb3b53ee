"""Names that change hands: restarts, renames, a name that is used again, a thousand short lives."""

import contextlib
import itertools
import json
import math
import time

import pytest
from expect import APPEARS_WITHIN
from follower import Follower
from observer import Observer, roots_of_all
from park import Park, in_parallel
from shell import run, wait_until
from stage import WRITTEN_LATE

RESTART = ("runc", "crun", "podman", "docker", "lxc")
RENAME = ("podman", "docker")
STARTS, AT_LEAST, SECONDS = 1000, 300, 90  # so many, but after that time at least so many

ports = itertools.count(30000, 8)


@pytest.fixture(scope="module")
def park(images):
    with Park(images, RESTART) as running:
        assert running.failed == {}
        yield running


@pytest.fixture(scope="module")
def observer(park):
    with Observer(*roots_of_all(park.engines.values())) as running:
        yield running


@pytest.fixture
def told(observer):
    with Follower(observer, "--kind", "connect_failure") as follower:
        yield follower


def row_of(told: Follower, port: int) -> dict:
    row = told.wait(lambda row: row["connect_failure"]["port"] == port, 10)
    assert row, f"no row of the connect to {port}"
    assert row["arrived"] <= APPEARS_WITHIN
    return row


def container_of(told: Follower, port: int) -> dict:
    return row_of(told, port)["container"]


def start(engine, name: str, port: int):
    return engine.start(name, command=("/bin/toolbox", "knock", str(port)))


def listed(observer, *words) -> list[dict]:
    roots = [option for option in observer.options if option.startswith("--runtimes.")]
    return json.loads(observer.cli("containers", "-o", "json", *words, *roots).stdout)


@pytest.mark.parametrize("runtime", RESTART)
def test_a_restart_keeps_the_name(observer, park, told, runtime):
    port = next(ports)
    container = start(park.engines[runtime], f"again-{port}", port)
    row = row_of(told, port)
    first = row["container"]
    waited = row["arrived"] >= WRITTEN_LATE.get(runtime, math.inf)
    nameless = waited and first["name"] == f"unknown {first['id']}"
    assert nameless or (first["name"], first["id"]) == (container.name, container.id)
    old_pid = container.pid
    container.engine.again(container)
    assert container.pid != old_pid
    for knock in (1, 2):
        container.knock()
        shown = container_of(told, port + knock)
        assert (shown["name"], shown["id"]) == (container.name, container.id)
    mine = [shown for shown in listed(observer) if shown["id"] == container.id]
    assert [shown["init_pid"] for shown in mine] == [container.pid]
    # The second life connects to the first port again: that is its own start.
    container.remove()


@pytest.mark.parametrize("runtime", RENAME)
def test_a_new_name_is_used_at_once(observer, park, told, runtime):
    port = next(ports)
    container = start(park.engines[runtime], f"old-{port}", port)
    assert container_of(told, port)["name"] == f"old-{port}"
    container.engine.rename(container, f"new-{port}")
    renamed = time.monotonic()
    container.knock()
    at_once = container_of(told, port + 1)
    assert (at_once["name"], at_once["id"]) in {(f"old-{port}", container.id), (f"new-{port}", container.id)}
    time.sleep(max(0.0, APPEARS_WITHIN - (time.monotonic() - renamed)))
    container.knock()
    shown = container_of(told, port + 2)
    assert (shown["name"], shown["id"]) == (f"new-{port}", container.id)
    assert [shown["name"] for shown in listed(observer) if shown["id"] == container.id] == [f"new-{port}"]
    container.remove()


@pytest.mark.parametrize("runtime", RENAME)
def test_a_name_that_is_used_again_is_another_container(observer, park, told, runtime):
    name = f"reused-{next(ports)}"
    ids = []
    for _ in range(4):
        port = next(ports)
        container = start(park.engines[runtime], name, port)
        container.knock()
        for knock in (0, 1):
            shown = container_of(told, port + knock)
            assert (shown["name"], shown["id"]) == (name, container.id)
        ids.append(container.id)
        container.remove()
    assert len(set(ids)) == 4
    ended = wait_until(lambda: remembered(observer, name), 5, f"four ends of {name}")
    assert set(ended) == set(ids)


def remembered(observer, name: str) -> list[str] | None:
    found = [shown for shown in listed(observer, "--all") if shown["name"] == name]
    return [shown["id"] for shown in found] if all(s["state"] == "exited" for s in found) else None


@pytest.mark.parametrize("runtime", RESTART)
def test_the_dead_keep_their_names(observer, park, told, runtime):
    """What a container did is told under its name when it is gone, and its end is, too."""
    port = next(ports)
    container = start(park.engines[runtime], f"late-{port}", port)
    container_of(told, port)
    container.remove()
    ends = wait_until(lambda: observer.events("--container", container.name, "--kind", "container_exit"),
                      5, f"the end of {container.name}")
    assert [row["container"]["id"] for row in ends] == [container.id]
    ended = wait_until(lambda: [shown for shown in listed(observer, "--all")
                                if shown["id"] == container.id and shown["state"] == "exited"], 5,
                       f"{container.name} among those that ended")
    assert [shown["name"] for shown in ended] == [container.name]


def test_a_thousand_starts_never_a_wrong_name(observer, park):
    """Four at a time, each name four times in a row: who connected to which port is known."""
    runc = park.engines["runc"]
    deadline = time.monotonic() + SECONDS
    expected: dict[int, str] = {}

    def some(begin: int) -> None:
        for number in range(begin, begin + STARTS // 4):
            if time.monotonic() > deadline:
                return
            port = 20000 + number  # below the ephemeral ones: else one in some thousand connects to itself
            container_id, bundle = runc.bundle(f"brief-{begin}-{number // 4}", ("/bin/nc", "127.0.0.1", str(port)),
                                               None)
            log = bundle / "log"
            run("runc", "--log", log, "run", "--bundle", bundle, container_id, check=False)
            assert not log.exists() or not log.read_text(), log.read_text()
            expected[port] = container_id

    with Follower(observer, "--kind", "connect_failure") as told:
        in_parallel(some, range(0, STARTS, STARTS // 4))
        with contextlib.suppress(AssertionError):
            wait_until(lambda: len(rows_of(told, expected)) == len(expected), 10, "all of them")
        rows = rows_of(told, expected)
    assert [port for port in expected if port not in rows] == []
    assert len(expected) >= AT_LEAST
    shown = {port: (row["container"] or {}).get("id") for port, row in rows.items()}
    wrong = {port: (found, expected[port]) for port, found in shown.items() if found != expected[port]}
    print(f"{len(expected)} starts, slowest row after {max(row['arrived'] for row in rows.values()):.2f} s")
    assert wrong == {}


def rows_of(told: Follower, expected) -> dict[int, dict]:
    return {row["connect_failure"]["port"]: row
            for row in told.find(lambda row: row["connect_failure"]["port"] in expected)}
