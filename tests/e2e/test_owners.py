"""Owners of namespaces that are no containers, and processes that come in from outside."""

import contextlib
import os
import subprocess
import sys
import uuid

import namespaces
import pytest
from expect import APPEARS_WITHIN, Deed, check_container
from observer import Observer, roots_of
from runtimes import engine
from shell import run, wait_until

BUSYBOX = "/bin/busybox"


def connect_failures(observer, like):
    rows = wait_until(lambda: [r for r in observer.events("--kind", "connect_failure") if like(r)],
                      APPEARS_WITHIN, "the refused connect")
    assert len(rows) == 1, rows
    return rows[0]


@contextlib.contextmanager
def beside_observer(owner, made: str):
    """Both run; `made` says whether the owner was there first."""
    with contextlib.ExitStack() as stack:
        if made == "before":
            thing = stack.enter_context(owner)
            yield thing, stack.enter_context(Observer())
        else:
            observer = stack.enter_context(Observer())
            yield stack.enter_context(owner), observer


@pytest.mark.parametrize("made", ["before", "after"])
def test_ip_netns(made):
    owner = namespaces.net_namespace(f"blue-{uuid.uuid4().hex[:6]}")
    with beside_observer(owner, made) as (name, observer):
        run("ip", "netns", "exec", name, BUSYBOX, "nc", "127.0.0.1", "9", check=False)
        inode = os.stat(f"/run/netns/{name}").st_ino
        row = connect_failures(observer, lambda r: r["namespaces"]["net"] == inode)
        assert row["container"]["name"] == f"netns {name}"
        assert row["container"]["runtime"] == "netns"
        assert row["process"]["comm"] == "busybox"
        assert observer.scrape().sum("nsobserver_connect_failures_total",
                                     container=f"netns {name}", errno="ECONNREFUSED") == 1


HURRY = """
import ctypes, errno, os, socket
ctypes.CDLL(None).unshare(0x40000000)  # CLONE_NEWNET: without a route from now on
for _ in range(300):
    assert socket.socket().connect_ex(("192.0.2.1", 9)) == errno.ENETUNREACH
os.read(0, 1)
"""


def test_what_is_not_named_yet_is_not_the_hosts(observer):
    """A namespace counts from its first moment; nobody knows then whose it is."""
    unreachable = {"errno": "ENETUNREACH"}

    def failures(metrics, **labels) -> float:
        return metrics.sum("nsobserver_connect_failures_total", **labels, **unreachable)

    hosts = failures(observer.scrape(), container="host")
    for _ in range(3):
        before = failures(observer.scrape())
        with subprocess.Popen([sys.executable, "-c", HURRY], stdin=subprocess.PIPE) as hurried:
            def all_of_them(before=before) -> bool:
                metrics = observer.scrape()  # as often as it can: each of them checks the sums
                assert failures(metrics, container="host") == hosts
                assert failures(metrics) <= before + 300, "nothing twice"
                return failures(metrics) == before + 300

            wait_until(all_of_them, 20, "its failures", interval=0)
            hurried.communicate(b"x")
        assert hurried.returncode == 0
    owners = {labels["container"] for labels, value in observer.scrape().matching("nsobserver_connect_failures_total", **unreachable)
              if value == 300}
    assert len(owners) == 3, owners


@pytest.mark.parametrize("made", ["before", "after"])
def test_unshare(made):
    owner = namespaces.unshared("--net", "--mount", "--uts", "--ipc", "--pid", "--fork")
    with beside_observer(owner, made) as (pid, observer):
        inode = namespaces.inodes(pid)["net"]
        namespaces.loopback_up(pid)
        run("nsenter", "-t", pid, "-n", BUSYBOX, "nc", "127.0.0.1", "9", check=False)
        row = connect_failures(observer, lambda r: r["namespaces"]["net"] == inode)
        assert row["container"]["runtime"] == "unshare"
        assert row["container"]["name"]
        # Such an owner has no cgroup: who came in later can't be told from who was there.
        assert row["process"]["ns_pid"] == row["process"]["pid"], "nsenter -n stays in the host's pids"


def test_nsenter_into_a_container(images):
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer:
        web = podman.start(f"web-{uuid.uuid4().hex[:6]}")
        inodes = namespaces.inodes(web.pid)
        deed = Deed(observer, web.name, "connect_failure", "nsobserver_connect_failures_total",
                    errno="ECONNREFUSED")
        net_change = {"from": namespaces.inodes()["net"], "to": inodes["net"]}
        run("nsenter", "-t", web.pid, "-m", "-u", "-i", "-n", "-p", "/bin/nc", "127.0.0.1", "9",
            check=False)
        row = deed.one_row(lambda r: r["connect_failure"]["port"] == 9)
        check_container(row["container"], web)
        assert row["entered_from"]["name"] == "host"
        assert row["namespaces"] == inodes
        entered = wait_until(
            lambda: [r for r in observer.events("--kind", "namespace_change")
                     if r["process"]["comm"] == "nsenter"
                     and r["namespace_change"]["changes"].get("net") == net_change],
            APPEARS_WITHIN, "the setns of nsenter")
        assert len(entered) == 1
        assert entered[0]["namespace_change"]["operation"] == "setns"
        assert entered[0]["namespace_change"]["errno"] == 0
        check_container(entered[0]["namespace_change"]["target"], web)


def test_docker_that_hangs(images):
    with engine("docker", images) as docker:
        web = docker.start(f"web-{uuid.uuid4().hex[:6]}")
        docker.stop_daemon()
        with Observer(*roots_of(docker)) as observer:
            deed = Deed(observer, web.name, "connect_failure", "nsobserver_connect_failures_total",
                        errno="ECONNREFUSED")
            docker.exec_behind(web, "/bin/nc", "127.0.0.1", "9")
            row = deed.one_row(lambda r: r["connect_failure"]["port"] == 9)
            check_container(row["container"], web)
        docker.continue_daemon()


def test_pod_members_share_and_are_told_apart(images):
    with engine("podman", images) as podman:
        mark = uuid.uuid4().hex[:6]
        podman.make_pod(f"pod-{mark}")
        one = podman.start(f"one-{mark}", options=("--pod", f"pod-{mark}"))
        with Observer(*roots_of(podman)) as observer:
            two = podman.start(f"two-{mark}", options=("--pod", f"pod-{mark}"))
            for member in (one, two):
                deed = Deed(observer, member.name, "connect_failure",
                            "nsobserver_connect_failures_total", errno="ECONNREFUSED")
                member.exec("/bin/nc", "127.0.0.1", "9")
                check_container(deed.one_row(lambda r: True)["container"], member)
            shared = {kind for kind in namespaces.KINDS
                      if namespaces.inodes(one.pid)[kind] == namespaces.inodes(two.pid)[kind]}
            assert {"net", "ipc", "uts"} <= shared
            answer = observer.cli("compare", one.name, two.name, "-o", "json", *roots_of(podman))
            assert answer.returncode == 0, answer.stderr
