"""What a program does with files, by strace, and whether it may: nothing is written outside of its own
folder, and below a container's root everything is opened as userspace/snapshot/safe_file.h says.

    log = tmp_path / "trace"
    run(*strace(log), BINARY, "snapshot", "web")
    assert violations(log.read_text(), state=folder, roots=["/.../merged"]) == []
"""

import os
import pathlib
import re
from dataclasses import dataclass, field

OPENS = ("open", "openat", "openat2", "creat")
WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile", "copy_file_range", "ftruncate",
          "fallocate", "fchmod", "fchown", "fsetxattr")
# Call -> which arguments are paths, each with the directory's descriptor before it if `at`.
CHANGES = {
    "mkdir": (0,), "rmdir": (0,), "unlink": (0,), "rename": (0, 1), "link": (1,), "symlink": (1,),
    "mknod": (0,), "chmod": (0,), "chown": (0,), "lchown": (0,), "truncate": (0,), "setxattr": (0,),
    "removexattr": (0,), "utime": (0,), "utimes": (0,),
    "mkdirat": (1,), "unlinkat": (1,), "renameat": (1, 3), "renameat2": (1, 3), "linkat": (3,),
    "symlinkat": (2,), "mknodat": (1,), "fchmodat": (1,), "fchownat": (1,), "utimensat": (1,),
    "mount": (1,), "umount2": (0,), "pivot_root": (0, 1), "chroot": (0,), "swapon": (0,), "acct": (0,),
}
FORKS = ("clone", "clone3", "fork", "vfork")
DESCRIPTORS = ("close", "dup", "dup2", "dup3", "fcntl", "close_range")
FATAL = ("move_mount", "open_tree")  # would put a mount somewhere

# What is written besides the state folder, and why.
ALLOWED = (
    r"/dev/null",  # standard streams of the zygote and the helper
    r"/dev/full",  # the heartbeat's deed for the write hook: it always fails
    r"(socket|pipe|anon_inode):.*",  # rings, queries, other processes of ours: no file
    r"/memfd:.*",  # memory with a descriptor
)

CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|\?)(.*)$", re.DOTALL)
UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$", re.DOTALL)
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$", re.DOTALL)
FD = re.compile(r"^(AT_FDCWD|-?\d+)(?:<(.*)>)?$", re.DOTALL)


def strace(log: pathlib.Path) -> list[str]:
    calls = (*OPENS, *WRITES, *CHANGES, *FORKS, *DESCRIPTORS, *FATAL)
    return ["strace", "-f", "-qq", "-y", "-s", "4096", "--seccomp-bpf", "-o", str(log), "-e",
            "trace=" + ",".join(f"?{call}" for call in calls)]


@dataclass
class Call:
    line: str
    pid: int
    name: str
    arguments: list[str]
    result: int
    behind: str  # the result's path, the errno


def split_arguments(text: str) -> list[str]:
    """At commas outside of strings, brackets and <...>."""
    parts, depth, quoted, start, i = [], 0, False, 0, 0
    while i < len(text):
        c = text[i]
        if quoted:
            i += c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c in "([{<":
            depth += 1
        elif c in ")]}>":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
        i += 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def calls(text: str) -> list[Call]:
    begun: dict[str, str] = {}
    found = []
    for line in text.splitlines():
        if match := UNFINISHED.match(line):
            begun[match[1]] = match[2]
            continue
        if match := RESUMED.match(line):
            line = f"{match[1]} {begun.pop(match[1], match[2] + '(')}{match[3]}"
        if match := CALL.match(line):
            result = -1 if match[4] == "?" else int(match[4])
            found.append(Call(line, int(match[1]), match[2], split_arguments(match[3]), result,
                              match[5].strip()))
    return found


def text_of(argument: str) -> str | None:
    match = re.match(r'^"(.*)"(\.\.\.)?$', argument, re.DOTALL)
    return match[1] if match else None


def safely(call: Call, path: str, flags: str, folder: bool = True) -> bool:
    """No link is followed out of the root, and nothing but a folder that is to be listed is opened for reading."""
    if call.name == "openat2":
        return all(word in flags for word in ("O_PATH", "RESOLVE_IN_ROOT", "RESOLVE_NO_MAGICLINKS"))
    if call.name != "openat" or "/" in path or path in ("", ".."):
        return False
    if folder and "O_DIRECTORY" in flags:  # copied_up.h; a fifo or a device is refused before it is opened
        return path == "." or "O_NOFOLLOW" in flags
    return "O_PATH" in flags and "O_NOFOLLOW" in flags


@dataclass
class Process:
    """What it holds of a container: descriptors of the root and of what was opened below it safely."""
    held: set[int] = field(default_factory=set)


class Checker:
    def __init__(self, state: str, roots: list[str], logs: list[str]):
        self.state, self.roots, self.logs = state.rstrip("/"), [r.rstrip("/") for r in roots], logs
        self.processes: dict[int, Process] = {}
        self.leader: dict[int, int] = {}
        self.wrong: list[str] = []
        self.below_roots = 0  # opens that were judged by the second rule

    def run(self, text: str) -> list[str]:
        everything = calls(text)
        for call in everything:  # a child's first line may stand before its parent's return
            if call.name in FORKS and call.result > 0 and "CLONE_THREAD" in call.line:
                self.leader[call.result] = call.pid
        for call in everything:
            self.check(call)
        return self.wrong

    def process(self, pid: int) -> Process:
        while pid in self.leader:
            pid = self.leader[pid]
        return self.processes.setdefault(pid, Process())

    def blame(self, call: Call, why: str) -> None:
        self.wrong.append(f"{why}: {call.line[:400]}")

    def check(self, call: Call) -> None:
        process = self.process(call.pid)
        if call.name in FORKS:
            if call.result > 0 and call.result not in self.leader:
                self.processes.setdefault(call.result, Process()).held |= process.held
        elif call.name in OPENS:
            self.check_open(call, process)
        elif call.name in CHANGES:
            self.check_change(call)
        elif call.name in WRITES:
            self.check_write(call)
        elif call.name in DESCRIPTORS:
            self.check_descriptor(call, process)
        elif call.name in FATAL and call.result >= 0:
            self.blame(call, "a mount is moved")

    # Descriptors

    def check_descriptor(self, call: Call, process: Process) -> None:
        if call.name == "close_range":
            first = int(FD.match(call.arguments[0])[1])
            process.held = {fd for fd in process.held if fd < first}
            return
        match = FD.match(call.arguments[0]) if call.arguments else None
        fd = int(match[1]) if match and match[1] != "AT_FDCWD" else -1
        if call.name == "close":
            process.held.discard(fd)
        elif call.result >= 0 and (call.name.startswith("dup") or "F_DUPFD" in call.line):
            process.held.discard(call.result)
            if fd in process.held:
                process.held.add(call.result)

    # Rule 1: nothing is written elsewhere

    def may_write(self, path: str) -> bool:
        if path == self.state or path.startswith(self.state + "/") or path in self.logs:
            return True
        return any(re.fullmatch(pattern, path) for pattern in ALLOWED)

    def check_change(self, call: Call) -> None:
        for index in CHANGES[call.name]:
            path = text_of(call.arguments[index]) if index < len(call.arguments) else None
            if path == "":
                continue  # names nothing: the heartbeat's deeds
            if path is None:
                self.blame(call, "a path that can't be read")
            elif not self.may_write(self.absolute(call, index, path)):
                self.blame(call, "changed outside of the state folder")

    def absolute(self, call: Call, index: int, path: str) -> str:
        if path.startswith("/"):
            return os.path.normpath(path)
        directory = FD.match(call.arguments[index - 1]) if index > 0 else None
        return os.path.normpath(os.path.join((directory and directory[2]) or "?", path))

    def check_write(self, call: Call) -> None:
        path = (FD.match(call.arguments[0]) or [None, None, None])[2]
        if path is not None and not self.may_write(path.removesuffix(" (deleted)")):
            self.blame(call, "written outside of the state folder")

    # Rule 2: below a container's root only as safe_file.h does it

    def check_open(self, call: Call, process: Process) -> None:
        at = call.name in ("openat", "openat2")
        path = text_of(call.arguments[1 if at else 0])
        flags = "O_CREAT|O_WRONLY" if call.name == "creat" else call.arguments[2 if at else 1]
        if path == "":
            return
        if path is None:
            self.blame(call, "a path that can't be read")
            return
        directory = FD.match(call.arguments[0]) if at else None
        fd = int(directory[1]) if directory and directory[1] != "AT_FDCWD" else None
        if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE", flags):
            if not self.may_write(self.absolute(call, 1 if at else 0, path)):
                self.blame(call, "opened for writing outside of the state folder")
        safe = self.judge_below_root(call, process, fd, path, flags)
        if call.result >= 0:
            process.held.discard(call.result)
            if safe:
                process.held.add(call.result)

    def judge_below_root(self, call: Call, process: Process, fd: int | None, path: str,
                         flags: str) -> bool:
        """True: what it opened is a container's, and opened as it should be."""
        if not path.startswith("/") and fd in process.held:
            self.below_roots += 1
            good = safely(call, path, flags)
            if not good:
                self.blame(call, "below a container's root by a way that it could turn")
            return good
        whole = self.absolute(call, 1 if call.name != "open" and call.name != "creat" else 0, path)
        if match := re.fullmatch(r"/proc/(?:self|thread-self|\d+)/fd/(\d+)", whole):
            if int(match[1]) in process.held:
                self.below_roots += 1
                if "O_NONBLOCK" not in flags or re.search(r"O_WRONLY|O_RDWR", flags):
                    self.blame(call, "a container's file opened so that it may hang or be written")
            return False  # to be read: nothing is opened below it
        if re.fullmatch(r"/proc/(?:self|\d+)(?:/task/\d+)?/root", whole):
            if "O_PATH" not in flags:
                self.blame(call, "a container's root opened for more than its name")
            return True
        if whole in self.roots and safely(call, "" if path.startswith("/") else path, flags, folder=False):
            self.below_roots += 1
            return True  # the folder itself, in the host's tree: only its name
        below = re.match(r"/proc/(?:self|\d+)(?:/task/\d+)?/root/", whole) or any(
            whole == root or whole.startswith(root + "/") for root in self.roots)
        if below:
            self.below_roots += 1
            self.blame(call, "below a container's root by its path")
        return False


def violations(text: str, *, state: str, roots: list[str] = (), logs: list[str] = ()) -> list[str]:
    return Checker(str(state), [str(r) for r in roots], [str(one) for one in logs]).run(text)
