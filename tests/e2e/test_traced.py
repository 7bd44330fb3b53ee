"""The promise, held by strace: the observer writes nothing outside of its folder, and opens nothing of a
container but as userspace/snapshot/safe_file.h says."""

import json
import os
import pathlib
import signal
import subprocess
import time
import uuid

import pytest

from observer import BINARY, Observer, roots_of
from runtimes import engine
from shell import run, wait_until
from traced import Checker, calls, strace, violations

STATE = "/var/lib/x"
ROOT = "/srv/merged"

# Each would be somebody's exploit; the checker has to say so.
BAD = {
    "writes a file of the container":
        ['7 openat(AT_FDCWD</>, "/proc/99/root/etc/passwd", O_WRONLY) = 5</etc/passwd>'],
    "writes below the merged folder": [f'7 openat(AT_FDCWD</>, "{ROOT}/x", O_RDWR|O_CREAT, 0600) = 5<{ROOT}/x>'],
    "reads through the root's path": ['7 openat(AT_FDCWD</>, "/proc/99/root/etc/hosts", O_RDONLY|O_CLOEXEC) = 5</etc/hosts>'],
    "reads below the merged folder": [f'7 open("{ROOT}/etc/hosts", O_RDONLY) = 5<{ROOT}/etc/hosts>'],
    "follows links from the root":
        ['7 openat(AT_FDCWD</>, "/proc/99/root", O_RDONLY|O_PATH|O_CLOEXEC) = 5</>',
         '7 openat(5</>, "etc/hosts", O_RDONLY|O_CLOEXEC) = 6</etc/hosts>'],
    "without RESOLVE_IN_ROOT":
        ['7 openat(4</proc/99>, "root", O_RDONLY|O_PATH|O_CLOEXEC) = 5</>',
         '7 openat2(5</>, "etc", {flags=O_PATH, resolve=RESOLVE_CACHED}, 24) = 6</etc>'],
    "goes up": ['7 openat(4</proc/99>, "root", O_RDONLY|O_PATH) = 5</>',
                '7 openat(5</>, "..", O_RDONLY|O_PATH|O_NOFOLLOW) = 6</>'],
    "goes on by a link from what was safe":
        ['7 openat(4</proc/99>, "root", O_RDONLY|O_PATH) = 5</>',
         '7 openat(5</>, "etc", O_RDONLY|O_PATH|O_NOFOLLOW|O_CLOEXEC) = 6</etc>',
         '7 openat(6</etc>, "hosts", O_RDONLY) = 8</etc/hosts>'],
    "in a child that has the descriptor from its parent":
        ['7 openat(4</proc/99>, "root", O_RDONLY|O_PATH) = 5</>', '7 clone(child_stack=NULL, flags=SIGCHLD) = 8',
         '8 openat(5</>, "etc/hosts", O_RDONLY) = 6</etc/hosts>'],
    "in a thread, begun before its parent goes on":
        ['8 openat(4</proc/99>, "root", O_RDONLY|O_PATH <unfinished ...>',
         '7 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 8',
         '8 <... openat resumed>) = 5</>', '7 openat(5</>, "a/b", O_RDONLY) = 6</a/b>'],
    "lists a folder behind a link":
        ['7 openat(4</proc/99>, "root", O_RDONLY|O_PATH) = 5</>',
         '7 openat(5</>, "etc", O_RDONLY|O_DIRECTORY|O_CLOEXEC) = 6</etc>'],
    "opens the merged folder for reading": [f'7 openat(5</srv>, "merged", O_RDONLY|O_NOFOLLOW|O_CLOEXEC) = 6<{ROOT}>'],
    "opens the merged folder by a path with links": [f'7 open("{ROOT}", O_RDONLY|O_PATH|O_CLOEXEC) = 6<{ROOT}>'],
    "goes on from the merged folder":
        [f'7 openat(5</srv>, "merged", O_RDONLY|O_PATH|O_NOFOLLOW) = 6<{ROOT}>',
         f'7 openat(6<{ROOT}>, "etc/hosts", O_RDONLY) = 8<{ROOT}/etc/hosts>'],
    "may hang on a fifo":
        ['7 openat(4</proc/99>, "root", O_RDONLY|O_PATH) = 5</>',
         '7 openat(AT_FDCWD</>, "/proc/self/fd/5", O_RDONLY|O_CLOEXEC) = 6</>'],
    "makes a folder": ['7 mkdir("/tmp/x", 0700) = 0'],
    "tries to": ['7 mkdirat(AT_FDCWD</>, "/tmp/x", 0700) = -1 EACCES (Permission denied)'],
    "renames out of its folder": [f'7 rename("{STATE}/a", "/etc/a") = 0'],
    "leaves its folder by ..": [f'7 unlink("{STATE}/../y/z") = 0'],
    "mounts": ['7 mount("none", "/mnt", "tmpfs", 0, NULL) = 0'],
    "writes to a descriptor of elsewhere": ['7 write(9</etc/shadow>, "x", 1) = 1'],
    "writes procfs": ['7 openat(AT_FDCWD</>, "/proc/99/oom_score_adj", O_WRONLY) = 5</proc/99/oom_score_adj>'],
}

GOOD = [
    f'7 openat(AT_FDCWD</>, "{STATE}/timeline.db", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3<{STATE}/timeline.db>',
    f'7 pwrite64(3<{STATE}/timeline.db>, "a, \\") = 5", 9, 0) = 9', f'7 unlink("{STATE}/timeline.db-wal") = 0',
    '7 openat(AT_FDCWD</>, "/dev/null", O_RDWR|O_CLOEXEC) = 4</dev/null>', '7 mkdir("", 000) = -1 ENOENT (No such file)',
    '7 openat(4</proc/99>, "root", O_RDONLY|O_PATH|O_CLOEXEC) = 5</>',
    '7 openat2(5</>, "etc/hosts", {flags=O_RDONLY|O_CLOEXEC|O_PATH, resolve=RESOLVE_NO_MAGICLINKS|RESOLVE_IN_ROOT|RESOLVE_CACHED}, 24) = 6</etc/hosts>',
    '7 openat(5</>, "etc", O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_PATH) = 8</etc>',
    '7 openat(AT_FDCWD</>, "/proc/self/fd/6", O_RDONLY|O_NOCTTY|O_NONBLOCK|O_CLOEXEC) = 9</etc/hosts>',
    '7 close(5</>) = 0', '7 openat(AT_FDCWD</>, "/etc", O_RDONLY) = 5</etc>',
    '7 openat(5</etc>, "ssl/openssl.cnf", O_RDONLY) = 9</etc/ssl/openssl.cnf>',
    f'7 openat(5</srv>, "merged", O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_PATH) = 6<{ROOT}>',
    f'7 openat(6<{ROOT}>, ".", O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = 8<{ROOT}>',
    f'7 openat(8<{ROOT}>, "etc", O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_DIRECTORY) = 9<{ROOT}/etc>',
    f'7 openat2(4</>, "{ROOT}", {{flags=O_RDONLY|O_CLOEXEC|O_PATH, resolve=RESOLVE_NO_MAGICLINKS|RESOLVE_IN_ROOT|RESOLVE_CACHED}}, 24) = 6<{ROOT}>',
    '7 write(12<socket:[77]>, "x", 1) = 1', '7 openat(AT_FDCWD</>, "/proc/99/mountinfo", O_RDONLY) = 13</proc/99/mountinfo>',
]


@pytest.mark.parametrize("name", BAD)
def test_the_checker_can_fail(name):
    assert violations("\n".join(BAD[name]), state=STATE, roots=[ROOT]), name


def test_the_checker_lets_pass_what_is_right():
    assert violations("\n".join(GOOD), state=STATE, roots=[ROOT]) == []
    assert len(calls("\n".join(GOOD))) == len(GOOD), "each line is read"


class TracedObserver(Observer):
    """Observer.process is strace; the daemon is its child."""

    def command(self):
        self.trace = self.folder / "trace"
        return [*strace(self.trace), *super().command()]

    @property
    def daemon(self) -> int:
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(path.read_text().split()[0])

    def kill(self):
        os.kill(self.daemon, signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        os.kill(self.daemon, signal.SIGTERM)
        return self.process.wait(60), 0.0


def merged(podman, container) -> list[str]:
    """Where its files lie on the host."""
    found = podman.podman("inspect", "--format", "{{json .GraphDriver.Data}}", container.name).stdout
    return [word for word in found.replace('"', " ").replace(":", " ").split()
            if word.startswith("/") and word.endswith(("merged", "diff"))]


def snapshots(observer) -> set[str]:
    listed = observer.cli("snapshots", "list", "-o", "jsonl", "--limit", "0").stdout
    return {json.loads(line)["rule"] for line in listed.splitlines()}


def test_a_whole_run(images):
    """Failures of every sort that is looked into, a baseline, looks by hand, and the end of a container."""
    with engine("podman", images) as podman, \
            TracedObserver("--probes.files=on", *roots_of(podman)) as observer:
        web = podman.start(f"web-{uuid.uuid4().hex[:6]}", options=("--read-only",))
        roots = [str(podman.folder / "root"), *merged(podman, web)]
        wait_until(lambda: "baseline" in snapshots(observer), 120, "the baseline", interval=0.5)
        web.exec("/bin/nc", "127.0.0.1", "5432")
        web.exec("/bin/mkdir", "/x")
        web.exec("/bin/cat", "/run/nobody")
        run("nsenter", "-t", web.pid, "-n", "-m", "/bin/true")
        wanted = {"connect_failure", "file_failure", "namespace_entry", "baseline"}
        wait_until(lambda: wanted <= snapshots(observer), 120, "the looks", interval=0.5)
        by_hand = observer.folder / "by-hand"
        for words in (["snapshot", web.name], ["diagnose", web.name]):
            subprocess.run([*strace(by_hand.with_suffix("." + words[0])), BINARY, *words, "--storage.path",
                            str(observer.storage), *roots_of(podman)], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=120, check=False)
        observer.cli("findings", "--container", web.name)
        web.remove()
        wait_until(lambda: "container_end" in snapshots(observer), 120, "its end", interval=0.5)
        time.sleep(6)  # one round of the heartbeat more
        code, _ = observer.stop()
        assert code == 0, observer.log.read_text()

        checker = Checker(str(observer.storage), container_roots(roots), [str(observer.log)])
        assert checker.run(observer.trace.read_text()) == []
        assert checker.below_roots > 0, "nothing of the container was read: the test proves nothing"
        for words in ("snapshot", "diagnose"):
            hand = Checker(str(observer.storage), container_roots(roots), [])
            assert hand.run(by_hand.with_suffix("." + words).read_text()) == []
            assert hand.below_roots > 0


def container_roots(roots: list[str]) -> list[str]:
    """The folders of layers; podman's own state beside them is the host's and is read by its path."""
    out = [root for root in roots if root.endswith(("merged", "diff"))]
    assert out, f"podman tells no folder of the container: {roots}"
    return out
