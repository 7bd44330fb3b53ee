"""nsobserver enter: host tools in the namespaces of a process that has no tools of its own."""

import json
import os
import subprocess
import uuid

import namespaces
import pytest
from observer import BINARY, Observer
from runtimes import engine
from shell import run, wait_until

RESOLVER = "nameserver 192.0.2.53\n"


def enter(*words, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(BINARY), "enter", *words], capture_output=True, text=True, timeout=60,
                          **options)


@pytest.fixture
def netns():
    name = f"enter-{uuid.uuid4().hex[:6]}"
    run("ip", "netns", "add", name)
    yield name
    run("ip", "netns", "del", name)


@pytest.fixture
def guest(tmp_path):
    """A process with namespaces and a resolv.conf of its own."""
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(RESOLVER)
    script = f"mount --bind {resolver} /etc/resolv.conf && echo ready && exec sleep 300"
    process = subprocess.Popen(["unshare", "-n", "-m", "-p", "-u", "-f", "--kill-child", "sh", "-c", script],
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    yield int(open(children).read().split()[0])
    process.kill()
    process.wait()


def test_only_what_was_asked_for(guest):
    own, theirs = namespaces.inodes(os.getpid()), namespaces.inodes(guest)
    for flags, kinds in (((), {"net"}), (("--net", "--uts"), {"net", "uts"}), (("--mnt",), {"mnt"})):
        result = enter(f"pid:{guest}", *flags, "--", "sh", "-c", "for k in net mnt uts user; do readlink /proc/self/ns/$k; done")
        assert result.returncode == 0, result.stderr
        for line in result.stdout.splitlines():
            kind, inode = line.rstrip("]").split(":[")
            assert int(inode) == (theirs if kind in kinds else own)[kind], line


def test_pid_namespace_is_for_the_command(guest):
    result = enter(f"pid:{guest}", "--pid", "--", "readlink", "/proc/self/ns/pid")
    assert result.stdout.strip() == f"pid:[{namespaces.inodes(guest)['pid']}]" or result.stdout == ""
    assert enter(f"pid:{guest}", "--pid", "--", "sh", "-c", "exit 5").returncode == 5


def test_the_code_of_the_command_comes_back(guest):
    target = f"pid:{guest}"
    assert enter(target, "--", "sh", "-c", "exit 42").returncode == 42
    assert enter(target, "--", "sh", "-c", "kill -TERM $$").returncode == 128 + 15
    assert enter(target, "--", "/nonexistent/tool").returncode == 127
    assert enter(target, "--", "/etc/passwd").returncode == 126
    assert enter("pid:2147483647", "--", "true").returncode == 1
    assert enter("no-such-container", "--", "true").returncode == 1


def test_dns_covers_the_hosts_file_for_the_command_alone(guest):
    before = open("/etc/resolv.conf").read()
    result = enter(f"pid:{guest}", "--dns", "--", "sh", "-c", "cat /etc/resolv.conf; ls /tmp | wc -l; touch /tmp/$0", f"seen-{guest}")
    assert result.stdout.startswith(RESOLVER), result.stderr
    assert open("/etc/resolv.conf").read() == before
    os.unlink(f"/tmp/seen-{guest}")  # /tmp was the host's again
    assert RESOLVER.strip() not in open("/proc/mounts").read()


def test_a_named_network_without_any_process(netns):
    result = enter(f"netns {netns}", "--", "ip", "-o", "link")
    assert result.returncode == 0, result.stderr
    assert [line.split()[1] for line in result.stdout.splitlines()][:1] == ["lo:"]
    assert enter(f"netns {netns}", "--mnt", "--", "true").returncode == 1


def test_who_may_not_is_told(guest):
    result = enter(f"pid:{guest}", "--", "true", user=65534)
    assert result.returncode == 3
    assert len(result.stderr.splitlines()) == 1, result.stderr


def test_each_use_is_recorded(guest):
    with Observer() as observer:
        result = enter(f"pid:{guest}", "--storage.path", str(observer.storage), "--", "sh", "-c", "exit 7")
        assert (result.returncode, result.stderr) == (7, "")
        rows = wait_until(lambda: observer.events("--kind", "entry"), 5, "the entry")
        entry = json.loads(json.dumps(rows[0]))["entry"]
        assert (entry["tool"], entry["kinds"], entry["exit_code"]) == ("nsobserver enter", ["net"], 7)
        assert entry["command"] == "sh -c exit 7"
        assert entry["duration_ns"] > 0
    result = enter(f"pid:{guest}", "--storage.path", str(observer.storage), "--", "true")
    assert result.returncode == 0
    assert "not in the timeline" in result.stderr


def test_the_owner_of_a_rootless_container_needs_no_sudo(images):
    """Of an ordinary user's own container: its network, in the user namespace that owns it, with tools and files of the host."""
    with engine("podman-rootless", images) as podman:
        container = podman.start(f"mine-{uuid.uuid4().hex[:6]}")
        theirs = namespaces.inodes(container.pid)
        for target in (container.name, f"pid:{container.pid}"):
            words = podman.user.command(BINARY, "enter", target, "--net", "--dns", "--", "sh", "-c",
                                        "readlink /proc/self/ns/net; readlink /proc/self/ns/pid; cat /etc/resolv.conf; ip -o link | wc -l")
            result = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
            assert result.returncode == 0, (target, result.stderr)
            net, pid, *rest = result.stdout.splitlines()
            assert net == f"net:[{theirs['net']}]" and pid != f"pid:[{theirs['pid']}]"
            assert any(line.startswith("nameserver") for line in rest)
        stranger = enter(f"pid:{container.pid}", "--net", "--", "true", user=65534)
        assert stranger.returncode == 3 and len(stranger.stderr.splitlines()) == 1, stranger
