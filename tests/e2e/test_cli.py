"""The listings against what the kernel says, and their behaviour in a pipe and at a terminal."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
import time
import uuid

import namespaces
import pytest
from expect import check_container
from observer import BINARY, Observer, roots_of
from runtimes import engine
from shell import run, terminate, wait_until


@pytest.fixture(scope="module")
def scene(images):
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer:
        mark = uuid.uuid4().hex[:6]
        podman.make_pod(f"pod-{mark}")
        one = podman.start(f"one-{mark}", options=("--pod", f"pod-{mark}"))
        two = podman.start(f"two-{mark}", options=("--pod", f"pod-{mark}"))
        one.exec("/bin/nc", "127.0.0.1", "9")
        wait_until(lambda: observer.events("--container", one.name, "--kind", "connect_failure"), 1,
                   "a first row")
        yield podman, observer, one, two


def listing(scene, *words) -> list[dict]:
    podman, observer, _, _ = scene
    result = observer.cli(words[0], "-o", "jsonl", *words[1:], *roots_of(podman))
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_containers(scene):
    _, _, one, two = scene
    shown = {row["name"]: row for row in listing(scene, "containers")}
    for container in (one, two):
        row = shown[container.name]
        check_container(row, container)
        assert (row["state"], row["init_pid"]) == ("running", container.pid)
        assert row["namespaces"] == namespaces.inodes(container.pid)


def test_namespaces_agree_with_lsns(scene):
    _, _, one, two = scene
    ours = {(row["kind"], row["inode"]): row for row in listing(scene, "namespaces")}
    for container in (one, two):
        for kind, inode in namespaces.inodes(container.pid).items():
            assert (kind, inode) in ours
    truth = {(row["type"], int(row["ns"])) for row in json.loads(
        run("lsns", "-J", "-o", "NS,TYPE").stdout)["namespaces"]}
    stable = {entry for entry in truth if entry[1] in
              {*namespaces.inodes(one.pid).values(), *namespaces.inodes("self").values()}}
    assert stable <= ours.keys()


def test_namespaces_say_who_shares(scene):
    _, _, one, two = scene
    shared = namespaces.inodes(one.pid)["net"]
    row, = [row for row in listing(scene, "namespaces")
            if (row["kind"], row["inode"]) == ("net", shared)]
    assert {one.name, two.name} <= {owner["name"] for owner in row["owners"]}
    assert row["host"] is False
    own = namespaces.inodes(one.pid)["mnt"]
    row, = [row for row in listing(scene, "namespaces")
            if (row["kind"], row["inode"]) == ("mnt", own)]
    assert [owner["name"] for owner in row["owners"]] == [one.name]
    text = scene[1].cli("namespaces", *roots_of(scene[0])).stdout
    line, = [line for line in text.splitlines() if line.startswith("net ") and str(shared) in line]
    assert "shared by" in line and one.name in line and two.name in line


def test_compare_a_pod_s_containers(scene):
    podman, observer, one, two = scene
    answer = observer.cli("compare", one.name, two.name, "-o", "json", *roots_of(podman))
    assert (answer.returncode, answer.stderr) == (0, "")
    first, second = namespaces.inodes(one.pid), namespaces.inodes(two.pid)
    assert json.loads(answer.stdout)["namespaces"] == [
        {"kind": kind, "a": first[kind], "b": second[kind], "same": first[kind] == second[kind]}
        for kind in namespaces.KINDS]


def test_compare_unknown_target(scene):
    podman, observer, one, _ = scene
    answer = observer.cli("compare", one.name, "no-such-container", *roots_of(podman))
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "no-such-container" in answer.stderr


def test_events_filters(scene):
    _, observer, one, two = scene
    rows = observer.events("--container", one.name, "--kind", "connect_failure")
    assert len(rows) == 1
    check_container(rows[0]["container"], one)
    assert observer.events("--container", two.name, "--kind", "connect_failure") == []
    by_id = observer.events("--container", one.id[:12], "--kind", "connect_failure")
    assert by_id == rows
    by_netns = observer.events("--netns", str(rows[0]["namespaces"]["net"]), "--kind",
                               "connect_failure")
    assert by_netns == rows
    as_list = observer.cli("events", "-o", "json", "--container", one.name, "--kind",
                           "connect_failure").stdout
    assert json.loads(as_list) == rows
    assert observer.events("--container", one.name, "--until", rows[0]["time"], "--kind",
                           "oom_kill,signal") == []


def test_follow_shows_new_rows_within_a_second(scene):
    _, observer, one, _ = scene
    follower = subprocess.Popen(
        [BINARY, "events", "--storage.path", observer.storage, "--follow", "-o", "jsonl",
         "--kind", "connect_failure", "--container", one.name],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        time.sleep(0.2)  # there is no sign of life before the first row
        one.exec("/bin/nc", "127.0.0.1", "11")
        end = time.monotonic()
        while True:
            row = json.loads(follower.stdout.readline())
            if row["connect_failure"]["port"] == 11:
                break
        assert time.monotonic() - end < 1
    finally:
        terminate(follower)


def test_follow_shows_growth(scene):
    _, observer, one, _ = scene
    follower = subprocess.Popen(
        [BINARY, "events", "--storage.path", observer.storage, "--follow", "-o", "jsonl",
         "--kind", "connect_failure", "--container", one.name],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        time.sleep(0.2)
        one.exec("/bin/sh", "-c", "for i in 1 2 3 4 5; do nc 127.0.0.1 12; sleep 0.3; done")
        counts, ids = [], set()
        while not counts or counts[-1] < 5:
            row = json.loads(follower.stdout.readline())
            if row["connect_failure"]["port"] == 12:
                counts.append(row["count"])
                ids.add(row["id"])
        assert counts == sorted(set(counts)) and len(ids) == 1, (counts, ids)
    finally:
        terminate(follower)


def test_table_in_a_pipe_is_plain(scene):
    _, observer, one, _ = scene
    text = observer.cli("events", "--container", one.name).stdout
    assert one.name in text and "ECONNREFUSED" in text
    assert "\x1b" not in text


def test_table_at_a_terminal_is_coloured(scene):
    _, observer, one, _ = scene
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    process = subprocess.Popen([BINARY, "events", "--storage.path", observer.storage, "--container",
                                one.name], stdin=slave, stdout=slave, stderr=slave,
                               env={**os.environ, "TERM": "xterm-256color"})
    os.close(slave)
    text = b""
    while select.select([master], [], [], 10)[0]:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        text += chunk
    os.close(master)
    assert process.wait(10) == 0
    assert one.name.encode() in text
    assert b"\x1b[" in text


def test_doctor_names_every_source(scene):
    _, observer, _, _ = scene
    sources = {labels["source"] for labels, _ in observer.scrape().matching("nsobserver_probe_info")}
    text = run(BINARY, "doctor", check=False).stdout
    for source in sources:
        assert source in text
